// The ways to the Service from outside of the cluster: an Ingress, and a route of the Gateway API.
import { z } from 'zod';
import { about, hostName, portName, portNumber } from './fields.ts';
import { metadataFields } from './metadata.ts';

/** Kubernetes' own shape, which the API server checks when the object is applied. */
const raw = z.looseObject({});

const path = (description: string) =>
  z.string().max(1_024).regex(/^\//).default('/').meta(about('outside', description));

const pathType = () => z.enum(['Prefix', 'Exact', 'ImplementationSpecific']).optional();

const backendPort = z.object({
  name: portName().optional().meta({ description: 'Name of the port.' }),
  number: portNumber().optional().meta({ description: 'Number of the port, in place of its name.' }),
});

const ingressPath = z.object({
  path: z
    .string()
    .max(1_024)
    .regex(/^\//)
    .meta({ description: 'Path that is compared with that of a request, according to pathType.' }),
  pathType: pathType().meta({ description: 'How path is compared with the path of a request. Default: Prefix.' }),
  port: backendPort.optional().meta({ description: 'Port of the Service. Default: that of the application.' }),
});

const certificate = z.object({
  hosts: z
    .array(hostName())
    .max(64)
    .optional()
    .meta(about('outside', 'Host names that the certificate is used for. Default: those in the certificate.', 'set')),
  secretName: z.string().min(1).max(253).optional().meta({ description: 'Name of the Secret with the certificate.' }),
});

export const ingress = z.object({
  className: z
    .string()
    .min(1)
    .max(253)
    .optional()
    .meta(about('outside', 'Name of the IngressClass. Default: that of the cluster.')),
  hosts: z
    .array(hostName())
    .min(1)
    .max(64)
    .optional()
    .meta(about('outside', 'Host names of the application. Default: any name.', 'set')),
  path: path('Path of the requests that are routed to the application, according to pathType.'),
  pathType: pathType().meta(about('outside', 'How path is compared with the path of a request. Default: Prefix.')),
  paths: z
    .array(ingressPath)
    .min(1)
    .max(64)
    .optional()
    .meta(about('outside', 'Several paths for each host, in place of path and pathType.', 'atomic')),
  tlsSecretName: z
    .string()
    .min(1)
    .max(253)
    .optional()
    .meta(
      about('outside', 'Name of the Secret with the certificate for all hosts. Default: none, so there is no TLS.'),
    ),
  tls: z
    .array(certificate)
    .min(1)
    .max(64)
    .optional()
    .meta(about('outside', 'Certificates, as in an Ingress, in place of tlsSecretName.', 'atomic')),
  ...metadataFields('spec.ingress'),
});

export const httpRoute = z.object({
  parentRefs: z
    .array(raw)
    .min(1)
    .max(32)
    .meta(about('outside', 'Gateways that the route is attached to, as in an HTTPRoute.', 'atomic')),
  hostnames: z
    .array(hostName())
    .max(16)
    .optional()
    .meta(about('outside', "Host names of the application. Default: those of the gateways' listeners.", 'set')),
  path: path('Prefix of the path of the requests that are routed to the application.'),
  rules: z
    .array(raw)
    .min(1)
    .max(16)
    .optional()
    .meta(
      about(
        'outside',
        'Rules, as in an HTTPRoute, in place of path. A rule without backendRefs routes to the Service, unless it redirects.',
        'atomic',
      ),
    ),
  ...metadataFields('spec.httpRoute'),
});
