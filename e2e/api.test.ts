// The CustomResourceDefinition on the real API server: for each rule one resource that passes and one that is refused,
// with the sentence that a user reads.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ApiError, path, type KubeObject } from '../src/kube/index.ts';
import { resourceRules, specRules } from '../src/api/rules.ts';
import { client, types } from './harness/api.ts';
import { appServer } from './harness/appserver.ts';
import { applyCrd, removeOperator } from './harness/operator.ts';

const cpuRequest = { resources: { requests: { cpu: '100m' } } };

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
    passes: { ...cpuRequest, autoscaling: { minReplicas: 3, maxReplicas: 3 } },
    refused: { ...cpuRequest, autoscaling: { minReplicas: 4, maxReplicas: 3 } },
    says: /spec\.autoscaling\.maxReplicas must not be less than minReplicas/,
  },
  'a percentage of CPU needs a request to be a percentage of': {
    passes: { ...cpuRequest, autoscaling: { maxReplicas: 3 } },
    refused: { autoscaling: { maxReplicas: 3 } },
    says: /spec\.autoscaling needs spec\.resources\.requests\.cpu/,
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
    says: /spec\.service\.ports must have other names than http, and other ports/,
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
    passes: { volumes: [{ name: 'media', emptyDir: {} }] },
    refused: { volumes: [{ name: 'tmp', emptyDir: {} }] },
    says: /spec\.volumes must not be named/,
  },
  "the pod's own mounts keep their places": {
    passes: { volumeMounts: [{ name: 'media', mountPath: '/media' }] },
    refused: { volumeMounts: [{ name: 'media', mountPath: '/appserver/bin' }] },
    says: /spec\.volumeMounts must have absolute paths outside/,
  },
  "the runtime's own variables stay its own": {
    passes: { env: [{ name: 'APP_MODE', value: 'x' }] },
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
  'a word for a number of workers': { refused: { workers: { count: 'many' } }, says: /spec\.workers\.count/ },
  'no worker at all': { refused: { workers: { count: 0 } }, says: /spec\.workers\.count/ },
  'the user root': { refused: { security: { runAsUser: 0 } }, says: /spec\.security\.runAsUser/ },
  'a working directory that is not absolute': {
    refused: { app: { wsgi: 'shop:app', workingDir: 'src' } },
    says: /spec\.app\.workingDir/,
  },
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

  test('every rule has a case above, and each names its remedy', () => {
    assert.equal(Object.keys(rules).length, specRules.length);
    assert.equal(resourceRules.length, 1);
    for (const { message } of [...specRules, ...resourceRules]) {
      assert.match(message, /^(spec|metadata)\..*; (choose|set|raise|lower|correct|leave|remove|use) |choose such/);
    }
  });

  for (const [name, { refused, says }] of Object.entries(fields)) {
    test(`refuses ${name}`, async () => {
      assert.match(await refusal(appServer('default', refused)), says);
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
