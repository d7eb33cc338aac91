// Who reaches the pods, and how.
import { z } from 'zod';
import { about, annotationMap, duration, hostName, labelMap } from './fields.ts';

const annotations = () => annotationMap().optional().meta(about('outside', 'Annotations of the object.'));

/** Kubernetes' own shape, whose other fields the API server checks when the Service is applied. */
const servicePort = z.looseObject({
  name: z
    .string()
    .max(15)
    .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/),
  port: z.int().min(1).max(65_535),
});

export const service = z.object({
  port: z.int().min(1).max(65_535).default(80).meta(about('outside', 'Port of the Service for the application.')),
  ports: z
    .array(servicePort)
    .max(16)
    .optional()
    .meta(
      about('outside', 'More ports, as in a Service, of containers that podTemplate adds for one.', { by: 'name' }),
    ),
  type: z
    .enum(['ClusterIP', 'NodePort', 'LoadBalancer'])
    .default('ClusterIP')
    .meta(about('outside', 'Type of the Service.')),
  annotations: annotations(),
  sessionAffinity: z
    .enum(['None', 'ClientIP'])
    .optional()
    .meta(about('outside', 'Whether a client stays with one pod.')),
  trafficDistribution: z
    .enum(['PreferClose', 'PreferSameZone', 'PreferSameNode'])
    .optional()
    .meta(about('outside', 'Which pods are preferred. Default: all alike.')),
});

/** Kubernetes' own shape, which the API server checks when the object is applied. */
const peer = z.looseObject({});

export const networkPolicy = z.object({
  from: z
    .array(peer)
    .min(1)
    .max(32)
    .meta(
      about('outside', 'Who may reach the application, as in a NetworkPolicy. The admin port stays open.', 'atomic'),
    ),
});

const pathPrefix = () =>
  z.string().max(1_024).regex(/^\//).default('/').meta(about('outside', 'Only requests whose path begins so.'));

export const httpRoute = z.object({
  parentRefs: z
    .array(peer)
    .min(1)
    .max(8)
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
  annotations: annotations(),
});

export const monitoring = z.object({
  kind: z
    .enum(['PodMonitor', 'ServiceMonitor'])
    .default('PodMonitor')
    .meta(about('outside', 'What the Prometheus operator is given.')),
  interval: duration().default('30s').meta(about('outside', 'How often metrics are scraped.')),
  labels: labelMap().optional().meta(about('outside', 'Labels by which a Prometheus selects it.')),
});

export const ingress = z.object({
  className: z.string().min(1).max(253).optional().meta(about('outside', "Class. Default: the cluster's own.")),
  hosts: z
    .array(hostName())
    .min(1)
    .max(32)
    .meta(about('outside', 'Names under which the application is reached.', 'set')),
  path: pathPrefix(),
  tlsSecretName: z
    .string()
    .min(1)
    .max(253)
    .optional()
    .meta(about('outside', 'Secret with the certificate for all hosts. Without, there is no TLS.')),
  annotations: annotations(),
});
