import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stamped } from '../../../src/operator/children/stamp.ts';
import { differences } from '../../../src/operator/decide/difference.ts';
import type { Child } from '../../../src/operator/model/facts.ts';
import { parseConfig } from '../../../src/runtime/config/parse.ts';
import { at, child, children } from './children.ts';

const pod = 'spec.template.spec';
const app = `${pod}.containers.0`;

const fields: Record<string, [kind: Child['kind'], spec: object, path: string, value: unknown]> = {
  'the image': ['Deployment', {}, `${app}.image`, 'registry.example.com/shop:1.4.2'],
  'two replicas': ['Deployment', {}, 'spec.replicas', 2],
  'no number of replicas under autoscaling': [
    'Deployment',
    { autoscaling: { maxReplicas: 9 } },
    'spec.replicas',
    undefined,
  ],
  'no pod less during a rollout': ['Deployment', {}, 'spec.strategy.rollingUpdate.maxUnavailable', 0],
  'a user that is not root': ['Deployment', {}, `${pod}.securityContext.runAsUser`, 1000],
  'the user that is asked for': ['Deployment', { security: { runAsUser: 7 } }, `${pod}.securityContext.runAsUser`, 7],
  'no service account token': ['Deployment', {}, `${pod}.automountServiceAccountToken`, false],
  'one that is asked for': [
    'Deployment',
    { automountServiceAccountToken: true },
    `${pod}.automountServiceAccountToken`,
    true,
  ],
  'an account of its own': ['Deployment', {}, `${pod}.serviceAccountName`, 'shop.appserver'],
  'the account that is named': ['Deployment', { serviceAccountName: 'web' }, `${pod}.serviceAccountName`, 'web'],
  'a spread over zones': [
    'Deployment',
    {},
    `${pod}.topologySpreadConstraints.0.topologyKey`,
    'topology.kubernetes.io/zone',
  ],
  'a spread over nodes': ['Deployment', {}, `${pod}.topologySpreadConstraints.1.topologyKey`, 'kubernetes.io/hostname'],
  'time to end': ['Deployment', {}, `${pod}.terminationGracePeriodSeconds`, 50],
  'the runtime from its own image': [
    'Deployment',
    {},
    `${pod}.initContainers.0.image`,
    'registry.example.com/runtime:0.2.0',
  ],
  'a nginx that the Service sends to, where it is asked for': [
    'Deployment',
    { proxy: {} },
    `${pod}.initContainers.1.ports.0.name`,
    'http',
  ],
  'the application behind it on loopback': ['Deployment', { proxy: {} }, `${app}.command.3`, '127.0.0.1:8000'],
  'no port of the application then that the Service could send to': [
    'Deployment',
    { proxy: {} },
    `${app}.ports.0.name`,
    'admin',
  ],
  'time for nginx to end, too': ['Deployment', { proxy: {} }, `${pod}.terminationGracePeriodSeconds`, 80],
  'the nginx that is named': [
    'Deployment',
    { proxy: { image: 'nginx:mine' } },
    `${pod}.initContainers.1.image`,
    'nginx:mine',
  ],
  'static files copied before it starts': [
    'Deployment',
    { proxy: { static: [{ path: '/static/', from: '/app/static' }] } },
    `${pod}.initContainers.1.args`,
    ['/app/static', '/srv/static/static/'],
  ],
  'the port in the command': ['Deployment', { port: 8123 }, `${app}.command.3`, ':8123'],
  'a budget that blocks no drain': ['PodDisruptionBudget', { replicas: 1 }, 'spec.maxUnavailable', 1],
  'a budget that lets unhealthy pods go': ['PodDisruptionBudget', {}, 'spec.unhealthyPodEvictionPolicy', 'AlwaysAllow'],
  'fewest pods for evictions, where they are asked for': [
    'PodDisruptionBudget',
    { disruption: { minAvailable: '50%' } },
    'spec.minAvailable',
    '50%',
  ],
  'no most pods for evictions beside fewest': [
    'PodDisruptionBudget',
    { disruption: { minAvailable: '50%' } },
    'spec.maxUnavailable',
    undefined,
  ],
  'the surge that is asked for': [
    'Deployment',
    { rollout: { maxSurge: 1 } },
    'spec.strategy.rollingUpdate.maxSurge',
    1,
  ],
  'a rollout that waits': ['Deployment', { rollout: { paused: true } }, 'spec.paused', true],
  'a spread that is demanded': [
    'Deployment',
    { topology: { nodes: 'DoNotSchedule' } },
    `${pod}.topologySpreadConstraints.1.whenUnsatisfiable`,
    'DoNotSchedule',
  ],
  'no spread over zones': [
    'Deployment',
    { topology: { zones: 'None' } },
    `${pod}.topologySpreadConstraints.0.topologyKey`,
    'kubernetes.io/hostname',
  ],
  'a volume': ['Deployment', { volumes: [{ name: 'media', emptyDir: {} }] }, `${pod}.volumes.4.name`, 'media'],
  'where it is mounted': [
    'Deployment',
    { volumeMounts: [{ name: 'media', mountPath: '/media' }] },
    `${app}.volumeMounts.4.mountPath`,
    '/media',
  ],
  'pods that are all ended before new ones start': [
    'Deployment',
    { rollout: { strategy: 'Recreate' } },
    'spec.strategy',
    { type: 'Recreate' },
  ],
  'no number of replicas where another autoscaler targets the Deployment': [
    'Deployment',
    { scaleTarget: 'Deployment' },
    'spec.replicas',
    undefined,
  ],
  'the number of replicas that an autoscaler of the AppServer has set': [
    'Deployment',
    { scaleTarget: 'AppServer', replicas: 7 },
    'spec.replicas',
    7,
  ],
  "the application's compute resources in the init container": [
    'Deployment',
    { resources: { requests: { cpu: 0.5 }, limits: { cpu: 1, memory: '1Gi', 'nvidia.com/gpu': 1 } } },
    `${pod}.initContainers.0.resources`,
    { requests: { cpu: 0.5 }, limits: { cpu: 1, memory: '1Gi' } },
  ],
  'no resources of the init container where the application has none': [
    'Deployment',
    {},
    `${pod}.initContainers.0.resources`,
    undefined,
  ],
  "the application's compute resources where static files are copied": [
    'Deployment',
    { resources: { limits: { cpu: 2 } }, proxy: { static: [{ path: '/static/', from: '/app/static' }] } },
    `${pod}.initContainers.1.resources`,
    { limits: { cpu: 2 } },
  ],
  'init containers of the AppServer before those of the operator': [
    'Deployment',
    { initContainers: [{ name: 'migrate', image: 'x' }] },
    `${pod}.initContainers.1.name`,
    'install-runtime',
  ],
  'volumes that keep the cluster autoscaler from no node': [
    'Deployment',
    { proxy: {} },
    'spec.template.metadata.annotations',
    {
      'kubectl.kubernetes.io/default-container': 'app',
      'cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes': 'runtime,tmp,proxy-run,proxy-tmp',
    },
  ],
  'such volumes as the AppServer says them': [
    'Deployment',
    {
      podTemplate: {
        metadata: { annotations: { 'cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes': 'tmp,cache' } },
      },
    },
    'spec.template.metadata.annotations',
    {
      'kubectl.kubernetes.io/default-container': 'app',
      'cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes': 'tmp,cache',
    },
  ],
  "a volume for /tmp of the AppServer's in place of the operator's": [
    'Deployment',
    { volumes: [{ name: 'tmp', emptyDir: { sizeLimit: '1Gi' } }] },
    `${pod}.volumes.3`,
    { name: 'tmp', emptyDir: { sizeLimit: '1Gi' } },
  ],
  "a mount of /tmp of the AppServer's in place of the operator's": [
    'Deployment',
    { volumeMounts: [{ name: 'scratch', mountPath: '/tmp' }] },
    `${app}.volumeMounts.3`,
    { name: 'scratch', mountPath: '/tmp' },
  ],
  'the timing of a probe beside what it asks': [
    'Deployment',
    { probes: { liveness: { periodSeconds: 30 } } },
    `${app}.livenessProbe`,
    { httpGet: { path: '/livez', port: 'admin' }, timeoutSeconds: 2, periodSeconds: 30, failureThreshold: 3 },
  ],
  'a seccomp profile of the pod': [
    'Deployment',
    { security: { seccompProfile: { type: 'Unconfined' } } },
    `${pod}.securityContext.seccompProfile`,
    { type: 'Unconfined' },
  ],
  'a seccomp profile of the application': [
    'Deployment',
    { security: { seccompProfile: { type: 'Unconfined' } } },
    `${app}.securityContext.seccompProfile`,
    { type: 'Unconfined' },
  ],
  'other metrics in place of CPU': [
    'HorizontalPodAutoscaler',
    { autoscaling: { maxReplicas: 9, cpuUtilization: 0, memoryUtilization: 80 } },
    'spec.metrics.0.resource.name',
    'memory',
  ],
  "a container beside the application's": [
    'Deployment',
    { podTemplate: { spec: { containers: [{ name: 'shipper', image: 'x' }] } } },
    `${pod}.containers.1.name`,
    'shipper',
  ],
  'a label of the pods': [
    'Deployment',
    { podTemplate: { metadata: { labels: { team: 'web' } } } },
    'spec.template.metadata.labels.team',
    'web',
  ],
  'memory beside CPU': [
    'HorizontalPodAutoscaler',
    { autoscaling: { maxReplicas: 9, memoryUtilization: 80 } },
    'spec.metrics.1.resource.name',
    'memory',
  ],
  'an autoscaler of the Deployment': [
    'HorizontalPodAutoscaler',
    { autoscaling: { maxReplicas: 9 } },
    'spec.scaleTargetRef.kind',
    'Deployment',
  ],
};

