import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { withFileLock } from '../e2e/cluster/host-lock.ts';

const onLinux = { skip: process.platform !== 'linux' };

test('what is under the same lock runs one after the other, also after a failure', onLinux, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'appserver-lock-'));
  const file = join(directory, 'lock');
  const seen: string[] = [];
  const work = (name: string, fails: boolean): Promise<void> =>
    withFileLock(file, async () => {
      seen.push(`${name} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(`${name} ends`);
      if (fails) throw new Error(name);
    });
  const results = await Promise.allSettled([work('a', true), work('b', false), work('c', false)]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'fulfilled', 'fulfilled'],
  );
  for (let i = 0; i < seen.length; i += 2) assert.equal(seen[i + 1], seen[i]?.replace('begins', 'ends'));
  assert.equal(seen.length, 6);
  rmSync(directory, { recursive: true });
});

test('a lock that cannot be had is an error', onLinux, async () => {
  await assert.rejects(
    withFileLock('/nowhere/lock', () => Promise.resolve()),
    /cannot lock \/nowhere\/lock/,
  );
});
