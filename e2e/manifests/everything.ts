// Values of the chart that switch on all that it has.

export const digest = `sha256:${'a'.repeat(64)}`;
export const everything = {
  image: { digest },
  runtimeImage: { tag: '1.2.3', digest },
  imagePullSecrets: [{ name: 'registry' }],
  earlierImages: ['registry.example.com/runtime:1'],
  commonLabels: { team: 'ops', 'app.kubernetes.io/name': 'other' },
  metrics: {
    tlsSecretName: 'metrics',
    podMonitor: { install: true, labels: { team: 'ops' }, endpoint: { interval: '15s' } },
    serviceMonitor: { install: true, endpoint: { tlsConfig: { insecureSkipVerify: true } } },
    prometheusRule: { install: true, rules: [{ alert: 'Mine', expr: 'vector(1)' }] },
  },
  networkPolicy: {
    install: true,
    metricsFrom: [{ namespaceSelector: { matchLabels: { name: 'monitoring' } } }],
    apiServers: [{ ipBlock: { cidr: '10.0.0.1/32' } }],
  },
  replicas: 3,
  priorityClassName: 'system-cluster-critical',
  commonAnnotations: { contact: 'ops@example.com' },
  podLabels: { a: 'b' },
  podAnnotations: { c: 'd' },
  serviceAccount: { annotations: { e: 'f' } },
  extraArgs: ['--admin-port=8080'],
  extraEnv: [{ name: 'HTTPS_PROXY', value: 'http://proxy.example.com' }],
  extraEnvFrom: [{ configMapRef: { name: 'proxy' } }],
  extraVolumes: [{ name: 'ca', configMap: { name: 'ca' } }],
  extraVolumeMounts: [{ name: 'ca', mountPath: '/ca' }],
};
