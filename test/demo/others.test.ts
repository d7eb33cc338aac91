import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runLabel } from '../../scripts/demo/ledger.ts';
import { othersIn } from '../../scripts/demo/others.ts';
import type { KubeObject, Metadata } from '../../src/kube/index.ts';

const object = (kind: string, metadata: Metadata): KubeObject => ({ apiVersion: 'v1', kind, metadata });

const cases: Record<string, { readonly object: KubeObject; readonly others: boolean }> = {
  'what this run made': {
    object: object('ServiceAccount', { name: 'robot', labels: { [runLabel]: 'r1' } }),
    others: false,
  },
  'what another run made': {
    object: object('ServiceAccount', { name: 'robot', labels: { [runLabel]: 'r2' } }),
    others: true,
  },
  'what somebody put there': { object: object('ConfigMap', { name: 'settings' }), others: true },
  'what goes with its owner': {
    object: object('Pod', {
      name: 'shop-1',
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'shop', uid: 'u' }],
    }),
    others: false,
  },
  'what every namespace has': { object: object('ConfigMap', { name: 'kube-root-ca.crt' }), others: false },
  'another kind under such a name': { object: object('Secret', { name: 'kube-root-ca.crt' }), others: true },
  'an event': { object: object('Event', { name: 'shop.17' }), others: false },
  "the operator's Lease": { object: object('Lease', { name: 'appserver-operator' }), others: false },
  'a Secret that the operator made': { object: object('Secret', { name: 'appserver-operator-key' }), others: false },
  'an account under the name of the operator': {
    object: object('ServiceAccount', { name: 'appserver-operator' }),
    others: true,
  },
  'a name that begins like the operator': { object: object('Secret', { name: 'appserver-operators' }), others: true },
};

for (const [name, { object: one, others }] of Object.entries(cases)) {
  test(`${name} is ${others ? '' : 'not '}somebody else's`, () => {
    const elsewhere = [object('ConfigMap', { name: 'kube-root-ca.crt' })];
    const found = othersIn({ objects: [one], elsewhere, run: 'r1', operator: 'appserver-operator' });
    assert.deepEqual(found, others ? [one] : []);
  });
}