/** The document that the named ConfigMap of an AppServer holds. */
function fileOf(file: 'runtime.json' | 'live.json' | 'nginx.conf', spec: object): string {
  const texts = children(spec).flatMap((one) => {
    const data = at(one, 'data');
    if (typeof data !== 'object' || data === null || !(file in data)) return [];
    const text: unknown = Object.getOwnPropertyDescriptor(data, file)?.value;
    return typeof text === 'string' ? [text] : [];
  });
  assert.equal(texts.length, 1);
  return texts[0] ?? '';
}

function settings(file: 'runtime.json' | 'live.json', spec: object): unknown {
  return JSON.parse(fileOf(file, spec));
}

const shared = { backlog: 2_048, keepAlive: '75s', threads: 1 };
const around = { listen: [':8000'], admin: ':9000', drain: { minimum: '5s', maximum: '15s' } };

const documents: Record<string, [spec: object, document: object]> = {
  wsgi: [{}, { app: { wsgi: 'shop.wsgi:application' }, workers: { class: 'sync', ...shared }, ...around }],
  asgi: [
    { app: { asgi: 'shop:app', pythonPath: ['/lib'] }, workers: { preload: true } },
    { app: { asgi: 'shop:app', pythonPath: ['/lib'] }, workers: { ...shared, preload: true }, ...around },
  ],
  'asgi below a path, with large headers and threads': [
    {
      app: { asgi: 'shop:app', rootPath: '/shop' },
      workers: { preload: true, preloadThreads: true, maxHeaderSize: '32Ki' },
    },
    {
      app: { asgi: 'shop:app', rootPath: '/shop' },
      workers: { ...shared, preload: true, preloadThreads: true, maxHeaderSize: '32Ki' },
      ...around,
    },
  ],
  'a command with hooks behind a proxy': [
    {
      app: { command: '/srv/shop', args: ['--fast'], notify: true },
      hooks: { beforeStop: { command: ['/srv/bye'] } },
      trustedProxies: ['10.0.0.1'],
    },
    {
      app: { command: '/srv/shop', args: ['--fast'], notify: true },
      workers: shared,
      ...around,
      trustedProxies: ['10.0.0.1'],
      hooks: { beforeStop: { command: ['/srv/bye'], timeout: '30s' } },
    },
  ],
};

