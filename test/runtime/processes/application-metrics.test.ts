import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { shared } from '../../../src/runtime/processes/application-metrics.ts';

describe('an answer that costs a process', () => {
  const setup = (): { ask: () => Promise<number>; asked: PromiseWithResolvers<number>[]; clock: { ms: number } } => {
    const asked: PromiseWithResolvers<number>[] = [];
    const clock = { ms: 0 };
    const ask = shared({ now: () => clock.ms }, () => {
      const answer = Promise.withResolvers<number>();
      asked.push(answer);
      return answer.promise;
    });
    return { ask, asked, clock };
  };

  test('is shared by all who ask while it is made, however long that takes', async () => {
    const { ask, asked, clock } = setup();
    const answers = Array.from({ length: 400 }, () => ask());
    clock.ms = 5_000;
    answers.push(ask());
    assert.equal(asked.length, 1);
    asked[0]?.resolve(7);
    assert.deepEqual(new Set(await Promise.all(answers)), new Set([7]));
  });

  test('stands for a second, and then another one is made', async () => {
    const { ask, asked, clock } = setup();
    const first = ask();
    asked[0]?.resolve(1);
    assert.equal(await first, 1);
    clock.ms = 999;
    assert.equal(await ask(), 1);
    clock.ms = 1_000;
    const second = ask();
    asked[1]?.resolve(2);
    assert.equal(await second, 2);
    assert.equal(asked.length, 2);
  });

  test('that failed stands no longer than that', async () => {
    const { ask, asked, clock } = setup();
    const first = ask();
    asked[0]?.reject(new Error('no process'));
    await assert.rejects(first);
    clock.ms = 1_000;
    const second = ask();
    asked[1]?.resolve(2);
    assert.equal(await second, 2);
  });
});
