// What is asked of the API server about a Deployment that an AppServer takes the place of, and when.
import assert from 'node:assert/strict';
import { KubeConfig } from '@kubernetes/client-node';
import { pino } from 'pino';
import { describe, test } from 'node:test';
import { EventRecorder, KubeClient, type KubeObject } from '../../../src/kube/index.ts';
import type { Call } from '../../../src/kube/client.ts';
import { ReplacedDeployments } from '../../../src/operator/reconcile/replaced-deployment.ts';
import type { Subject } from '../../../src/operator/reconcile/subject.ts';
import { appServer, facts, ownedBy, stored } from '../../builders.ts';

class Recorder extends KubeClient {
  readonly calls: string[] = [];
  readonly replicaSets: KubeObject[];

  constructor(replicaSets: KubeObject[]) {
    const config = new KubeConfig();
    config.loadFromClusterAndUser(
      { name: 'none', server: 'https://127.0.0.1:1', skipTLSVerify: true },
      { name: 'nobody' },
    );
    super(config);
    this.replicaSets = replicaSets;
  }

  override json({ method, path, body }: Call): Promise<unknown> {
    if (method === 'POST') return Promise.resolve({});
    const how = (body as { propagationPolicy?: string } | undefined)?.propagationPolicy ?? '';
    this.calls.push(`${method} ${path.slice(path.lastIndexOf('/') + 1)} ${how}`.trim());
    return Promise.resolve(method === 'GET' ? { items: this.replicaSets } : {});
  }
}

const app = appServer();
const annotations = { 'appserver.dev/adopt-as-child-of': 'shop' };
const deployment: KubeObject = {
  ...{ apiVersion: 'apps/v1', kind: 'Deployment' },
  metadata: { name: 'shop', namespace: 'web', uid: 'd', resourceVersion: '7', annotations },
};
const replicaSet = (metadata: object): KubeObject => ({
  ...{ apiVersion: 'apps/v1', kind: 'ReplicaSet', spec: { replicas: 2 } },
  metadata: { name: 'shop-1', namespace: 'web', uid: 'r', resourceVersion: '8', ...metadata },
});
const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'shop', uid: 'd', controller: true }];

const service = (metadata: object): KubeObject =>
  stored(ownedBy(app, { apiVersion: 'v1', kind: 'Service', metadata: { name: 'shop', ...metadata } }));
const own = (ready: number): KubeObject =>
  stored(
    ownedBy(app, {
      ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'shop' }, spec: { replicas: 2 } },
      status: { replicas: 2, updatedReplicas: 2, readyReplicas: ready },
    }),
  );

function world(...replicaSets: KubeObject[]): {
  client: Recorder;
  replaced: ReplacedDeployments;
  subject: Subject;
  pass: (ms: number) => void;
} {
  const client = new Recorder(replicaSets);
  let now = 1_000;
  const events = new EventRecorder({
    client,
    controller: 'test',
    instance: 'test',
    now: () => now,
    date: () => new Date(now),
    onError: assert.ifError,
  });
  const object: KubeObject = {
    apiVersion: app.apiVersion,
    kind: app.kind,
    metadata: { name: 'shop', namespace: 'web' },
  };
  return {
    client,
    replaced: new ReplacedDeployments({ client, events, uptimeMs: () => now }),
    subject: { key: 'web/shop', object, app, log: pino({ level: 'silent' }) },
    pass: (ms) => (now += ms),
  };
}

describe('a Deployment that is replaced', () => {
  test('goes without its ReplicaSets', async () => {
    const { client, replaced, subject } = world(replicaSet({ annotations, ownerReferences }));
    await replaced.orphan(subject, deployment);
    assert.deepEqual(client.calls, ['GET replicasets', 'DELETE shop Orphan']);
  });

  test('stays until its ReplicaSets can be told from others without it', async () => {
    const { client, replaced, subject } = world(replicaSet({ ownerReferences }));
    await replaced.orphan(subject, deployment);
    assert.deepEqual(client.calls, ['GET replicasets']);
  });
});

describe('what it leaves', () => {
  const serving = facts({ app, children: [service({ annotations }), own(2)] });
  const left = replicaSet({ annotations });

  test('goes a while after the Service leads elsewhere, and is not looked for again', async () => {
    const { client, replaced, subject, pass } = world(left, replicaSet({ name: 'other' }));
    assert.equal(await replaced.clear(subject, serving), 15_000);
    pass(14_000);
    assert.equal(await replaced.clear(subject, serving), 1_000);
    assert.deepEqual(client.calls, []);
    pass(1_000);
    assert.equal(await replaced.clear(subject, serving), undefined);
    assert.equal(await replaced.clear(subject, serving), undefined);
    assert.deepEqual(client.calls, ['GET replicasets', 'DELETE shop-1 Background']);
  });

  for (const [name, children] of Object.entries({
    'stays while pods of the AppServer are not ready': [service({ annotations }), own(1)],
    'stays where the Service has not been adopted, since another one may lead to it': [service({}), own(2)],
  })) {
    test(`${name}, and nothing is asked`, async () => {
      const { client, replaced, subject, pass } = world(left);
      const given = facts({ app, children });
      assert.equal(await replaced.clear(subject, given), undefined);
      pass(60_000);
      assert.equal(await replaced.clear(subject, given), undefined);
      assert.deepEqual(client.calls, []);
    });
  }
});