describe("the runtime's settings", () => {
  for (const [name, [spec, document]] of Object.entries(documents)) {
    test(name, () => {
      assert.deepEqual(settings('runtime.json', spec), document);
      assert.doesNotThrow(() => parseConfig('runtime.json', settings('runtime.json', spec)), 'the runtime takes it');
    });
  }

  test('nginx takes headers as large as the workers do, and its own where nothing is set', () => {
    const sized = fileOf('nginx.conf', { proxy: {}, workers: { maxHeaderSize: '32Ki' } });
    assert.match(sized, /^ {2}large_client_header_buffers 4 32768;$/m);
    assert.doesNotMatch(fileOf('nginx.conf', { proxy: {} }), /large_client_header_buffers/);
  });

  test('what running pods take over', () => {
    const spec = {
      workers: { count: 'auto', recycle: { requests: 9 } },
      logging: { format: 'ecs', accessLog: true },
    };
    assert.deepEqual(settings('live.json', spec), {
      revision: at(settings('live.json', spec), 'revision'),
      workers: {
        count: 'auto',
        bootTimeout: '60s',
        heartbeatTimeout: '30s',
        requestTimeout: '60s',
        gracefulTimeout: '30s',
        recycle: { requests: 9, jitter: 0, lifetime: '0s' },
      },
      probes: { readyWorkers: 1 },
      logging: { level: 'info', format: 'ecs', accessLog: true },
    });
  });
});

