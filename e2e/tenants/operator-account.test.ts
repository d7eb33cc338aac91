// What somebody with the operator's own token can do, and that the operator itself is not held up by it.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { path, resourceType, type KubeClient, type KubeObject } from '../../src/kube/index.ts';
import { childKinds, childTypes, optionalKinds, replicaSetType } from '../../src/operator/model/kinds.ts';
import { applyAs, client, clientAs, eventually, get, list, merge, types } from '../harness/api.ts';
import { appServer, untilReady } from '../harness/appserver.ts';
import { installOperator, operatorNamespace, release } from '../harness/operator.ts';
import { apply, create, forbidden, operatorsAccount, patch, tenant, untilForbidden, type Tenant } from './roles.ts';

const coreEvent = resourceType('v1', 'Event');
const leaseType = resourceType('coordination.k8s.io/v1', 'Lease');

const labels = (instance: string): Record<string, string> => ({
  'app.kubernetes.io/managed-by': 'appserver-operator',
  'app.kubernetes.io/instance': instance,
});
const controller = (name: string, changes: object = {}): object => ({
  apiVersion: 'appserver.dev/v1alpha1',
  kind: 'AppServer',
  name,
  uid: '11111111-1111-1111-1111-111111111111',
  controller: true,
  ...changes,
});

const says = /the operator may write and delete only objects whose controller is the AppServer that their label/;
const mayNotTakeOver = /the operator may take over only objects without a controller that have the labels of a child/;

/** Metadata of what looks like a child and is none. */
const forgeries: Record<string, object> = {
  'nobody owns': { labels: labels('shop') },
  'another AppServer owns': { labels: labels('shop'), ownerReferences: [controller('other')] },
  'no label names': { ownerReferences: [controller('shop')] },
  'an owner has that is no controller': {
    labels: labels('shop'),
    ownerReferences: [controller('shop', { controller: false })],
  },
  'a Deployment of that name owns': {
    labels: labels('shop'),
    ownerReferences: [controller('shop', { apiVersion: 'apps/v1', kind: 'Deployment' })],
  },
  'an AppServer of another group owns': {
    labels: labels('shop'),
    ownerReferences: [controller('shop', { apiVersion: 'example.com/v1' })],
  },
};

/** The least that the API server takes, for each kind. */
const specs: Readonly<Record<string, object>> = {
  Deployment: {
    spec: {
      replicas: 0,
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'a', image: 'a' }] } },
    },
  },
  Service: { spec: { ports: [{ port: 80 }] } },
  Ingress: { spec: { defaultBackend: { service: { name: 'a', port: { number: 80 } } } } },
  NetworkPolicy: { spec: { podSelector: {} } },
  HorizontalPodAutoscaler: {
    spec: { maxReplicas: 1, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' } },
  },
  PodDisruptionBudget: { spec: { minAvailable: 0 } },
};

const always = childKinds.filter((kind) => !optionalKinds.has(kind));

