import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoffMs } from '../../../src/runtime/machine/backoff.ts';

test('backoff doubles from half a second to half a minute, and jitter spreads all of it', () => {
  assert.deepEqual(
    [0, 1, 2, 3, 7, 50].map((failures) => backoffMs(failures, 1)),
    [0, 500, 1_000, 2_000, 30_000, 30_000],
  );
  assert.equal(backoffMs(3, 0), 0);
});
