import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Patience } from '../../../src/operator/reconcile/patience.ts';

test('what stands in the way is looked at often at first, four times a minute in the end, and anew once it is gone', () => {
  const patience = new Patience();
  const next = (times: number): number[] => Array.from({ length: times }, () => patience.next('web/shop'));
  assert.deepEqual(next(6), [1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
  assert.equal(patience.next('web/other'), 1_000);
  patience.forget('web/shop');
  assert.deepEqual(next(2), [1_000, 2_000]);
});