describe('desired children have', () => {
  for (const [name, [kind, spec, path, value]] of Object.entries(fields)) {
    test(name, () => assert.deepEqual(at(child(kind, spec), path), value));
  }
});

describe('desired', () => {
  test('is the same for the same AppServer, byte for byte', () => {
    assert.equal(JSON.stringify(children()), JSON.stringify(children()));
  });

  test('owns every child and labels it', () => {
    for (const one of children({ autoscaling: { maxReplicas: 3 } })) {
      assert.equal(one.metadata.ownerReferences?.[0]?.uid, 'uid-1', one.kind);
      assert.equal(one.metadata.labels?.['app.kubernetes.io/managed-by'], 'appserver-operator', one.kind);
      assert.equal(one.metadata.namespace, 'web', one.kind);
    }
  });

  test('has no budget where evictions are to have no limit', () => {
    const kinds = children({ disruption: { enabled: false } }).map(({ kind }) => kind);
    assert.ok(!kinds.includes('PodDisruptionBudget'));
  });

  test('needs no account of its own when one is named, and no autoscaler without autoscaling', () => {
    const kinds = children({ serviceAccountName: 'web' }).map(({ kind }) => kind);
    assert.deepEqual(kinds, ['ConfigMap', 'ConfigMap', 'Deployment', 'Service', 'PodDisruptionBudget']);
  });

  const changes: Record<string, [spec: object, rolls: boolean]> = {
    'the number of workers': [{ workers: { count: 5 } }, false],
    'the log level': [{ logging: { level: 'debug' } }, false],
    'the number of ready workers': [{ probes: { readyWorkers: 2 } }, false],
    'the Service': [{ service: { port: 81 } }, false],
    'the number of replicas': [{ replicas: 5 }, false],
    'the image': [{ image: 'x' }, true],
    'the worker class': [{ workers: { class: 'gthread' } }, true],
    'the drain': [{ drain: { maximum: '20s' } }, true],
    'a variable': [{ env: [{ name: 'A', value: '1' }] }, true],
  };
  for (const [what, [spec, rolls]] of Object.entries(changes)) {
    test(`changing ${what} ${rolls ? 'rolls' : 'does not roll'} pods`, () => {
      const template = (one: object): unknown => at(child('Deployment', one), 'spec.template');
      assert.equal(JSON.stringify(template({})) !== JSON.stringify(template(spec)), rolls);
    });
  }

  test('a stamped child differs from itself in nothing, and its hash follows its content', () => {
    const [one, other] = [stamped(child('Service')), stamped(child('Service', { service: { port: 81 } }))];
    assert.deepEqual(differences(one, one), []);
    assert.notDeepEqual(one.metadata.annotations, other.metadata.annotations);
  });
});
