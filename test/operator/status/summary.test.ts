import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { summaryOf } from '../../../src/operator/status/summary.ts';

const cases: Record<string, [workers: object | undefined, text: string]> = {
  'all of them': [{ ready: 8, desired: 8 }, '8/8'],
  'some of them': [{ ready: 0, desired: 8 }, '0/8'],
  'no answer of any pod yet': [{ desired: 8 }, '?/8'],
  'as many as the pods decide, which have not answered': [undefined, '?/?'],
};

describe('the columns show', () => {
  for (const [name, [workers, text]] of Object.entries(cases)) {
    test(name, () => assert.deepEqual(summaryOf({ ready: 1, wanted: 2 }, workers), { pods: '1/2', workers: text }));
  }
});
