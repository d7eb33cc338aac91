// Specs that the API server takes and stores in another form: quantities in every notation, defaults left out, aliases,
// fields behind feature gates, in every list that a pod and the other children have.
import fc from 'fast-check';

const some = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });

/** Without what is undefined: JSON knows no such thing. */
const record = (fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Record<string, unknown>> =>
  fc.record(fields).map((all) => Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)));

const name = fc.stringMatching(/^x[a-z0-9]{1,8}$/);

const named = <T extends object>(item: fc.Arbitrary<T>, most = 3): fc.Arbitrary<(T & { name: string })[]> =>
  fc
    .uniqueArray(name, { minLength: 1, maxLength: most })
    .chain((names) =>
      fc
        .tuple(...names.map(() => item))
        .map((items) => items.map((one, i) => Object.assign({}, one, { name: names[i] ?? '' }))),
    );

/** As the schema of an AppServer takes them. */
const cpu = fc.oneof(
  fc.integer({ min: 1, max: 15_999 }).map((n) => (n / 1_000).toFixed(3)),
  fc.integer({ min: 1, max: 9_999 }).map((n) => `${n}m`),
  fc.constantFrom<unknown>('0.7', '1000m', '1', '1.50', '0.10', 2, 0.5, '1e-1', '100000u', '.5', '1e0', '+1'),
);
const memory = fc.oneof(
  fc.integer({ min: 64, max: 4_096 }).map((n) => `${n}Mi`),
  fc.integer({ min: 1, max: 9 }).map((n) => `${n}.5Gi`),
  fc.constantFrom('1024Mi', '2048Ki', '1000000k', '1000M', '134217728', 134_217_728, '1e9', '1E8', 1e9),
);
/** As Kubernetes takes them. */
const anyMemory = fc.oneof(memory, fc.constantFrom('1e9', '128974848', '1E8', '123456Ki', '0.5Gi', '1000000000000m'));
const anyCpu = fc.oneof(cpu, fc.constantFrom('1e-1', '100000u', '.5', '1e0'));

const resources = record({ requests: some(record({ cpu: some(cpu), memory: some(memory) })) });
const anyResources = record({ requests: some(record({ cpu: some(anyCpu), memory: some(anyMemory) })) });

