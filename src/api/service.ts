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
    .meta(about('outside', 'How long a client stays with one pod. Default: 10800.')),
});

export const service = z.object({
  port: portNumber().default(80).meta(about('outside', 'Port of the Service for the application.')),
  portName: portName().optional().meta(about('outside', 'Name of that port. Default: http.')),
  appProtocol: z
    .string()
    .max(253)
    .optional()
    .meta(about('outside', 'Application protocol of that port, such as kubernetes.io/h2c. Default: http.')),
  nodePort: portNumber().optional().meta(about('outside', 'Port on each node, for NodePort and LoadBalancer.')),
  ports: z
    .array(servicePort)
    .max(64)
    .optional()
    .meta(
      about('outside', 'More ports, as in a Service; for example those of containers that podTemplate adds.', {
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
    .meta(about('outside', 'Address of the Service; None for a headless one. It cannot be changed later.')),
  clusterIPs: z
    .array(address())
    .max(2)
    .optional()
    .meta(about('outside', 'Addresses of a dual-stack Service, the first the same as clusterIP.', 'atomic')),
  ipFamilies: z
    .array(z.enum(['IPv4', 'IPv6']))
    .max(2)
    .optional()
    .meta(about('outside', 'IP families, the first of which cannot be changed later.', 'atomic')),
  ipFamilyPolicy: z
    .enum(['SingleStack', 'PreferDualStack', 'RequireDualStack'])
    .optional()
    .meta(about('outside', 'Whether the Service has addresses of one IP family or of two.')),
  publishNotReadyAddresses: z
    .boolean()
    .optional()
    .meta(about('outside', 'Whether DNS and endpoints have pods that are not ready, too.')),
  sessionAffinity: z
    .enum(['None', 'ClientIP'])
    .optional()
    .meta(about('outside', 'Whether a client stays with one pod.')),
  sessionAffinityConfig: z
    .object({ clientIP: clientIp.optional().meta({ description: 'For sessionAffinity ClientIP.' }) })
    .optional()
    .meta({ description: 'How a client stays with one pod.' }),
  trafficDistribution: z
    .enum(['PreferClose', 'PreferSameZone', 'PreferSameNode'])
    .optional()
    .meta(about('outside', 'Which pods are preferred. Default: all alike.')),
  internalTrafficPolicy: z
    .enum(['Cluster', 'Local'])
    .optional()
    .meta(about('outside', 'Whether traffic from inside the cluster stays on its node.')),
  externalTrafficPolicy: z
    .enum(['Cluster', 'Local'])
    .optional()
    .meta(
      about('outside', 'Whether traffic from outside stays on the node where it arrives, with its source address.'),
    ),
  externalIPs: z
    .array(address())
    .max(64)
    .optional()
    .meta(about('outside', 'Addresses of nodes at which the Service is reached too, as in a Service.', 'set')),
  healthCheckNodePort: portNumber()
    .optional()
    .meta(about('outside', 'Port at which load balancers ask a node for pods, with externalTrafficPolicy Local.')),
  loadBalancerClass: z
    .string()
    .max(317)
    .optional()
    .meta(about('outside', 'Which implementation of load balancers. It cannot be changed later.')),
  loadBalancerIP: address()
    .optional()
    .meta(about('outside', 'Address of the load balancer, where its implementation takes one from here.')),
  loadBalancerSourceRanges: z
    .array(z.string().max(64))
    .max(256)
    .optional()
    .meta(about('outside', 'Networks that the load balancer lets in. Default: all.', 'set')),
  allocateLoadBalancerNodePorts: z
    .boolean()
    .optional()
    .meta(about('outside', 'Whether a LoadBalancer has ports on the nodes. Default: true.')),
});

export type ServiceSpec = z.output<typeof service>;
