import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { KubeObject } from '../../../src/kube/index.ts';
import { adoptionOf, areOffered, hasAdopted, leftOf } from '../../../src/operator/decide/adoption.ts';
import { childrenIn, appServer, facts, ownedBy, stored } from '../../builders.ts';

const app = appServer({ ingress: { hosts: ['shop.example.com'] }, networkPolicy: { from: [{ podSelector: {} }] } });
const offer = { 'appserver.dev/adopt-as-child-of': 'shop' };
const children = childrenIn(facts({ app }));

const deploymentWith = (ready: number, wanted = 2): KubeObject =>
  stored(
    ownedBy(app, {
      ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'shop' }, spec: { replicas: wanted } },
      status: { replicas: wanted, updatedReplicas: wanted, readyReplicas: ready },
    }),
  );

/** What stands under the child's name, and what is done about it. */
function adopted(kind: string, changes: object, given: readonly KubeObject[]): string {
  const child = children.find((one) => one.kind === kind);
  assert.ok(child);
  const metadata = { name: 'shop', namespace: 'web', annotations: offer };
  const found: KubeObject = { ...child, metadata, ...changes };
  return adoptionOf(found, child, facts({ app, children: given }));
}

const others = { spec: { selector: { app: 'before' } } };
const othersPods = { spec: { selector: { matchLabels: { app: 'before' } } } };
const none: readonly KubeObject[] = [];
const half = [deploymentWith(1)];
const all = [deploymentWith(2)];

describe('an object that is offered for adoption', () => {
  for (const [name, [kind, changes, given, expected]] of Object.entries({
    'a Service of other pods waits while there are none of the AppServer': ['Service', others, none, 'wait'],
    'a Service of other pods waits while some are not ready': ['Service', others, half, 'wait'],
    'a Service of other pods is adopted once all are ready': ['Service', others, all, 'adopt'],
    'a Service of other pods is adopted where no pods are wanted': [
      ...(['Service', others, [deploymentWith(0, 0)], 'adopt'] as const),
    ],
    'a Service of the same pods is adopted at once': ['Service', {}, none, 'adopt'],
    'an Ingress waits for what it leads to': ['Ingress', {}, half, 'wait'],
    'an Ingress is adopted once that serves': ['Ingress', {}, all, 'adopt'],
    'a NetworkPolicy waits, since the pods of before need it': ['NetworkPolicy', {}, half, 'wait'],
    'a ConfigMap is adopted at once': ['ConfigMap', {}, none, 'adopt'],
    'a Deployment with the same selector is adopted at once': ['Deployment', {}, none, 'adopt'],
    'a Deployment with another selector is replaced': ['Deployment', othersPods, none, 'replace'],
    'a Service of other pods that only lacks its owner is put right at once': [
      ...(['Service', { ...others, metadata: { name: 'shop', namespace: 'web' } }, none, 'adopt'] as const),
    ],
    'a Deployment with another selector that only has the labels of a child is not replaced': [
      ...(['Deployment', { ...othersPods, metadata: { name: 'shop', namespace: 'web' } }, none, 'adopt'] as const),
    ],
  } as const)) {
    test(name, () => assert.equal(adopted(kind, changes, given), expected));
  }

  test('is known by its annotation for as long as it is a child', () => {
    const service = (annotations?: Record<string, string>): KubeObject =>
      stored(
        ownedBy(app, {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { name: 'shop', ...(annotations && { annotations }) },
        }),
      );
    assert.equal(hasAdopted(facts({ app, children: [service(offer)] })), true);
    assert.equal(hasAdopted(facts({ app, children: [service()] })), false);
    const another = { 'appserver.dev/adopt-as-child-of': 'other' };
    assert.equal(hasAdopted(facts({ app, children: [service(another)] })), false);
  });
});

describe('ReplicaSets of a Deployment that is replaced', () => {
  const deployment: KubeObject = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'shop', uid: 'd' } };
  const controlled = [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'shop', uid: 'd', controller: true }];
  const replicaSet = (replicas: number, metadata: object): KubeObject => ({
    ...{ apiVersion: 'apps/v1', kind: 'ReplicaSet', spec: { replicas } },
    metadata: { name: 'shop-1', ...metadata },
  });
  const offered = replicaSet(2, { annotations: offer, ownerReferences: controlled });
  const notYet = replicaSet(2, { ownerReferences: controlled });

  for (const [name, [replicaSets, expected]] of Object.entries({
    'are offered as it is, once its controller has copied its annotation': [[offered], true],
    'are not offered before that': [[notYet], false],
    'are offered where only those without pods are not': [
      [offered, replicaSet(0, { ownerReferences: controlled })],
      true,
    ],
    'are no others': [[offered, replicaSet(2, {})], true],
  } as const)) {
    test(name, () => assert.equal(areOffered(replicaSets, deployment, 'shop'), expected));
  }

  test('are left when nobody controls them any more, and nothing else is', () => {
    const left = replicaSet(2, { name: 'left', annotations: offer });
    const rest = [
      offered,
      replicaSet(2, { name: 'of nobody' }),
      replicaSet(2, { name: 'of another', annotations: { 'appserver.dev/adopt-as-child-of': 'other' } }),
      replicaSet(2, { name: 'on its way out', annotations: offer, deletionTimestamp: '2026-01-02T03:04:05Z' }),
    ];
    assert.deepEqual(leftOf([...rest, left], 'shop'), [left]);
  });
});
