// The CustomResourceDefinition on the real API server: for each rule one resource that passes and one that is refused,
// with the sentence that a user reads.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ApiError, path, type KubeObject } from '../src/kube/index.ts';
import { resourceRules, specRules } from '../src/api/rules.ts';
import { client, types } from './harness/api.ts';
import { appServer } from './harness/appserver.ts';
import { applyCrd, removeOperator } from './harness/operator.ts';

interface Case {
  readonly passes: object;
  readonly refused: object;
  readonly says: RegExp;
}

const rules: Record<string, Case> = {
  'the port of the probes is taken': {
    passes: { port: 9001 },
    refused: { port: 9000 },
    says: /spec\.port must not be 9000/,
  },
  'threads need the class that has them': {
    passes: { workers: { class: 'gthread', threads: 4 } },
    refused: { workers: { threads: 4 } },
    says: /spec\.workers\.threads needs class gthread/,
  },
  'an application is of one kind': {
    passes: { app: { asgi: 'shop:app' } },
    refused: { app: { wsgi: 'shop:app', node: 'server.js' } },
    says: /spec\.app must have exactly one of wsgi, asgi, node and command/,
  },
  'only a command needs to be told that it notifies': {
    passes: { app: { command: '/srv/shop', args: ['--fast'], notify: true } },
    refused: { app: { node: 'server.js', notify: true } },
    says: /spec\.app\.notify is for command alone/,
  },
  'what is about Python is for Python': {
    passes: { app: { asgi: 'shop:app', pythonPath: ['/srv/lib'] }, workers: { preload: true } },
    refused: { app: { node: 'server.js' }, workers: { preload: true } },
    says: /spec\.app\.pythonPath and spec\.workers\.preload are for wsgi and asgi/,
  },
  'a root path is for asgi': {
    passes: { app: { asgi: 'shop:app', rootPath: '/shop' } },
    refused: { app: { wsgi: 'shop:app', rootPath: '/shop' } },
    says: /spec\.app\.rootPath is for asgi/,
  },
  'threads are accepted of what is preloaded': {
    passes: { workers: { preload: true, preloadThreads: true } },
    refused: { workers: { preloadThreads: true } },
    says: /spec\.workers\.preloadThreads is for applications with spec\.workers\.preload/,
  },
  'the size of headers is for servers that the runtime knows': {
    passes: { workers: { maxHeaderSize: '32Ki' } },
    refused: { app: { command: '/srv/shop' }, workers: { maxHeaderSize: '32Ki' } },
    says: /spec\.workers\.maxHeaderSize is for wsgi, asgi and node/,
  },
  'hooks in Python are for Python': {
    passes: { hooks: { python: 'shop.hooks', beforeStop: { command: ['/srv/bye'] } } },
    refused: { app: { command: '/srv/shop' }, hooks: { python: 'shop.hooks' } },
    says: /spec\.hooks\.python is for wsgi and asgi/,
  },
  'a worker class is for wsgi': {
    passes: { workers: { class: 'gevent' } },
    refused: { app: { asgi: 'shop:app' }, workers: { class: 'sync' } },
    says: /spec\.workers\.class is for wsgi/,
  },
  'the heartbeat timeout is at least three seconds': {
    passes: { workers: { heartbeatTimeout: '3s' } },
    refused: { workers: { heartbeatTimeout: '2900ms' } },
    says: /spec\.workers\.heartbeatTimeout must be at least 3s/,
  },
  'the boot timeout is at least a second': {
    passes: { workers: { bootTimeout: '1s' } },
    refused: { workers: { bootTimeout: '0s' } },
    says: /spec\.workers\.bootTimeout must be at least 1s/,
  },
  'no more workers must be ready than there are': {
    passes: { workers: { count: 3 }, probes: { readyWorkers: 3 } },
    refused: { workers: { count: 3 }, probes: { readyWorkers: 4 } },
    says: /spec\.probes\.readyWorkers must not exceed spec\.workers\.count/,
  },
  'the drain ends after it may end': {
    passes: { drain: { minimum: '10s', maximum: '10s' } },
    refused: { drain: { minimum: '1m', maximum: '59s' } },
    says: /spec\.drain\.maximum must not be less than spec\.drain\.minimum/,
  },
  'a pod ends within an hour': {
    passes: { drain: { maximum: '30m' }, workers: { gracefulTimeout: '30m' } },
    refused: { drain: { maximum: '30m' }, workers: { gracefulTimeout: '31m' } },
    says: /must not exceed 1h together/,
  },
  'the most replicas are no fewer than the fewest': {
    passes: { autoscaling: { minReplicas: 3, maxReplicas: 3 } },
    refused: { autoscaling: { minReplicas: 4, maxReplicas: 3 } },
    says: /spec\.autoscaling\.maxReplicas must not be less than minReplicas/,
  },
  'an autoscaler without a target for CPU has another': {
    passes: { autoscaling: { maxReplicas: 3, cpuUtilization: 0, memoryUtilization: 80 } },
    refused: { autoscaling: { maxReplicas: 3, cpuUtilization: 0, metrics: [] } },
    says: /spec\.autoscaling without cpuUtilization must have memoryUtilization or metrics/,
  },
  'one autoscaler sets the number of pods': {
    passes: { scaleTarget: 'Deployment' },
    refused: { scaleTarget: 'Deployment', autoscaling: { maxReplicas: 3 } },
    says: /spec\.scaleTarget Deployment is for an autoscaler of your own/,
  },
  'paths of an Ingress are said once': {
    passes: { ingress: { paths: [{ path: '/a' }, { path: '/b', pathType: 'Exact' }] } },
    refused: { ingress: { path: '/a', paths: [{ path: '/b' }] } },
    says: /spec\.ingress must not have both paths and path or pathType/,
  },
  'a port of an Ingress is named in one way': {
    passes: { ingress: { paths: [{ path: '/a', port: { number: 9090 } }] } },
    refused: { ingress: { paths: [{ path: '/a', port: {} }] } },
    says: /spec\.ingress\.paths must name each port by exactly one of name and number/,
  },
  'certificates of an Ingress are said once': {
    passes: { ingress: { hosts: ['a.example'], tls: [{ hosts: ['a.example'], secretName: 'a' }] } },
    refused: { ingress: { hosts: ['a.example'], tlsSecretName: 'a', tls: [{ secretName: 'a' }] } },
    says: /spec\.ingress must not have both tls and tlsSecretName/,
  },
  'rules of a route are said once': {
    passes: { httpRoute: { parentRefs: [{ name: 'public' }], rules: [{ timeouts: { request: '10s' } }] } },
    refused: { httpRoute: { parentRefs: [{ name: 'public' }], path: '/a', rules: [{}] } },
    says: /spec\.httpRoute must not have both rules and path/,
  },
  'a NetworkPolicy says something': {
    passes: { networkPolicy: { egress: [] } },
    refused: { networkPolicy: {} },
    says: /spec\.networkPolicy must have from, ingress or egress/,
  },
  'only the own account is described': {
    passes: { serviceAccount: { annotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::1:role/shop' } } },
    refused: { serviceAccountName: 'web', serviceAccount: {} },
    says: /spec\.serviceAccount is about the AppServer's own account/,
  },
  "the pod's own containers keep their names": {
    passes: { initContainers: [{ name: 'migrate', image: 'x' }] },
    refused: { initContainers: [{ name: 'install-runtime', image: 'x' }] },
    says: /spec\.initContainers must not be named app, install-runtime/,
  },
  'a profile of the node is named': {
    passes: { security: { seccompProfile: { type: 'Localhost', localhostProfile: 'profiles/shop.json' } } },
    refused: { security: { seccompProfile: { type: 'RuntimeDefault', localhostProfile: 'profiles/shop.json' } } },
    says: /spec\.security\.seccompProfile must have localhostProfile/,
  },
  'evictions have one limit': {
    passes: { disruption: { minAvailable: '50%' } },
    refused: { disruption: { minAvailable: 1, maxUnavailable: 1 } },
    says: /spec\.disruption must not have both/,
  },
  'a rollout can replace pods': {
    passes: { rollout: { maxSurge: 0, maxUnavailable: 1 } },
    refused: { rollout: { maxSurge: '0%' } },
    says: /spec\.rollout\.maxSurge and maxUnavailable must not both be 0/,
  },
  'a rollout has time for pods to be available': {
    passes: { rollout: { minReadySeconds: 599 } },
    refused: { rollout: { minReadySeconds: 600 } },
    says: /spec\.rollout\.progressDeadlineSeconds must be more than minReadySeconds/,
  },
  "an AppServer's own account cannot be named": {
    passes: { serviceAccountName: 'appserver.treasurer' },
    refused: { serviceAccountName: 'shop.appserver' },
    says: /spec\.serviceAccountName must not end with \.appserver/,
  },
  'ports of the Service are told apart': {
    passes: { service: { ports: [{ name: 'grpc', port: 9_090, targetPort: 9_090 }] } },
    refused: { service: { ports: [{ name: 'http', port: 9_090 }] } },
    says: /spec\.service\.ports must have other names than spec\.service\.portName \(http\), and other ports/,
  },
  'the application is asked once a second at most': {
    passes: { probes: { path: '/healthz', interval: '1s' } },
    refused: { probes: { path: '/healthz', interval: '500ms' } },
    says: /spec\.probes\.interval must be at least 1s/,
  },
  'ports in the pod are taken once': {
    passes: { proxy: { port: 8_080 } },
    refused: { proxy: { port: 8_000 } },
    says: /spec\.proxy\.port and spec\.port must differ, and neither be 9000 or 9001/,
  },
  "the pod's own volumes keep their names": {
    passes: { volumes: [{ name: 'tmp', emptyDir: { sizeLimit: '1Gi' } }] },
    refused: { volumes: [{ name: 'runtime', emptyDir: {} }] },
    says: /spec\.volumes must not be named/,
  },
  "the pod's own mounts keep their places": {
    passes: { volumeMounts: [{ name: 'media', mountPath: '/tmp/media' }] },
    refused: { volumeMounts: [{ name: 'media', mountPath: '/appserver/bin' }] },
    says: /spec\.volumeMounts must have absolute paths outside/,
  },
  "the runtime's own variables stay its own": {
    passes: { env: [{ name: 'LISTEN_ADDRESS', value: 'x' }] },
    refused: { env: [{ name: 'APPSERVER_HOME', value: 'x' }] },
    says: /spec\.env must not set APPSERVER_\*/,
  },
};

const fields: Record<string, { refused: object; says: RegExp }> = {
  'an unknown field': { refused: { imagee: 'x' }, says: /unknown field "spec\.imagee"/ },
  'an application that is no module': { refused: { app: { wsgi: 'shop.py run' } }, says: /spec\.app\.wsgi/ },
  'no application': { refused: { app: {} }, says: /exactly one of wsgi, asgi, node and command/ },
  'a host that is none': { refused: { ingress: { hosts: ['Shop_1'] } }, says: /spec\.ingress\.hosts\[0\]/ },
  'memory that is no quantity': { refused: { workers: { recycle: { memory: 'much' } } }, says: /recycle\.memory/ },
  'a duration without its unit': { refused: { workers: { keepAlive: '75' } }, says: /spec\.workers\.keepAlive/ },
  'a worker class that is not known': {
    refused: { workers: { class: 'tornado' } },
    says: /supported values: "sync", "gthread"/,
  },
  'more than 128 workers': {
    refused: { workers: { count: 129 } },
    says: /count in body should be less than or equal to 128/,
  },
  'a typo in a variable': {
    refused: { env: [{ name: 'A', valueFrom: { secretKeyReff: { name: 'a', key: 'b' } } }] },
    says: /unknown field "spec\.env\[0\]\.valueFrom\.secretKeyReff"/,
  },
  'a typo in a volume': {
    refused: { volumes: [{ name: 'a', emtpyDir: {} }] },
    says: /unknown field "spec\.volumes\[0\]\.emtpyDir"/,
  },
  'a typo inside of a volume': {
    refused: { volumes: [{ name: 'a', secret: { secretNaem: 'b' } }] },
    says: /unknown field "spec\.volumes\[0\]\.secret\.secretNaem"/,
  },
  'a volume of nothing': {
    refused: { volumes: [{ name: 'a' }] },
    says: /spec\.volumes must each have exactly one source/,
  },
  'a typo in a mount': {
    refused: { volumeMounts: [{ name: 'a', mountPath: '/a', readonly: true }] },
    says: /unknown field "spec\.volumeMounts\[0\]\.readonly"/,
  },
  'labels that the operator sets': {
    refused: { service: { labels: { 'app.kubernetes.io/instance': 'x' } } },
    says: /spec\.service\.labels must not set appserver\.dev\/\* or app\.kubernetes\.io\/name/,
  },
  'annotations that have a meaning to the operator': {
    refused: { deployment: { annotations: { 'appserver.dev/layout': '1' } } },
    says: /spec\.deployment\.annotations must not set appserver\.dev\/\*/,
  },
  'an amount that is no quantity': { refused: { resources: { limits: { cpu: 'much' } } }, says: /limits\.cpu/ },
  'an amount below nothing': { refused: { resources: { limits: { cpu: -0.5 } } }, says: /limits\.cpu/ },
  'a word for a number of workers': { refused: { workers: { count: 'many' } }, says: /spec\.workers\.count/ },
  'no worker at all': { refused: { workers: { count: 0 } }, says: /spec\.workers\.count/ },
  'the user root': { refused: { security: { runAsUser: 0 } }, says: /spec\.security\.runAsUser/ },
  'a working directory that is not absolute': {
    refused: { app: { wsgi: 'shop:app', workingDir: 'src' } },
    says: /spec\.app\.workingDir/,
  },
};

/** What a user of a Deployment may write, and so a user of an AppServer. */
const accepted: Record<string, object> = {
  'quantities as YAML reads them without quotes': { resources: { requests: { cpu: 0.5, memory: 1e3 } } },
  'quantities in every notation': {
    resources: { requests: { cpu: '100u', memory: '1e9' }, limits: { cpu: '.5', memory: '1Ei', 'example.com/x': 1 } },
  },
  'annotations of pods as large as Kubernetes has them': {
    podTemplate: {
      metadata: {
        annotations: {
          'vault.hashicorp.com/agent-inject-template-config': 'x'.repeat(200_000),
          ...Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`example.com/a${i}`, 'x'])),
        },
      },
    },
  },
  'annotations of an Ingress': {
    ingress: { annotations: Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`example.com/a${i}`, 'x'])) },
  },
  'a disk for /tmp': { volumeMounts: [{ name: 'scratch', mountPath: '/tmp' }] },
  'an autoscaler where a LimitRange may give the request': { autoscaling: { maxReplicas: 3 } },
};

