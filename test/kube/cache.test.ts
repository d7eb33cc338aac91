import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cache } from '../../src/kube/cache.ts';

const cache = (): Cache<{ owner?: string; value: number }> => new Cache((object) => object.owner);

test('takes earlier versions once the known ones are void', () => {
  const objects = cache();
  objects.set('a', { value: 1 }, '200');
  objects.set('b', { value: 1 }, '150');
  objects.delete('b', '210');
  assert.equal(objects.newest, 200n);
  objects.forgetVersions();
  assert.equal(objects.newest, 0n);
  assert.equal(objects.get('a')?.value, 1, 'what is there stays until a list has come');
  assert.equal(objects.set('a', { value: 2 }, '120'), true);
  assert.equal(objects.set('b', { value: 2 }, '110'), true);
  assert.deepEqual([objects.get('a')?.value, objects.get('b')?.value, objects.newest], [2, 2, 120n]);
});

test('finds objects by key and by index, and forgets both', () => {
  const objects = cache();
  objects.set('b', { owner: 'x', value: 1 });
  objects.set('a', { owner: 'x', value: 2 });
  objects.set('c', { value: 3 });
  assert.deepEqual(
    objects.byIndex('x').map(({ value }) => value),
    [2, 1],
  );
  objects.set('a', { owner: 'y', value: 4 });
  assert.deepEqual(
    objects.byIndex('x').map(({ value }) => value),
    [1],
  );
  assert.equal(objects.delete('b')?.value, 1);
  assert.deepEqual(objects.byIndex('x'), []);
  assert.equal(objects.delete('b'), undefined);
  assert.deepEqual(objects.keys(), ['c', 'a']);
});

test('an older version does not replace a newer one, whatever the length of their numbers', () => {
  const objects = cache();
  objects.set('a', { value: 1 }, '1000');
  objects.set('a', { value: 2 }, '999');
  assert.equal(objects.get('a')?.value, 1);
  objects.set('a', { value: 3 }, '1001');
  assert.equal(objects.get('a')?.value, 3);
  objects.delete('a');
  objects.set('a', { value: 4 }, '5');
  assert.equal(objects.get('a')?.value, 4);
});

test('tells what it has not seen yet from what it has: a watch brings the answers to writes once more', () => {
  const objects = cache();
  assert.equal(objects.set('a', { value: 1 }, '7'), true);
  assert.equal(objects.set('a', { value: 1 }, '7'), false);
  assert.equal(objects.set('a', { value: 2 }, '8'), true);
});

test('the late answer to a write does not bring back what was deleted since', () => {
  const objects = cache();
  objects.set('a', { value: 1 }, '10');
  objects.delete('a', '12');
  assert.equal(objects.set('a', { value: 1 }, '11'), false);
  assert.equal(objects.get('a'), undefined);
  assert.equal(objects.set('a', { value: 2 }, '13'), true);
});

test('the late deletion of what had the name before does not take what has it now', () => {
  const objects = cache();
  objects.set('a', { value: 1 }, '10');
  objects.delete('a', '12');
  objects.set('a', { value: 2 }, '13');
  assert.equal(objects.delete('a', '12'), undefined);
  assert.equal(objects.get('a')?.value, 2);
});
