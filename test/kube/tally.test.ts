import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tally } from '../../src/kube/tally.ts';

test('counts each key by itself, and forgets one of which there is none', () => {
  const tally = new Tally();
  for (const key of ['web', 'web', 'shop']) tally.add(key);
  tally.remove('web');
  assert.deepEqual([tally.of('web'), tally.of('shop'), tally.of('none'), tally.size], [1, 1, 0, 2]);
  for (const key of ['web', 'web', 'shop']) tally.remove(key);
  assert.deepEqual([tally.of('web'), tally.size], [0, 0]);
});