const env = named(
  fc.oneof(
    record({ value: fc.constantFrom('', '1000m', '1', 'x', '0.7') }),
    fc.constantFrom(
      { valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { valueFrom: { resourceFieldRef: { containerName: 'app', resource: 'limits.cpu', divisor: 1 } } },
      { valueFrom: { resourceFieldRef: { containerName: 'app', resource: 'requests.memory', divisor: '1024Ki' } } },
      { valueFrom: { resourceFieldRef: { containerName: 'app', resource: 'limits.memory' } } },
      { valueFrom: { configMapKeyRef: { name: 'settings', key: 'a', optional: true } } },
      { valueFrom: { secretKeyRef: { name: 'settings', key: 'a', optional: true } } },
    ),
  ),
);

const volumes = named(
  fc.oneof(
    record({ emptyDir: record({ sizeLimit: some(anyMemory), medium: some(fc.constantFrom('', 'Memory')) }) }),
    fc.constantFrom(
      { configMap: { name: 'settings', optional: true, items: [{ key: 'a', path: 'b' }] } },
      { secret: { secretName: 'settings', optional: true, defaultMode: 256 } },
      { secret: { secretName: 'settings', optional: true } },
      { persistentVolumeClaim: { claimName: 'data' } },
      { downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
      {
        downwardAPI: {
          items: [{ path: 'cpu', resourceFieldRef: { containerName: 'app', resource: 'limits.cpu', divisor: '1m' } }],
        },
      },
      {
        projected: {
          sources: [
            { configMap: { name: 'settings', optional: true } },
            { secret: { name: 'settings', optional: true } },
            { downwardAPI: { items: [{ path: 'n', fieldRef: { fieldPath: 'metadata.name' } }] } },
          ],
        },
      },
      {
        ephemeral: {
          volumeClaimTemplate: {
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1024Mi' } } },
          },
        },
      },
      { nfs: { server: 'nfs.example.com', path: '/x' } },
    ),
  ),
);

const ports = fc.constantFrom(
  [{ containerPort: 7_000 }],
  [
    { containerPort: 7_000, name: 'a' },
    { containerPort: 7_001, protocol: 'UDP' },
  ],
  [],
);

const containerFields = {
  image: fc.constant('side:1'),
  args: some(fc.array(name, { maxLength: 2 })),
  command: some(fc.array(name, { minLength: 1, maxLength: 2 })),
  env: some(env),
  ports: some(ports),
  resources: some(anyResources),
  securityContext: some(fc.constantFrom({}, { readOnlyRootFilesystem: true }, { capabilities: { drop: ['ALL'] } })),
  tty: some(fc.boolean()),
};

const initContainer = record(containerFields);

/** Init containers that end have none of the last two. */
const container = record({
  ...containerFields,
  lifecycle: some(fc.constantFrom({ stopSignal: 'SIGINT' }, { preStop: { sleep: { seconds: 3 } } })),
  livenessProbe: some(
    fc.constantFrom(
      { httpGet: { port: 7_000 } },
      { tcpSocket: { port: 7_000 }, timeoutSeconds: 1 },
      { exec: { command: ['x'] } },
    ),
  ),
});

const selector = fc.constantFrom(
  {},
  { matchLabels: { a: 'b' } },
  { matchExpressions: [{ key: 'a', operator: 'Exists' }] },
);

const podSpec = record({
  containers: some(named(container, 2)),
  tolerations: some(
    fc.constantFrom(
      [{ operator: 'Exists' }],
      [{ key: 'a', value: 'b', effect: 'NoExecute', tolerationSeconds: 30 }],
      [],
    ),
  ),
  nodeSelector: some(fc.constantFrom({}, { disk: 'ssd' })),
  hostAliases: some(fc.constant([{ ip: '10.0.0.1', hostnames: ['a', 'b'] }])),
  dnsConfig: some(fc.constantFrom({ options: [{ name: 'ndots', value: '2' }] }, { nameservers: ['10.0.0.2'] })),
  dnsPolicy: some(fc.constantFrom('ClusterFirst', 'Default')),
  schedulerName: some(fc.constantFrom('default-scheduler', 'other')),
  priorityClassName: some(fc.constant('')),
  restartPolicy: some(fc.constant('Always')),
  readinessGates: some(fc.constant([{ conditionType: 'example.com/ready' }])),
  shareProcessNamespace: some(fc.boolean()),
  hostNetwork: some(fc.constant(false)),
  affinity: some(
    selector.map((labelSelector) => ({
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight: 1, podAffinityTerm: { labelSelector, topologyKey: 'kubernetes.io/hostname' } },
        ],
      },
    })),
  ),
  imagePullSecrets: some(fc.constantFrom([{ name: 'pull' }], [])),
});

const metric = fc.constantFrom(
  { type: 'Pods', pods: { metric: { name: 'rps' }, target: { type: 'AverageValue', averageValue: '1000m' } } },
  {
    type: 'Pods',
    pods: {
      metric: { name: 'rps', selector: { matchLabels: { a: 'b' } } },
      target: { type: 'AverageValue', averageValue: 10 },
    },
  },
  { type: 'External', external: { metric: { name: 'queue' }, target: { type: 'Value', value: '0.5k' } } },
  { type: 'External', external: { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: '30' } } },
  {
    type: 'Object',
    object: {
      metric: { name: 'rps' },
      describedObject: { apiVersion: 'v1', kind: 'Service', name: 'x' },
      target: { type: 'Value', value: '2e3' },
    },
  },
  {
    type: 'ContainerResource',
    containerResource: { name: 'cpu', container: 'app', target: { type: 'Utilization', averageUtilization: 50 } },
  },
);