describe("the operator's account", { concurrency: 1 }, () => {
  let team: Tenant;
  let operator: KubeClient;
  before(async () => {
    await installOperator();
    team = await tenant('a');
    operator = clientAs(operatorsAccount);
    const object = made('ConfigMap', 'probe', {});
    await untilForbidden(() => create(types.ConfigMap, object, { as: operator, dryRun: true }), says);
  });
  after(() => team[Symbol.asyncDispose]());

  function made(kind: (typeof childKinds)[number], name: string, metadata: object): KubeObject {
    const { apiVersion } = childTypes[kind];
    return { apiVersion, kind, metadata: { name, namespace: team.namespace, ...metadata }, ...specs[kind] };
  }

  for (const kind of always) {
    test(`creates no ${kind} that is not a child`, async () => {
      for (const [what, metadata] of Object.entries(forgeries)) {
        const attempt = create(childTypes[kind], made(kind, 'forged', metadata), { as: operator, dryRun: true });
        await forbidden(attempt, says).catch((error: unknown) => {
          throw new Error(`a ${kind} that ${what}`, { cause: error });
        });
      }
      const child = made(kind, 'child', { labels: labels('shop'), ownerReferences: [controller('shop')] });
      await create(childTypes[kind], child, { as: operator, dryRun: true });
    });

    test(`changes, takes over and deletes no ${kind} of others`, async () => {
      const foreign = await create(childTypes[kind], made(kind, 'foreign', {}), { as: client });
      const change = { metadata: { annotations: { team: 'x' } } };
      await forbidden(patch(childTypes[kind], foreign, change, { as: operator, dryRun: true }), says);
      const claim = { metadata: { labels: labels('shop'), ownerReferences: [controller('shop')] } };
      await forbidden(patch(childTypes[kind], foreign, claim, { as: operator, dryRun: true }), mayNotTakeOver);
      const remove = operator.json({
        method: 'DELETE',
        path: path(childTypes[kind], team.namespace, 'foreign'),
        body: { apiVersion: 'v1', kind: 'DeleteOptions', dryRun: ['All'] },
      });
      await forbidden(remove, says);

      const adopt = { metadata: { annotations: { 'appserver.dev/adopt-as-child-of': 'shop' } } };
      await patch(childTypes[kind], foreign, adopt, { as: client });
      await patch(childTypes[kind], foreign, claim, { as: operator, dryRun: true });
      const other = { metadata: { labels: labels('other'), ownerReferences: [controller('other')] } };
      await forbidden(patch(childTypes[kind], foreign, other, { as: operator, dryRun: true }), mayNotTakeOver);
    });
  }

  test('deletes what is replaced where its owner has offered it, and nothing else of nobody', async () => {
    const theirs = { app: 'before' };
    const spec = {
      ...{ replicas: 0, selector: { matchLabels: theirs } },
      template: { metadata: { labels: theirs }, spec: { containers: [{ name: 'app', image: 'x' }] } },
    };
    const replicaSet = { apiVersion: replicaSetType.apiVersion, kind: 'ReplicaSet', spec };
    const annotations = { 'appserver.dev/adopt-as-child-of': 'shop' };
    const dryRun = (name: string): Promise<unknown> =>
      operator.json({
        method: 'DELETE',
        path: path(replicaSetType, team.namespace, name),
        body: { apiVersion: 'v1', kind: 'DeleteOptions', dryRun: ['All'] },
      });
    for (const [name, metadata] of Object.entries({ theirs: {}, offered: { annotations } })) {
      const object = { ...replicaSet, metadata: { name, namespace: team.namespace, ...metadata } };
      await create(replicaSetType, object, { as: client });
    }
    await forbidden(dryRun('theirs'), says);
    await dryRun('offered');
  });

  test('takes no child of one AppServer for another', async () => {
    // Its owner does not exist: without a finalizer the garbage collector would take it before it is looked at.
    const finalizers = ['example.com/stays'];
    const child = made('ConfigMap', 'owned', {
      ...{ labels: labels('shop'), finalizers },
      ownerReferences: [controller('shop')],
    });
    const owned = await create(types.ConfigMap, child, { as: client });
    const steal = {
      metadata: {
        labels: labels('evil'),
        ownerReferences: [controller('evil', { uid: '22222222-2222-2222-2222-222222222222' })],
      },
    };
    await forbidden(patch(types.ConfigMap, owned, steal, { as: operator, dryRun: true }), mayNotTakeOver);
    await patch(types.ConfigMap, owned, { metadata: { finalizers: null } }, { as: client });
  });

  test('writes nothing into kube-system', async () => {
    const object = made('ConfigMap', 'forged', { namespace: 'kube-system' });
    await forbidden(create(types.ConfigMap, object, { as: operator, dryRun: true }), says);
  });

  test('writes no Lease but its own', async () => {
    const lease = (namespace: string, name: string): KubeObject => ({
      ...{ apiVersion: leaseType.apiVersion, kind: 'Lease' },
      metadata: { name, namespace },
    });
    const refused = /the operator may write no Lease but its own|cannot create resource "leases"/;
    for (const [namespace, name] of [
      [operatorNamespace, 'other'],
      ['kube-system', release],
    ] as const) {
      await forbidden(create(leaseType, lease(namespace, name), { as: operator, dryRun: true }), refused);
    }
  });

  test('writes no Secret but its own key, and that once', async () => {
    const secret = (namespace: string, name: string): KubeObject => ({
      ...{ apiVersion: 'v1', kind: 'Secret' },
      metadata: { name, namespace },
    });
    const refused = /the operator may create no Secret but its own key|cannot create resource "secrets"/;
    await forbidden(create(types.Secret, secret(operatorNamespace, 'other'), { as: operator, dryRun: true }), refused);
    await forbidden(create(types.Secret, secret(team.namespace, 'other'), { as: operator, dryRun: true }), refused);
    // Whether there is one already says nothing of the right.
    await create(types.Secret, secret(operatorNamespace, `${release}-key`), { as: operator, dryRun: true }).catch(
      (error: unknown) => assert.match(String(error), /already exists/),
    );
  });

  test('sends events about AppServers of the same namespace alone', async () => {
    const event = (involvedObject: object): KubeObject => ({
      ...{ apiVersion: 'v1', kind: 'Event' },
      metadata: { name: 'forged', namespace: team.namespace },
      ...{ reason: 'X', type: 'Warning', message: 'x', involvedObject },
    });
    const shop = { apiVersion: 'appserver.dev/v1alpha1', kind: 'AppServer', namespace: team.namespace, name: 'shop' };
    await create(coreEvent, event(shop), { as: operator, dryRun: true });
    for (const change of [{ kind: 'Pod', apiVersion: 'v1' }, { apiVersion: 'example.com/v1' }]) {
      const attempt = create(coreEvent, event({ ...shop, ...change }), { as: operator, dryRun: true });
      await forbidden(attempt, /the operator may send events only about AppServers of the same namespace/);
    }
  });

  test('writes no AppServer', async () => {
    const attempt = create(types.AppServer, appServer(team.namespace), { as: operator, dryRun: true });
    await forbidden(attempt, /may write nothing of an AppServer but its status|cannot create resource "appservers"/);
  });

  test('does its own work: children of every kind, adoption, repair, deletion', async () => {
    const annotations = { 'appserver.dev/adopt-as-child-of': 'shop' };
    await applyAs(types.Service, made('Service', 'shop', { annotations }));
    const everything = {
      replicas: 1,
      resources: { requests: { cpu: '10m' } },
      autoscaling: { minReplicas: 1, maxReplicas: 2 },
      ingress: { hosts: ['shop.example.com'] },
      networkPolicy: { from: [{ podSelector: {} }] },
    };
    await create(types.AppServer, appServer(team.namespace, everything), { as: client });
    const { metadata } = await untilReady(team.namespace);
    const owned = (object: KubeObject | undefined): true | undefined =>
      object?.metadata.ownerReferences?.[0]?.uid === metadata.uid ? true : undefined;
    const names: Readonly<Record<string, string>> = { ConfigMap: 'shop-live' };
    for (const kind of always.filter((one) => one !== 'ServiceAccount')) {
      await eventually(`a ${kind}`, async () =>
        owned(await get(childTypes[kind], team.namespace, names[kind] ?? 'shop')),
      );
    }
    // Its label and a field at once: what is added is taken away before the label is put right.
    await merge(types.Service, team.namespace, 'shop', {
      metadata: { labels: { 'app.kubernetes.io/instance': 'wrong' } },
      spec: {
        ports: [
          { name: 'http', port: 80, targetPort: 'http' },
          { name: 'extra', port: 99 },
        ],
      },
    });
    await eventually('repaired', async () => {
      const service = await get(types.Service, team.namespace, 'shop');
      if (service === undefined) return undefined;
      const { ports } = service['spec'] as { ports: object[] };
      return ports.length === 1 && service.metadata.labels?.['app.kubernetes.io/instance'] === 'shop'
        ? true
        : undefined;
    });
    await merge(types.AppServer, team.namespace, 'shop', { spec: { ingress: null, networkPolicy: null } });
    for (const kind of ['Ingress', 'NetworkPolicy'] as const) {
      await eventually(`no ${kind}`, async () => {
        const left = await list(childTypes[kind], team.namespace);
        return left.some((object) => object.metadata.name === 'shop') ? undefined : true;
      });
    }
    await untilReady(team.namespace);
  });
});

