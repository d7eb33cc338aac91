// Every field of the children, in Kubernetes' words, and where an AppServer says it, or why it does not. A path covers what is
// below it. The page docs/kubernetes-fields.md is made from this; e2e/faults/kubernetes-fields.test.ts holds it against the
// API server's own schemas.

interface Place {
  /** Of the child, `[]` for the items of a list: `spec.tls[].hosts`. */
  readonly path: string;
}

/** A field that an AppServer has, and an example of it. */
export interface Reachable extends Place {
  /** Below spec: `service.externalTrafficPolicy`. */
  readonly field: string;
  readonly value: unknown;
  /** What the child has then, where that is not the same. */
  readonly gives?: unknown;
  /** Of the spec, what the value needs beside it. */
  readonly with?: object;
}

/** A field that no AppServer sets, and why. */
interface Excluded extends Place {
  readonly reason: string;
}

export type KubernetesField = Reachable | Excluded;

const metadata = (field: string, rest: object = {}): Reachable[] => [
  { path: 'metadata.labels', field: `${field}.labels`, value: { team: 'web' }, with: rest },
  { path: 'metadata.annotations', field: `${field}.annotations`, value: { note: 'x' }, with: rest },
];

const selector = "set by the operator: it selects the AppServer's pods";
const loadBalancer = { service: { type: 'LoadBalancer' } };
const local = { service: { type: 'LoadBalancer', externalTrafficPolicy: 'Local' } };

const service: readonly KubernetesField[] = [
  ...metadata('service'),
  { path: 'spec.type', field: 'service.type', value: 'NodePort' },
  { path: 'spec.selector', reason: selector },
  { path: 'spec.externalName', reason: 'only for a Service without pods' },
  { path: 'spec.ports[].port', field: 'service.port', value: 8_080 },
  { path: 'spec.ports[].name', field: 'service.portName', value: 'grpc' },
  { path: 'spec.ports[].appProtocol', field: 'service.appProtocol', value: 'kubernetes.io/h2c' },
  { path: 'spec.ports[].nodePort', field: 'service.nodePort', value: 30_123, with: { service: { type: 'NodePort' } } },
  {
    path: 'spec.ports[].protocol',
    reason: 'TCP for the application; for additional ports, set it in spec.service.ports',
  },
  {
    path: 'spec.ports[].targetPort',
    reason: 'the port of the application or of nginx; for additional ports, set it in spec.service.ports',
  },
  { path: 'spec.clusterIP', field: 'service.clusterIP', value: 'None' },
  { path: 'spec.clusterIPs', field: 'service.clusterIPs', value: ['None'], with: { service: { clusterIP: 'None' } } },
  { path: 'spec.ipFamilies', field: 'service.ipFamilies', value: ['IPv4'] },
  { path: 'spec.ipFamilyPolicy', field: 'service.ipFamilyPolicy', value: 'PreferDualStack' },
  { path: 'spec.publishNotReadyAddresses', field: 'service.publishNotReadyAddresses', value: true },
  { path: 'spec.sessionAffinity', field: 'service.sessionAffinity', value: 'ClientIP' },
  {
    path: 'spec.sessionAffinityConfig.clientIP.timeoutSeconds',
    field: 'service.sessionAffinityConfig.clientIP.timeoutSeconds',
    value: 600,
    with: { service: { sessionAffinity: 'ClientIP' } },
  },
  { path: 'spec.trafficDistribution', field: 'service.trafficDistribution', value: 'PreferClose' },
  { path: 'spec.internalTrafficPolicy', field: 'service.internalTrafficPolicy', value: 'Local' },
  {
    path: 'spec.externalTrafficPolicy',
    field: 'service.externalTrafficPolicy',
    value: 'Local',
    with: { service: { type: 'NodePort' } },
  },
  { path: 'spec.externalIPs', field: 'service.externalIPs', value: ['192.0.2.1'] },
  { path: 'spec.healthCheckNodePort', field: 'service.healthCheckNodePort', value: 30_124, with: local },
  { path: 'spec.loadBalancerClass', field: 'service.loadBalancerClass', value: 'example.com/lb', with: loadBalancer },
  { path: 'spec.loadBalancerIP', field: 'service.loadBalancerIP', value: '192.0.2.1', with: loadBalancer },
  {
    path: 'spec.loadBalancerSourceRanges',
    field: 'service.loadBalancerSourceRanges',
    value: ['192.0.2.0/24'],
    with: loadBalancer,
  },
  {
    path: 'spec.allocateLoadBalancerNodePorts',
    field: 'service.allocateLoadBalancerNodePorts',
    value: false,
    with: loadBalancer,
  },
];

const otherBackend = "an AppServer's Ingress leads to its own Service; for other backends, create a separate Ingress";
const backend = 'spec.rules[].http.paths[].backend';
const ingress: readonly KubernetesField[] = [
  ...metadata('ingress'),
  { path: 'spec.ingressClassName', field: 'ingress.className', value: 'internal' },
  { path: 'spec.defaultBackend', reason: 'an Ingress without spec.ingress.hosts serves every host name' },
  { path: 'spec.rules[].host', field: 'ingress.hosts', value: ['shop.example.com'], gives: 'shop.example.com' },
  {
    path: 'spec.rules[].http.paths[].path',
    field: 'ingress.paths',
    value: [{ path: '/shop' }],
    gives: '/shop',
  },
  {
    path: 'spec.rules[].http.paths[].pathType',
    field: 'ingress.paths',
    value: [{ path: '/', pathType: 'Exact' }],
    gives: 'Exact',
  },
  { path: `${backend}.resource`, reason: otherBackend },
  { path: `${backend}.service.name`, reason: otherBackend },
  {
    path: `${backend}.service.port.name`,
    field: 'ingress.paths',
    value: [{ path: '/', port: { name: 'grpc' } }],
    gives: 'grpc',
  },
  {
    path: `${backend}.service.port.number`,
    field: 'ingress.paths',
    value: [{ path: '/', port: { number: 9_090 } }],
    gives: 9_090,
  },
  {
    path: 'spec.tls[].hosts',
    field: 'ingress.tls',
    value: [{ hosts: ['shop.example.com'], secretName: 'shop' }],
    gives: ['shop.example.com'],
  },
  { path: 'spec.tls[].secretName', field: 'ingress.tls', value: [{ secretName: 'shop' }], gives: 'shop' },
];

