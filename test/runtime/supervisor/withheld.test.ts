import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Withheld } from '../../../src/runtime/supervisor/withheld.ts';

describe('withheld time', () => {
  const start = (): { withheld: Withheld; cgroup: { throttled: number } } => {
    const cgroup = { throttled: 100 };
    return {
      cgroup,
      withheld: new Withheld(
        0,
        () => 1_000,
        () => cgroup.throttled,
      ),
    };
  };

  test('none while the timer comes about when it should', () => {
    const { withheld } = start();
    assert.equal(withheld.look(1_000), 0);
    assert.equal(withheld.look(2_240), 0);
  });

  test('a clock that stood still for everybody', () => {
    const { withheld } = start();
    assert.equal(withheld.look(61_250), 60_000);
  });

  test('what the CPU quota held back, at most the time that has passed since', () => {
    const { withheld, cgroup } = start();
    cgroup.throttled += 700;
    assert.equal(withheld.look(1_000), 700);
    cgroup.throttled += 5_000; // of several threads
    assert.equal(withheld.look(2_000), 1_300, 'with what was left of the first second');
    assert.equal(withheld.look(3_000), 0);
  });

  test('what the kernel tells late counts for earlier time, and never twice', () => {
    const { withheld, cgroup } = start();
    withheld.look(1_000);
    withheld.look(2_000);
    cgroup.throttled += 2_500;
    assert.equal(withheld.look(3_000), 2_500);
    cgroup.throttled += 5_000;
    assert.equal(withheld.look(4_000), 1_500);
  });

  test('counts for what had begun before, and not for what began after', () => {
    const { withheld } = start();
    withheld.look(11_250);
    assert.equal(withheld.since(0), 10_000);
    assert.equal(withheld.since(8_000), 3_250);
    assert.equal(withheld.since(12_000), 0);
  });
});
