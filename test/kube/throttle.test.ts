import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, test } from 'node:test';
import { Throttle } from '../../src/kube/throttle.ts';

/** Times in milliseconds at which a key is taken that always wants to be. */
function turns(untilMs: number): number[] {
  const throttle = new Throttle(10);
  const taken: number[] = [];
  for (let now = 0; now <= untilMs; now += 10) {
    if (throttle.waitMs('a', now) > 0) continue;
    throttle.taken('a', now);
    taken.push(now);
  }
  return taken;
}

describe('a throttle', () => {
  test('lets the first turns come at once, and spaces out what goes on', () => {
    assert.deepEqual(turns(1_000).slice(0, 12), [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 190, 380]);
  });

  test('what never rests has a turn every two seconds', () => {
    const lastMinute = turns(120_000).filter((at) => at >= 60_000);
    assert.ok(lastMinute.length >= 29 && lastMinute.length <= 31, `${lastMinute.length}`);
  });

  test('nothing waits longer than three seconds', () => {
    const all = turns(120_000);
    const longest = Math.max(...all.slice(1).map((at, i) => at - (all[i] ?? 0)));
    assert.ok(longest <= 3_010, `${longest} ms`);
  });

  test('one edit in two seconds is never held up', () => {
    const throttle = new Throttle(10);
    for (let now = 0; now < 600_000; now += 2_000) {
      assert.equal(throttle.waitMs('a', now), 0);
      throttle.taken('a', now);
    }
  });

  test('what has rested begins anew', () => {
    const throttle = new Throttle(10);
    for (let i = 0; i < 100; i++) throttle.taken('a', 0);
    assert.ok(throttle.waitMs('a', 0) > 0);
    assert.equal(throttle.waitMs('a', 3_000), 0);
    for (let i = 0; i < 9; i++) throttle.taken('a', 60_000);
    assert.equal(throttle.waitMs('a', 60_000), 0);
  });

  test('keys that come once each are not held up, however many', () => {
    const throttle = new Throttle(10);
    for (let i = 0; i < 5_000; i++) {
      assert.equal(throttle.waitMs(`web/shop-${i}`, i), 0);
      throttle.taken(`web/shop-${i}`, i);
    }
  });

  test('remembers no more keys than were taken within the last minute, and none at rest', () => {
    const turn = fc.record({ key: fc.nat(20).map(String), pauseMs: fc.nat(20_000) });
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 100 }), (all) => {
        const throttle = new Throttle(10);
        const taken: { key: string; at: number }[] = [];
        let now = 0;
        for (const { key, pauseMs } of all) {
          now += pauseMs;
          throttle.taken(key, now);
          taken.push({ key, at: now });
          const recent = new Set(taken.filter(({ at }) => now - at < 60_000).map((one) => one.key));
          assert.ok(throttle.known(now) <= recent.size);
        }
        assert.equal(throttle.known(now + 60_000), 0);
      }),
    );
  });
});
