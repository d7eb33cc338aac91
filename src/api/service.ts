// The Service in front of the pods.
import { z } from 'zod';
import { about, portName, portNumber } from './fields.ts';
import { metadataFields } from './metadata.ts';

/** Kubernetes' own shape, whose other fields the API server checks when the Service is applied. */
const servicePort = z.looseObject({
  name: portName().meta({ description: 'Name of the port.' }),
  port: portNumber().meta({ description: 'Port of the Service.' }),
});

const address = (): z.ZodString => z.string().max(64);

const clientIp = z.object({
  timeoutSeconds: z
    .int()
    .min(1)
    .max(86_400)
    .optional()
    .meta(about('outside', 'Seconds for which a client is sent to the same pod. Default: 10800.')),
});

export const service = z.object({
  port: portNumber().default(80).meta(about('outside', 'Port of the Service for the application.')),
  portName: portName().optional().meta(about('outside', 'Name of that port. Default: http.')),
  appProtocol: z
    .string()
    .max(253)
    .optional()
    .meta(about('outside', 'Application protocol of that port, such as kubernetes.io/h2c. Default: http.')),
  nodePort: portNumber().optional().meta(about('outside', 'Port on each node, for types NodePort and LoadBalancer.')),
  ports: z
    .array(servicePort)
    .max(64)
    .optional()
    .meta(
      about('outside', 'Additional ports, as in a Service, for example those of containers that podTemplate adds.', {
        by: 'name',
      }),
    ),
  type: z
    .enum(['ClusterIP', 'NodePort', 'LoadBalancer'])
    .default('ClusterIP')
    .meta(about('outside', 'Type of the Service.')),
  ...metadataFields('spec.service'),
  clusterIP: address()
    .optional()
    .meta(about('outside', 'IP address of the Service; None for a headless Service. Immutable.')),
  clusterIPs: z
    .array(address())
    .max(2)
    .optional()
    .meta(about('outside', 'IP addresses of a dual-stack Service, the first of which is clusterIP.', 'atomic')),
  ipFamilies: z
    .array(z.enum(['IPv4', 'IPv6']))
    .max(2)
    .optional()
    .meta(about('outside', 'IP families of the Service. The first one is immutable.', 'atomic')),
  ipFamilyPolicy: z
    .enum(['SingleStack', 'PreferDualStack', 'RequireDualStack'])
    .optional()
    .meta(about('outside', 'Whether the Service has addresses of one IP family or of both.')),
  publishNotReadyAddresses: z
    .boolean()
    .optional()
    .meta(about('outside', 'Whether DNS and endpoints include pods that are not ready.')),
  sessionAffinity: z
    .enum(['None', 'ClientIP'])
    .optional()
    .meta(about('outside', 'Whether requests of a client are always sent to the same pod.')),
  sessionAffinityConfig: z
    .object({ clientIP: clientIp.optional().meta({ description: 'Settings for sessionAffinity ClientIP.' }) })
    .optional()
    .meta({ description: 'Settings of the session affinity.' }),
  trafficDistribution: z
    .enum(['PreferClose', 'PreferSameZone', 'PreferSameNode'])
    .optional()
    .meta(
      about(
        'outside',
        'Which pods are preferred for a request, such as those in the zone of the client. Default: none.',
      ),
    ),
  internalTrafficPolicy: z
    .enum(['Cluster', 'Local'])
    .optional()
    .meta(
      about('outside', 'Whether traffic from inside the cluster goes to all pods, or only to those on the same node.'),
    ),
  externalTrafficPolicy: z
    .enum(['Cluster', 'Local'])
    .optional()
    .meta(
      about(
        'outside',
        'Whether traffic from outside the cluster goes to all pods, or only to those on the node where it arrives, which preserves its source address.',
      ),
    ),
  externalIPs: z
    .array(address())
    .max(64)
    .optional()
    .meta(about('outside', 'IP addresses at which nodes accept traffic for the Service as well.', 'set')),
  healthCheckNodePort: portNumber()
    .optional()
    .meta(
      about('outside', 'Port at which load balancers check whether a node has pods, with externalTrafficPolicy Local.'),
    ),
  loadBalancerClass: z
    .string()
    .max(317)
    .optional()
    .meta(about('outside', 'Class of the load balancer implementation. Immutable.')),
  loadBalancerIP: address()
    .optional()
    .meta(about('outside', 'IP address of the load balancer, if its implementation supports the field.')),
  loadBalancerSourceRanges: z
    .array(z.string().max(64))
    .max(256)
    .optional()
    .meta(
      about('outside', 'Networks, in CIDR notation, that the load balancer accepts traffic from. Default: all.', 'set'),
    ),
  allocateLoadBalancerNodePorts: z
    .boolean()
    .optional()
    .meta(about('outside', 'Whether node ports are allocated for type LoadBalancer. Default: true.')),
});

export type ServiceSpec = z.output<typeof service>;