async function dryRun(object: KubeObject): Promise<KubeObject> {
  return (await client.json({
    method: 'POST',
    path: path(types.AppServer, 'default'),
    query: { dryRun: 'All', fieldValidation: 'Strict' },
    body: object,
  })) as KubeObject;
}

async function refusal(object: KubeObject): Promise<string> {
  try {
    await dryRun(object);
  } catch (error) {
    if (error instanceof ApiError) return error.message;
    throw error;
  }
  return assert.fail('the resource was accepted');
}

describe('CustomResourceDefinition', () => {
  before(async () => {
    await removeOperator();
    await applyCrd();
  });
  after(removeOperator);

  for (const [name, { passes, refused, says }] of Object.entries(rules)) {
    test(name, async () => {
      await dryRun(appServer('default', passes));
      assert.match(await refusal(appServer('default', refused)), says);
    });
  }

  test('a name leaves room for the names of the children', async () => {
    const longest = 'a'.repeat(40);
    await dryRun(appServer('default', {}, longest));
    for (const name of [`${longest}a`, '1shop', 'my.shop']) {
      assert.match(await refusal(appServer('default', {}, name)), /metadata\.name must be at most 40/);
    }
  });

  test('every rule has a case above', () => {
    assert.equal(Object.keys(rules).length, specRules.length);
    assert.equal(resourceRules.length, 1);
  });

  for (const [name, { refused, says }] of Object.entries(fields)) {
    test(`refuses ${name}`, async () => {
      assert.match(await refusal(appServer('default', refused)), says);
    });
  }

  for (const [name, spec] of Object.entries(accepted)) {
    test(`accepts ${name}`, async () => {
      await dryRun(appServer('default', spec));
    });
  }

  test('fills in every default', async () => {
    const { spec } = await dryRun(appServer('default'));
    assert.deepEqual(spec, {
      image: 'localhost/appserver/flask:1',
      automountServiceAccountToken: false,
      app: { wsgi: 'shop:app' },
      port: 8000,
      workers: {
        count: 2,
        threads: 1,
        backlog: 2048,
        keepAlive: '75s',
        bootTimeout: '60s',
        heartbeatTimeout: '30s',
        requestTimeout: '60s',
        gracefulTimeout: '30s',
      },
      drain: { minimum: '5s', maximum: '15s' },
      probes: { readyWorkers: 1, host: 'localhost', interval: '10s', failureThreshold: 3 },
      replicas: 2,
      rollout: {
        maxSurge: '25%',
        maxUnavailable: 0,
        minReadySeconds: 0,
        progressDeadlineSeconds: 600,
        revisionHistoryLimit: 10,
      },
      topology: { zones: 'ScheduleAnyway', nodes: 'ScheduleAnyway' },
      service: { port: 80, type: 'ClusterIP' },
      restartOn: ['ConfigMap', 'Secret'],
      security: { runAsUser: 1000, readOnlyRootFilesystem: false },
      logging: { level: 'info' },
      runtime: { upgrade: 'onRollout' },
    });
  });

  test('has the scale subresource, the short name and the category', async () => {
    const discovery = (await client.json({ method: 'GET', path: '/apis/appserver.dev/v1alpha1' })) as {
      resources: { name: string; shortNames?: string[]; categories?: string[] }[];
    };
    const main = discovery.resources.find(({ name }) => name === 'appservers');
    assert.deepEqual(main?.shortNames, ['as']);
    assert.deepEqual(main?.categories, ['all']);
    assert.ok(discovery.resources.some(({ name }) => name === 'appservers/scale'));
  });
});
