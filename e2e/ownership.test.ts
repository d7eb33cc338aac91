// Whose children are: deletion, orphaning, creation under the same name, objects that stand in the way.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { path } from '../src/kube/index.ts';
import { applyAs, client, destroy, eventually, get, list, merge, types } from './harness/api.ts';
import {
  appServer,
  create,
  namespace,
  podUids,
  restricted,
  serviceUrl,
  untilNotes,
  untilReady,
  untilReason,
} from './harness/appserver.ts';
import { startLoad } from './harness/load.ts';
import { installOperator, kubectl } from './harness/operator.ts';

const ownerOf = async (inNamespace: string): Promise<string | undefined> =>
  (await get(types.Deployment, inNamespace, 'shop'))?.metadata.ownerReferences?.[0]?.uid;

async function untilGone(inNamespace: string): Promise<void> {
  await eventually('it is gone', async () =>
    (await get(types.AppServer, inNamespace, 'shop')) === undefined ? true : undefined,
  );
}

/** As `kubectl delete --cascade=...` */
async function remove(inNamespace: string, propagationPolicy: 'Orphan' | 'Foreground' | 'Background'): Promise<void> {
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy };
  await client.json({ method: 'DELETE', path: path(types.AppServer, inNamespace, 'shop'), body });
}

describe('ownership', { concurrency: 1 }, () => {
  before(() => installOperator());

  test('refuses to take over an object that is not its own, and takes the name when it is free', async () => {
    await using ns = await namespace();
    await applyAs(types.Service, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'shop', namespace: ns.name },
      spec: { ports: [{ port: 80 }] },
    });
    await create(appServer(ns.name, { replicas: 1 }));
    const blocked = await untilReason(ns.name, 'NameConflict');
    assert.match(
      blocked.message,
      /Service shop exists and is not controlled by this AppServer; delete or rename that Service, annotate it with appserver\.dev\/adopt-as-child-of: shop to/,
    );
    assert.equal((await get(types.Service, ns.name, 'shop'))?.metadata.ownerReferences, undefined);
    await destroy(types.Service, ns.name, 'shop');
    await untilReady(ns.name);
  });

  test('takes over an object that says so', async () => {
    await using ns = await namespace(restricted);
    const annotations = { 'appserver.dev/adopt-as-child-of': 'shop' };
    const metadata = { name: 'shop', namespace: ns.name, annotations };
    const spec = { ports: [{ name: 'http', port: 80 }], selector: { app: 'before' } };
    await applyAs(types.Service, { apiVersion: 'v1', kind: 'Service', metadata, spec });
    await create(appServer(ns.name, { replicas: 1 }));
    await untilReady(ns.name);
    const service = await get(types.Service, ns.name, 'shop');
    assert.equal(service?.metadata.ownerReferences?.[0]?.kind, 'AppServer');
    assert.deepEqual((service['spec'] as { selector: object }).selector, {
      'app.kubernetes.io/name': 'appserver',
      'app.kubernetes.io/instance': 'shop',
    });
  });

  test('takes the place of the Deployment and Service of a chart under load, and no request is lost', async (t) => {
    await using ns = await namespace(restricted);
    const annotations = { 'appserver.dev/adopt-as-child-of': 'shop' };
    const metadata = { name: 'shop', namespace: ns.name, annotations };
    const pods = { app: 'before' };
    // As an AppServer makes it, and with the labels and the port of somebody else.
    await create(appServer(ns.name, {}, 'pattern'));
    await untilReady(ns.name, 'pattern');
    const pattern = await get(types.Deployment, ns.name, 'pattern');
    assert.ok(pattern);
    const { template } = pattern['spec'] as { template: { spec: { containers: { ports: object[] }[] } } };
    const [container] = template.spec.containers;
    assert.ok(container);
    const ports = [
      { name: 'web', containerPort: 8000 },
      { name: 'admin', containerPort: 9000 },
    ];
    const theirs = { ...container, ports };
    const spec = {
      replicas: 2,
      selector: { matchLabels: pods },
      template: { metadata: { labels: pods }, spec: { ...template.spec, containers: [theirs] } },
    };
    await applyAs(types.Deployment, { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec });
    await applyAs(types.Service, {
      ...{ apiVersion: 'v1', kind: 'Service', metadata },
      spec: { ports: [{ name: 'http', port: 80, targetPort: 'web' }], selector: pods },
    });
    await kubectl('rollout', 'status', 'deployment/shop', '-n', ns.name, '--timeout=60s');
    await using load = startLoad({ url: await serviceUrl(ns.name), rate: 60, connections: 'fresh' });
    const ofBefore = async (): Promise<number> =>
      (await list(types.Pod, ns.name)).filter((pod) => pod.metadata.labels?.['app'] === 'before').length;

    await create(appServer(ns.name));
    await untilReady(ns.name);
    const service = await get(types.Service, ns.name, 'shop');
    assert.equal(service?.metadata.ownerReferences?.[0]?.kind, 'AppServer');
    assert.equal(await ofBefore(), 2, 'they go only once nothing leads to them');
    await eventually('no pods of before', async () => ((await ofBefore()) === 0 ? true : undefined));
    const { sent, lost } = await load.stop();
    t.diagnostic(`${sent} sent, ${lost.length} lost`);
    assert.deepEqual(lost, []);
    const notes = await untilNotes(ns.name, 'Pruned');
    assert.match(notes.join('; '), /Deployment shop has another selector .*; ReplicaSet shop-\S+ is what was left/);
  });

  test('children that are orphaned serve on, and become those of one that is made under the same name', async () => {
    await using ns = await namespace(restricted);
    await create(appServer(ns.name));
    const first = await untilReady(ns.name);
    const earlier = await podUids(ns.name);
    await remove(ns.name, 'Orphan');
    await untilGone(ns.name);
    assert.equal(await ownerOf(ns.name), undefined);
    assert.deepEqual(await podUids(ns.name), earlier);

    await create(appServer(ns.name));
    const second = await untilReady(ns.name);
    assert.notEqual(second.metadata.uid, first.metadata.uid);
    assert.equal(await ownerOf(ns.name), second.metadata.uid);
    assert.deepEqual(await podUids(ns.name), earlier);
  });

  for (const policy of ['Background', 'Foreground'] as const) {
    test(`one that is made again while the old children are deleted (${policy}) gets children of its own`, async () => {
      await using ns = await namespace(restricted);
      await create(appServer(ns.name, { replicas: 1 }));
      await untilReady(ns.name);
      const earlier = await podUids(ns.name);
      await remove(ns.name, policy);
      await eventually('its name free', async () => {
        await client.json({ method: 'POST', path: path(types.AppServer, ns.name), body: appServer(ns.name) });
        return true;
      });
      const second = await untilReady(ns.name);
      assert.equal(await ownerOf(ns.name), second.metadata.uid);
      // The garbage collector comes to the old ones when it does.
      await eventually('pods of its own alone', async () =>
        (await podUids(ns.name)).every((uid) => !earlier.includes(uid)) ? true : undefined,
      );
    });
  }

  test('an owner reference that somebody takes off is put back, and no pod is replaced', async () => {
    await using ns = await namespace(restricted);
    await create(appServer(ns.name, { replicas: 1 }));
    const { metadata } = await untilReady(ns.name);
    const earlier = await podUids(ns.name);
    await merge(types.Deployment, ns.name, 'shop', { metadata: { ownerReferences: null } });
    await eventually('put back', async () => ((await ownerOf(ns.name)) === metadata.uid ? true : undefined));
    await untilReady(ns.name);
    assert.deepEqual(await podUids(ns.name), earlier);
  });
});
