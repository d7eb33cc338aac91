// What is an AppServer's, whatever others write into their own objects.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, test } from 'node:test';
import { keyOf, type KubeObject } from '../../../src/kube/index.ts';
import { stamped } from '../../../src/operator/children/stamp.ts';
import { plan } from '../../../src/operator/decide/plan.ts';
import { childrenOf } from '../../../src/operator/model/identity.ts';
import { childKinds } from '../../../src/operator/model/kinds.ts';
import { emptyCaches, type Caches } from '../../../src/operator/observe/caches.ts';
import { gather } from '../../../src/operator/observe/gather.ts';
import { report } from '../../../src/operator/status/conditions.ts';
import { childrenIn, appServer, facts, ownedBy, pod, release, stored } from '../../builders.ts';

const app = appServer();
const own = ownedBy(app, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'shop' } });
const [owner] = own.metadata.ownerReferences ?? [];
assert.ok(owner);

const withMetadata = (metadata: object): KubeObject => ({ ...own, metadata: { ...own.metadata, ...metadata } });
const ownedAs = (changes: object): KubeObject => withMetadata({ ownerReferences: [{ ...owner, ...changes }] });

const cases: Record<string, { object: KubeObject; is: 'living' | 'terminating' | 'none' }> = {
  'one that it controls': { object: own, is: 'living' },
  'one that is on its way out': { object: withMetadata({ deletionTimestamp: 'now' }), is: 'terminating' },
  'one of another namespace with its owner reference': { object: withMetadata({ namespace: 'other' }), is: 'none' },
  'one of an AppServer of the same name before it': { object: ownedAs({ uid: 'uid-0' }), is: 'none' },
  'one of another AppServer under its uid': { object: ownedAs({ name: 'other' }), is: 'none' },
  'one of another kind under its uid': { object: ownedAs({ kind: 'Deployment' }), is: 'none' },
  'one of another API under its uid': { object: ownedAs({ apiVersion: 'appserver.example/v1alpha1' }), is: 'none' },
  'one that names it as an owner that does not control': { object: ownedAs({ controller: false }), is: 'none' },
  'one without an owner': { object: withMetadata({ ownerReferences: [] }), is: 'none' },
};

describe('of an AppServer are', () => {
  for (const [name, { object, is }] of Object.entries(cases)) {
    test(`${name}: ${is}`, () => {
      const { living, terminating } = childrenOf([object], app);
      assert.deepEqual(
        { living: living.length, terminating: terminating.length },
        {
          living: is === 'living' ? 1 : 0,
          terminating: is === 'terminating' ? 1 : 0,
        },
      );
    });
  }
});

const children = childrenIn(facts({ app })).map(stamped).map(stored);

function fill(caches: Caches, objects: readonly KubeObject[]): Caches {
  for (const kind of childKinds) {
    for (const object of objects.filter((one) => one.kind === kind))
      caches.children[kind].set(keyOf(object), object, '1');
  }
  return caches;
}

/** What is made of all that is known. */
function outcome(caches: Caches): unknown {
  const given = gather(app, caches, { release, claim: 'a/b' }, new Date(0));
  const { steps, prune, blocked } = plan(childrenIn(given).map(stamped), given);
  return { steps, prune, blocked, status: report(given).status };
}

const annotation = fc.constantFrom(
  'appserver.dev/runtime-image',
  'appserver.dev/proxy-image',
  'appserver.dev/layout',
  'appserver.dev/template-hash',
  'appserver.dev/contents',
  'appserver.dev/applied-hash',
  'appserver.dev/adopt-as-child-of',
);

interface Forgery {
  readonly child: KubeObject;
  readonly deletionTimestamp: string | undefined;
  readonly namespace: string;
  readonly name: string;
  readonly annotations: Record<string, string>;
}

function forged({ child, deletionTimestamp, ...metadata }: Forgery): KubeObject {
  const going = deletionTimestamp !== undefined && { deletionTimestamp };
  return { ...child, metadata: { ...child.metadata, ...metadata, ...going } };
}

/** An object of somebody in another namespace, as like the AppServer's own as its writer can make it. */
const foreign = fc
  .record({
    child: fc.constantFrom(...children),
    namespace: fc.constantFrom('a', 'wea', 'webb', 'z', ''),
    annotations: fc.dictionary(annotation, fc.constantFrom('evil.example/runtime:0.1.0', '1', '2', '{}', 'shop')),
    deletionTimestamp: fc.option(fc.constant('2026-01-01T00:00:00Z'), { nil: undefined }),
    name: fc.constantFrom('shop', 'shop-live', 'other'),
  })
  .map(forged);

test('for any objects in other namespaces, plan and status are what they are without them', () => {
  fc.assert(
    fc.property(fc.array(foreign, { maxLength: 12 }), fc.subarray(children), (others, there) => {
      const alone = outcome(fill(emptyCaches(), there));
      const among = fill(fill(emptyCaches(), others), there);
      for (const namespace of ['a', 'z']) {
        const stranger = pod('shop-1', { namespace, labels: { 'app.kubernetes.io/instance': 'shop' }, ready: true });
        among.pods.set(`${namespace}/shop-1`, stranger, '1');
      }
      assert.deepEqual(outcome(among), alone);
    }),
    { numRuns: 500 },
  );
});
