import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WorkerTrouble } from '../../../src/operator/observe/worker-trouble.ts';

test('the first trouble is told at once, what follows once a minute, and what is over is forgotten', () => {
  const told: string[] = [];
  const trouble = new WorkerTrouble((app, { note }) => told.push(`${app}: ${note}`));
  trouble.add('web/shop', 'a', ['WORKER_KILLED'], 0);
  for (const [i, name] of ['a', 'b', 'c', 'd', 'a'].entries()) {
    trouble.add('web/shop', name, ['BOOT_TIMEOUT'], 1_000 * i);
    trouble.add('web/shop', name, ['OTHER'], 1_000 * i);
  }
  trouble.add('web/shop', 'quiet', [], 30_000);
  trouble.tick(59_999);
  assert.deepEqual(told, ['web/shop: Workers of pod a exit unexpectedly: WORKER_KILLED; its log shows why']);
  trouble.tick(60_000);
  assert.deepEqual(told.slice(1), [
    'web/shop: Workers of pods a, b, c and 1 more exit unexpectedly: BOOT_TIMEOUT, OTHER; their logs show why',
  ]);
  trouble.tick(120_000);
  assert.equal(trouble.size, 0);
  assert.equal(told.length, 2);
});
