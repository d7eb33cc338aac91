import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, test } from 'node:test';
import { PollBudget } from '../../../src/operator/observe/poll-budget.ts';

/** Polls and bytes that a namespace gets which always wants more. */
function spend(pods: number, seconds: number, bytesEach: number): { polls: number; bytes: number } {
  const budget = new PollBudget(60_000);
  let polls = 0;
  for (let now = 0; now < seconds * 1_000; now += 100) {
    budget.resize(new Map([['web', pods]]), now);
    while (budget.allows('web', now)) {
      budget.polled('web');
      budget.received('web', bytesEach);
      polls++;
    }
  }
  return { polls, bytes: polls * bytesEach };
}

describe('the budget of a namespace', () => {
  test('is twice what its pods need, and a little more', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 10, max: 120 }), (pods, seconds) => {
        const perSecond = 5 + pods / 30;
        const { polls } = spend(pods, seconds, 500);
        assert.ok(polls <= perSecond * (seconds + 10) + 1, `${polls} polls`);
        assert.ok(polls >= (pods / 60) * seconds, `${polls} polls are too few`);
      }),
      { numRuns: 30 },
    );
  });

  test('is no more than 8 KiB a poll, however long answers are', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 65_536 }), (pods, bytesEach) => {
        const perSecond = 5 + pods / 30;
        const { bytes } = spend(pods, 60, bytesEach);
        assert.ok(bytes <= 8_192 * perSecond * 70 + bytesEach, `${bytes} bytes`);
      }),
      { numRuns: 30 },
    );
  });

  test('is nothing for a namespace without pods', () => {
    const budget = new PollBudget(60_000);
    budget.resize(new Map([['web', 1]]), 0);
    budget.resize(new Map(), 1_000);
    assert.equal(budget.allows('web', 1_000), false);
  });
});
