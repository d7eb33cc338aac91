// Every kind of application from the resource: applied, served, its log as it was asked for.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { testImageNames } from '../scripts/test-images.ts';
import { eventually } from './harness/api.ts';
import { appServer, condition, create, namespace, restricted, serviceUrl, untilReady } from './harness/appserver.ts';
import { installOperator, kubectl } from './harness/operator.ts';

interface Case {
  readonly spec: object;
  readonly answers: string;
  /** What the status says of the workers. */
  readonly says: RegExp;
}

const kinds: Record<string, Case> = {
  'an ASGI application, preloaded, recycled and with hooks': {
    spec: {
      app: { asgi: 'asgi_app:app', workingDir: '/srv' },
      workers: { preload: true, recycle: { requests: 1_000, jitter: 100, memory: 'auto' } },
      hooks: { beforeStart: { command: ['python3', '-c', 'print("migrated")'] } },
      trustedProxies: ['10.0.0.1'],
    },
    answers: 'asgi',
    says: /1 of 1 pod ready, 2 workers each/,
  },
  'a Node application, with as many workers as fit': {
    spec: { app: { node: 'server.js', workingDir: '/srv' }, workers: { count: 'auto' } },
    answers: 'node',
    says: /1 of 1 pod ready, workers by their CPU and memory/,
  },
  'a program of its own kind': {
    spec: { app: { command: 'python3', args: ['by_hand.py'], notify: true, workingDir: '/srv' } },
    answers: 'command',
    says: /1 of 1 pod ready, 2 workers each/,
  },
};

function log(inNamespace: string): Promise<string> {
  return kubectl('logs', '--namespace', inNamespace, 'deployment/shop', '--container', 'app');
}

describe('kinds of applications', () => {
  before(() => installOperator());

  for (const [name, { spec, answers, says }] of Object.entries(kinds)) {
    test(name, async () => {
      await using ns = await namespace(restricted);
      const logging = { format: 'text', accessLog: true };
      await create(appServer(ns.name, { image: testImageNames.kinds, replicas: 1, logging, ...spec }));
      const ready = await untilReady(ns.name);
      assert.match(condition(ready, 'Ready')?.message ?? '', says);
      const url = await serviceUrl(ns.name);
      const body = await eventually('an answer', async () => {
        try {
          return await (await fetch(url, { headers: { connection: 'close' } })).text();
        } catch {
          return undefined; // kube-proxy may follow a moment after Ready
        }
      });
      assert.equal(body, answers);
      if (answers === 'command') return;
      await eventually('the request in the log', async () =>
        /GET \/ 200/.test(await log(ns.name)) ? true : undefined,
      );
      if (answers === 'asgi') assert.match(await log(ns.name), /migrated/);
    });
  }
});