const parentRefs = [{ name: 'public' }];
const httpRoute: readonly KubernetesField[] = [
  ...metadata('httpRoute', { httpRoute: { parentRefs } }),
  { path: 'spec.parentRefs', field: 'httpRoute.parentRefs', value: parentRefs },
  {
    path: 'spec.hostnames',
    field: 'httpRoute.hostnames',
    value: ['shop.example.com'],
    with: { httpRoute: { parentRefs } },
  },
  {
    path: 'spec.rules',
    field: 'httpRoute.rules',
    value: [{ timeouts: { request: '10s' }, backendRefs: [{ name: 'shop', port: 80 }] }],
    with: { httpRoute: { parentRefs } },
  },
];

const scaled = { autoscaling: { maxReplicas: 9 } };
const metric = { type: 'External', external: { metric: { name: 'queue' }, target: { type: 'Value', value: '30' } } };
const horizontalPodAutoscaler: readonly KubernetesField[] = [
  ...metadata('autoscaling', scaled),
  { path: 'spec.scaleTargetRef', reason: "always the AppServer's Deployment" },
  { path: 'spec.minReplicas', field: 'autoscaling.minReplicas', value: 3, with: scaled },
  { path: 'spec.maxReplicas', field: 'autoscaling.maxReplicas', value: 9 },
  {
    path: 'spec.metrics',
    field: 'autoscaling.metrics',
    value: [metric],
    with: { autoscaling: { maxReplicas: 9, cpuUtilization: 0 } },
  },
  {
    path: 'spec.behavior',
    field: 'autoscaling.behavior',
    value: { scaleDown: { stabilizationWindowSeconds: 60 } },
    with: scaled,
  },
];

const podDisruptionBudget: readonly KubernetesField[] = [
  ...metadata('disruption'),
  { path: 'spec.selector', reason: selector },
  { path: 'spec.minAvailable', field: 'disruption.minAvailable', value: '50%' },
  { path: 'spec.maxUnavailable', field: 'disruption.maxUnavailable', value: 2 },
  {
    path: 'spec.unhealthyPodEvictionPolicy',
    field: 'disruption.unhealthyPodEvictionPolicy',
    value: 'IfHealthyBudget',
  },
];

const serviceAccount: readonly KubernetesField[] = [
  ...metadata('serviceAccount'),
  { path: 'imagePullSecrets', field: 'serviceAccount.imagePullSecrets', value: [{ name: 'registry' }] },
  {
    path: 'automountServiceAccountToken',
    reason: 'always false; spec.automountServiceAccountToken sets it for the pods',
  },
  { path: 'secrets', reason: "Kubernetes' own list of token Secrets, which nothing writes anymore" },
];

const rollingUpdate = 'spec.strategy.rollingUpdate';
const deployment: readonly KubernetesField[] = [
  ...metadata('deployment'),
  { path: 'spec.replicas', field: 'replicas', value: 5 },
  { path: 'spec.selector', reason: selector },
  {
    path: 'spec.template',
    reason: 'set by the operator from fields of the spec, with spec.podTemplate merged into it',
  },
  { path: 'spec.minReadySeconds', field: 'rollout.minReadySeconds', value: 5 },
  { path: 'spec.paused', field: 'rollout.paused', value: true },
  { path: 'spec.progressDeadlineSeconds', field: 'rollout.progressDeadlineSeconds', value: 300 },
  { path: 'spec.revisionHistoryLimit', field: 'rollout.revisionHistoryLimit', value: 3 },
  { path: 'spec.strategy.type', field: 'rollout.strategy', value: 'Recreate' },
  { path: `${rollingUpdate}.maxSurge`, field: 'rollout.maxSurge', value: 1 },
  { path: `${rollingUpdate}.maxUnavailable`, field: 'rollout.maxUnavailable', value: '10%' },
];

/** By kind. */
export const kubernetesFields = {
  Deployment: deployment,
  Service: service,
  Ingress: ingress,
  HTTPRoute: httpRoute,
  HorizontalPodAutoscaler: horizontalPodAutoscaler,
  PodDisruptionBudget: podDisruptionBudget,
  ServiceAccount: serviceAccount,
} as const satisfies Record<string, readonly KubernetesField[]>;

const rowOf = (one: KubernetesField): string =>
  `| \`${one.path}\` | ${'field' in one ? `\`spec.${one.field}\`` : `none: ${one.reason}`} |`;

/** The page of the documentation. */
export function kubernetesFieldsPage(): string {
  const lines = [
    '# Kubernetes fields in an AppServer',
    '',
    'This page lists where to set each field of the objects that the operator creates in an AppServer. A field includes all',
    'fields below it. The objects also inherit labels of the AppServer; see',
    '[Labels and annotations](guide.md#labels-and-annotations). The page is generated by `npm run generate`.',
    '',
  ];
  for (const [kind, fields] of Object.entries<readonly KubernetesField[]>(kubernetesFields)) {
    const head = [`## ${kind}`, '', `| field of the ${kind} | field of the AppServer |`, '| --- | --- |'];
    lines.push(...head, ...fields.map(rowOf), '');
  }
  return lines.join('\n');
}
