// Twenty applications, one of each kind and one for each thing that decides what pods look like: an upgrade must replace
// the pods of none.
import { testImageNames } from '../../scripts/test-images.ts';

/** Small, so that two nodes hold all of them. */
const small = { replicas: 1, resources: { requests: { cpu: '10m', memory: '32Mi' } } };
const one = { count: 1 };
const kinds = { image: testImageNames.kinds, workers: one };
const inSrv = (app: object): object => ({ ...kinds, app: { ...app, workingDir: '/srv' } });

/** Objects beside them, by name. */
export const besides = { secret: 'credentials', configMap: 'settings', serviceAccount: 'robot' } as const;

const fromSecret = { envFrom: [{ secretRef: { name: besides.secret } }] };
const volumes = {
  secret: [{ name: 'credentials', secret: { secretName: besides.secret } }],
  configMap: [{ name: 'settings', configMap: { name: besides.configMap } }],
};
const mounted = (name: string): object[] => [{ name, mountPath: `/etc/${name}`, readOnly: true }];

const specs: Record<string, object> = {
  sync: {},
  gthread: { workers: { ...one, class: 'gthread', threads: 4 } },
  auto: { workers: { count: 'auto' }, resources: { requests: { cpu: '10m' }, limits: { memory: '128Mi' } } },
  preloaded: { workers: { ...one, preload: true, recycle: { requests: 100_000, jitter: 100, memory: 'auto' } } },
  asgi: inSrv({ asgi: 'asgi_app:app' }),
  node: inSrv({ node: 'server.js' }),
  command: inSrv({ command: 'python3', args: ['by_hand.py'], notify: true }),
  hooked: { hooks: { beforeStart: { command: ['python3', '-c', 'print("migrated")'] } } },
  proxied: { proxy: { image: testImageNames.nginx, static: [{ path: '/static/', from: '/app' }] } },
  'secret-env': fromSecret,
  'secret-file': { volumes: volumes.secret, volumeMounts: mounted('credentials') },
  'config-file': { volumes: volumes.configMap, volumeMounts: mounted('settings') },
  'left-alone': { ...fromSecret, restartOn: [] },
  autoscaled: { autoscaling: { minReplicas: 1, maxReplicas: 1, cpuUtilization: 1_000 } },
  templated: {
    podTemplate: {
      metadata: { labels: { team: 'web' }, annotations: { 'example.com/note': 'theirs' } },
      spec: { hostAliases: [{ ip: '10.0.0.1', hostnames: ['database'] }] },
    },
  },
  'named-account': { serviceAccountName: besides.serviceAccount, automountServiceAccountToken: true },
  ingress: { ingress: { hosts: ['shop.example.com'], annotations: { 'example.com/note': 'theirs' } } },
  fenced: { networkPolicy: { from: [{ podSelector: {} }] }, disruption: { minAvailable: 0 } },
  probed: { probes: { path: '/', interval: '5s' }, service: { port: 8080 } },
  secured: {
    security: { runAsUser: 2000, readOnlyRootFilesystem: true },
    topology: { nodes: 'None' },
    env: [{ name: 'A', value: 'b' }],
  },
};

/** Name and spec of each. */
export const applications: readonly (readonly [string, object])[] = Object.entries(specs).map(
  ([name, spec]) => [name, { ...small, workers: one, ...spec }] as const,
);
