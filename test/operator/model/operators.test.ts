import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { claimsOn, isAnswered, leaseNameOf, severalOperators } from '../../../src/operator/model/operators.ts';
import { keyOf, type KubeObject } from '../../../src/kube/index.ts';
import { emptyCaches } from '../../../src/operator/observe/caches.ts';
import { liveConfigMapIn } from '../../../src/operator/observe/gather.ts';
import { childrenIn, appServer, facts, stored } from '../../builders.ts';

const both = severalOperators('a/x', 'b/x');

const bare: KubeObject = {
  apiVersion: 'appserver.dev/v1alpha1',
  kind: 'AppServer',
  metadata: { name: 'shop', generation: 3 },
};

function answering(message: string, observedGeneration: number, type = 'OperatorConflict'): KubeObject {
  const conditions = [{ type, status: 'True', reason: 'MultipleOperators', message, observedGeneration }];
  return { ...bare, status: { conditions } };
}

describe('of two operators on one AppServer', () => {
  const cases: Record<string, { app: KubeObject; answered: boolean }> = {
    'the acting one has answered when it names both': { app: answering(both, 3), answered: true },
    'the acting one has not answered when it names another': {
      app: answering(severalOperators('a/x', 'c/x'), 3),
      answered: false,
    },
    'the acting one has not answered for a spec before this one': { app: answering(both, 2), answered: false },
    'the acting one has not answered when it says nothing': { app: bare, answered: false },
    'another condition is no answer': { app: answering(both, 3, 'Ready'), answered: false },
    'a spoiled status is no answer': { app: { ...bare, status: { conditions: 'x' } }, answered: false },
  };
  for (const [name, { app, answered }] of Object.entries(cases)) {
    test(name, () => assert.equal(isAnswered(app, 'a/x', 'b/x'), answered));
  }

  test('both are named', () => assert.match(severalOperators('a/x', 'b/x'), /^The operators a\/x and b\/x both watch/));

  test('the one that made the children is known by them', () => {
    const caches = emptyCaches();
    const app = appServer();
    for (const child of childrenIn(facts({ app, claim: 'a/x' })).map(stored)) {
      if (child.kind === 'ConfigMap') caches.children.ConfigMap.set(keyOf(child), child, '1');
    }
    const otherApp = { ...app, metadata: { ...app.metadata, name: 'other' } };
    assert.equal(claimsOn(liveConfigMapIn(caches, app)).acting, 'a/x');
    assert.equal(claimsOn(liveConfigMapIn(caches, otherApp)).acting, undefined);
  });
});

describe('the name of a Lease', () => {
  for (const text of [
    '',
    'a',
    'a/',
    '/b',
    'a/b/c',
    'A/b',
    'a/../../secrets/x',
    `a/${'b'.repeat(300)}`,
    'a b/c',
    'a/b?c=d',
  ]) {
    test(`is not ${JSON.stringify(text.slice(0, 40))}`, () => assert.equal(leaseNameOf(text), undefined));
  }

  test('is a namespace and a name', () => {
    assert.deepEqual(leaseNameOf('appserver-system/appserver-operator'), {
      namespace: 'appserver-system',
      name: 'appserver-operator',
    });
  });
});
