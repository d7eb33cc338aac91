import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, test } from 'node:test';
import { inParallel } from '../../src/kube/in-parallel.ts';

const turns = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await Promise.resolve();
};

describe('work in parallel', () => {
  test('is done for each once, never for more at a time, and results are in order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 9 }), fc.array(fc.nat(20)), async (most, items) => {
        let [now, highest] = [0, 0];
        const results = await inParallel(most, items, async (length) => {
          highest = Math.max(highest, ++now);
          await turns(length);
          now--;
          return length;
        });
        assert.deepEqual(results, items);
        assert.ok(highest <= most, `${highest} at a time`);
      }),
    );
  });

  test('ends with the first failure, and begins nothing after it', async () => {
    const begun: number[] = [];
    const work = async (item: number): Promise<void> => {
      begun.push(item);
      await turns(1);
      if (item === 2) throw new Error('the third');
    };
    await assert.rejects(inParallel(2, [0, 1, 2, 3, 4, 5, 6, 7], work), /the third/);
    assert.ok(begun.length <= 4, begun.join(' '));
  });
});