describe("the operator's field manager", { concurrency: 1 }, () => {
  let team: Tenant;
  before(async () => {
    await installOperator();
    team = await tenant('a');
    await create(types.AppServer, appServer(team.namespace, { replicas: 0 }), { as: client });
    await eventually('a Deployment', () => get(types.Deployment, team.namespace, 'shop'));
  });
  after(() => team[Symbol.asyncDispose]());

  const refused = /the field manager appserver-operator is the operator's, and of those who may .*; use another name/;

  for (const fieldManager of ['appserver-operator', 'appserver-operator-replicas']) {
    test(`is refused to others: ${fieldManager}`, async () => {
      const live = await get(types.Deployment, team.namespace, 'shop');
      assert.ok(live);
      const { labels: theirs } = live.metadata;
      const metadata = { name: 'shop', namespace: team.namespace };
      // Without the labels it would be no child any more, and with them it would pass for one.
      const deployment: KubeObject = { ...live, metadata: { ...metadata, ...(theirs && { labels: theirs }) } };
      const unlabelled: KubeObject = { ...live, metadata };
      const { editor } = team;
      for (const object of [deployment, unlabelled]) {
        await untilForbidden(
          () => apply(types.Deployment, object, { as: editor, dryRun: true, fieldManager }),
          refused,
        );
      }
      const change = { spec: { replicas: 0 } };
      await forbidden(patch(types.Deployment, deployment, change, { as: editor, dryRun: true, fieldManager }), refused);
      // Another operator, and whoever may write its reports.
      await apply(types.Deployment, deployment, { as: client, dryRun: true, fieldManager });
      await apply(types.Deployment, deployment, { as: team.editor, dryRun: true, fieldManager: 'helm' });
    });
  }
});