const autoscaling = record({
  maxReplicas: fc.integer({ min: 2, max: 9 }),
  metrics: some(fc.array(metric, { maxLength: 3 })),
  behavior: some(
    fc.constantFrom(
      {},
      { scaleDown: { stabilizationWindowSeconds: 60 } },
      { scaleUp: { policies: [{ type: 'Pods', value: 4, periodSeconds: 15 }] } },
      { scaleDown: { selectPolicy: 'Disabled' } },
    ),
  ),
});

const from = fc.array(
  fc.constantFrom(
    { podSelector: {} },
    { namespaceSelector: {} },
    { namespaceSelector: { matchLabels: { a: 'b' } }, podSelector: {} },
    { ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } },
  ),
  { minLength: 1, maxLength: 3 },
);

const pods = fc.constantFrom<unknown>(1, '25%', '100%', 2);

export const oddNotation: fc.Arbitrary<object> = record({
  app: fc.constantFrom({ wsgi: 'shop:app' }, { asgi: 'shop:app' }, { node: 'server.js' }, { command: '/srv/shop' }),
  resources: some(resources),
  env: some(env),
  envFrom: some(
    fc.constantFrom(
      [{ secretRef: { name: 's', optional: true } }],
      [{ prefix: 'A_', configMapRef: { name: 'c', optional: true } }],
      [],
    ),
  ),
  volumes: some(volumes),
  imagePullSecrets: some(fc.constantFrom([], [{ name: 'pull' }])),
  service: some(
    record({
      port: some(fc.constantFrom(80, 8_080)),
      ports: some(
        fc.constantFrom(
          [{ name: 'grpc', port: 9_090 }],
          [{ name: 'dns', port: 53, protocol: 'UDP', targetPort: 'dns' }],
          [],
        ),
      ),
      sessionAffinity: some(fc.constantFrom('None', 'ClientIP')),
      ipFamilyPolicy: some(fc.constantFrom('SingleStack', 'PreferDualStack')),
      ipFamilies: some(fc.constant(['IPv4'])),
      publishNotReadyAddresses: some(fc.boolean()),
      internalTrafficPolicy: some(fc.constantFrom('Cluster', 'Local')),
      loadBalancerSourceRanges: some(fc.constant([])),
      portName: some(fc.constantFrom('http', 'web')),
      labels: some(fc.constantFrom({}, { team: '' })),
      annotations: some(fc.constantFrom({}, { a: '' }, { a: '1' })),
    }),
  ),
  ingress: some(
    record({
      hosts: fc.uniqueArray(name, { minLength: 1, maxLength: 3 }),
      tls: some(name.map((secretName) => [{ secretName }, { hosts: ['a'], secretName }])),
      pathType: some(fc.constantFrom('Exact', 'ImplementationSpecific')),
      className: some(name),
      annotations: some(fc.constantFrom({}, { a: '1' })),
    }),
  ),
  networkPolicy: some(record({ from, egress: some(fc.constantFrom([], [{}], [{ to: [{ podSelector: {} }] }])) })),
  initContainers: some(named(initContainer, 2)),
  enableServiceLinks: some(fc.boolean()),
  probes: some(record({ liveness: some(fc.constantFrom({}, { initialDelaySeconds: 0, periodSeconds: 3 })) })),
  serviceAccount: some(record({ imagePullSecrets: some(fc.constantFrom([], [{ name: 'pull' }])) })),
  disruption: some(fc.oneof(record({ maxUnavailable: pods }), record({ minAvailable: pods }))),
  rollout: some(
    record({ maxSurge: some(pods), minReadySeconds: some(fc.constantFrom(0, 5)), paused: some(fc.boolean()) }),
  ),
  topology: some(record({ zones: some(fc.constantFrom('None', 'DoNotSchedule')), nodes: some(fc.constant('None')) })),
  proxy: some(fc.constantFrom({}, { maxBodySize: '1024Ki', static: [{ path: '/static/', from: '/srv' }] })),
  podTemplate: some(
    record({
      metadata: some(
        record({
          annotations: some(fc.constantFrom({}, { a: '' })),
          labels: some(fc.constantFrom({}, { team: 'web' })),
        }),
      ),
      spec: some(podSpec),
    }),
  ),
  autoscaling: some(autoscaling),
});
