// The ways to the Service from outside of the cluster: an Ingress, and a route of the Gateway API.
import { z } from 'zod';
import { about, hostName, portName, portNumber } from './fields.ts';
import { metadataFields } from './metadata.ts';

/** Kubernetes' own shape, which the API server checks when the object is applied. */
const raw = z.looseObject({});

const pathPrefix = () =>
  z.string().max(1_024).regex(/^\//).default('/').meta(about('outside', 'Only requests whose path begins so.'));

const pathType = () => z.enum(['Prefix', 'Exact', 'ImplementationSpecific']).optional();

const backendPort = z.object({
  name: portName().optional().meta({ description: 'Name of the port.' }),
  number: portNumber().optional().meta({ description: 'Number of the port, instead of its name.' }),
});

const ingressPath = z.object({
  path: z.string().max(1_024).regex(/^\//).meta({ description: 'Path of a request, as pathType takes it.' }),
  pathType: pathType().meta({ description: 'How paths are compared. Default: Prefix.' }),
  port: backendPort.optional().meta({ description: "Port of the Service. Default: the application's." }),
});

const certificate = z.object({
  hosts: z
    .array(hostName())
    .max(64)
    .optional()
    .meta(about('outside', 'Names that the certificate is for. Default: those of the certificate.', 'set')),
  secretName: z.string().min(1).max(253).optional().meta({ description: 'Secret with the certificate.' }),
});

export const ingress = z.object({
  className: z.string().min(1).max(253).optional().meta(about('outside', "Class. Default: the cluster's own.")),
  hosts: z
    .array(hostName())
    .min(1)
    .max(64)
    .optional()
    .meta(about('outside', 'Names under which the application is reached. Default: every name.', 'set')),
  path: pathPrefix(),
  pathType: pathType().meta(about('outside', 'How path is compared with the path of a request. Default: Prefix.')),
  paths: z
    .array(ingressPath)
    .min(1)
    .max(64)
    .optional()
    .meta(about('outside', 'Several paths, of each host, instead of path and pathType.', 'atomic')),
  tlsSecretName: z
    .string()
    .min(1)
    .max(253)
    .optional()
    .meta(about('outside', 'Secret with the certificate for all hosts. Without, there is no TLS.')),
  tls: z
    .array(certificate)
    .min(1)
    .max(64)
    .optional()
    .meta(about('outside', 'Certificates, as in an Ingress, instead of tlsSecretName.', 'atomic')),
  ...metadataFields('spec.ingress'),
});

export const httpRoute = z.object({
  parentRefs: z
    .array(raw)
    .min(1)
    .max(32)
    .meta(about('outside', 'Gateways, as in an HTTPRoute.', 'atomic')),
  hostnames: z
    .array(hostName())
    .max(16)
    .optional()
    .meta(
      about(
        'outside',
        "Names under which the application is reached. Default: those of the gateways' listeners.",
        'set',
      ),
    ),
  path: pathPrefix(),
  rules: z
    .array(raw)
    .min(1)
    .max(16)
    .optional()
    .meta(
      about(
        'outside',
        'Rules, as in an HTTPRoute, instead of path. A rule without backendRefs goes to the Service, unless it redirects.',
        'atomic',
      ),
    ),
  ...metadataFields('spec.httpRoute'),
});
