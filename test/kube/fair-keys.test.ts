import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, test } from 'node:test';
import { FairKeys, namespaceOfKey } from '../../src/kube/fair-keys.ts';

function takeAll(keys: FairKeys): string[] {
  const taken: string[] = [];
  for (let key = keys.take(); key !== undefined; key = keys.take()) taken.push(key);
  return taken;
}

describe('fair keys', () => {
  test('go round the namespaces, in the order of arrival within one', () => {
    const keys = new FairKeys();
    for (const key of ['a/1', 'a/2', 'a/3', 'b/1', 'c/1', 'b/2']) keys.add(key);
    assert.deepEqual(takeAll(keys), ['a/1', 'b/1', 'c/1', 'a/2', 'b/2', 'a/3']);
    assert.equal(keys.size, 0);
  });

  test('a namespace that may not have a turn now keeps its turn', () => {
    const keys = new FairKeys();
    for (const key of ['a/1', 'a/2', 'b/1']) keys.add(key);
    assert.equal(
      keys.take((namespace) => namespace !== 'a'),
      'b/1',
    );
    assert.equal(
      keys.take((namespace) => namespace !== 'a'),
      undefined,
    );
    assert.deepEqual(takeAll(keys), ['a/1', 'a/2']);
  });

  test('a key without a namespace has one of its own kind', () => {
    assert.deepEqual(['web/shop', 'shop', '/shop'].map(namespaceOfKey), ['web', '', '']);
  });

  test('each comes once, and of namespaces that wait all the while none has two turns more than another', () => {
    const key = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.nat(50)).map(([namespace, i]) => `${namespace}/${i}`);
    fc.assert(
      fc.property(fc.array(key, { maxLength: 200 }), (added) => {
        const keys = new FairKeys();
        for (const one of added) keys.add(one);
        const left = Map.groupBy(new Set(added), namespaceOfKey);
        assert.equal(keys.size, new Set(added).size);
        const turns = new Map([...left.keys()].map((namespace) => [namespace, 0]));
        const taken = takeAll(keys);
        for (const one of taken) {
          const namespace = namespaceOfKey(one);
          turns.set(namespace, (turns.get(namespace) ?? 0) + 1);
          if ((turns.get(namespace) ?? 0) === left.get(namespace)?.length) turns.delete(namespace);
          const waiting = [...turns.values()];
          assert.ok(Math.max(...waiting, 0) - Math.min(...waiting, Infinity) <= 1, taken.join(' '));
        }
        assert.deepEqual(new Set(taken), new Set(added));
        assert.equal(taken.length, new Set(added).size);
      }),
    );
  });
});
