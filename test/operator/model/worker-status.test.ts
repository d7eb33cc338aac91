import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, test } from 'node:test';
import { statusSchema } from '../../../src/api/index.ts';
import { runtimeCode } from '../../../src/operator/model/runtime-codes.ts';
import { newRestarts, totalRestarts, workerView, type WorkerView } from '../../../src/operator/model/worker-status.ts';
import { statusOf } from '../../../src/operator/status/conditions.ts';
import { catalogue } from '../../../src/runtime/errors.ts';
import { appServer, facts, pod } from '../../builders.ts';

test('the operator knows every code of the runtime', () => {
  const codes = Object.keys(catalogue);
  assert.deepEqual(codes.map(runtimeCode), codes);
});

const report = (changes: object): object => ({
  workers: { desired: 2, ready: 2 },
  restarts: {},
  lastFailure: null,
  ...changes,
});

describe('what a pod says of its workers', () => {
  const views: Record<string, [answer: object, view: Partial<WorkerView>]> = {
    'is taken as it is': [
      report({ restarts: { WORKER_KILLED: 3 }, lastFailure: 'WORKER_KILLED' }),
      { restarts: { WORKER_KILLED: 3 }, lastFailure: 'WORKER_KILLED' },
    ],
    'is summed up where nobody knows the codes': [
      report({ restarts: { X: 3, Y: 4, __proto__x: 1, BOOT_TIMEOUT: 1 }, lastFailure: 'X' }),
      { restarts: { OTHER: 8, BOOT_TIMEOUT: 1 }, lastFailure: 'OTHER' },
    ],
    'is no more than there can be': [
      report({ workers: { desired: 1e300, ready: 2 ** 53 - 1 }, restarts: { WORKER_KILLED: 2 ** 53 - 1 } }),
      { desired: 128, ready: 128, restarts: { WORKER_KILLED: 2 ** 31 - 1 } },
    ],
    'is no less than there can be': [
      report({ workers: { desired: -3, ready: 1.5 }, restarts: { WORKER_KILLED: -1, BOOT_TIMEOUT: 'x' } }),
      { desired: 0, ready: 1, restarts: {} },
    ],
  };
  for (const [name, [answer, view]] of Object.entries(views)) {
    test(name, () => {
      const all = { desired: 2, ready: 2, restarts: {}, lastFailure: undefined, lacking: false, ...view };
      const expected = { ...all, short: all.ready < all.desired };
      assert.deepEqual(workerView(answer, undefined, true), expected);
    });
  }

  test('workers are lacking when two looks in a row at a ready pod find fewer than wanted', () => {
    const booting = report({ workers: { desired: 2, ready: 0 } });
    const starting = workerView(booting, workerView(booting, undefined, false), false);
    assert.equal(starting?.lacking, false, 'a pod that starts');
    const first = workerView(booting, starting, true);
    assert.equal(first?.lacking, false, 'one that was ready just now');
    assert.equal(workerView(booting, first, true)?.lacking, true);
  });

  const none: Record<string, unknown> = {
    nothing: undefined,
    null: null,
    'a list': [],
    'no numbers': report({ workers: { desired: '2', ready: 2 } }),
    'no counts': report({ restarts: null }),
    'no code': report({ lastFailure: 7 }),
  };
  for (const [name, answer] of Object.entries(none)) {
    test(`is no report when it is ${name}`, () => assert.equal(workerView(answer, undefined, true), undefined));
  }

  /** Anything, and what looks like a report. */
  const number = fc.oneof(fc.double(), fc.integer(), fc.maxSafeInteger());
  const anyAnswer = fc.oneof(
    fc.jsonValue(),
    fc.record({
      workers: fc.record({ desired: number, ready: number }),
      restarts: fc.dictionary(fc.oneof(fc.string(), fc.constantFrom(...Object.keys(catalogue))), number),
      lastFailure: fc.option(fc.string({ maxLength: 10_000 })),
    }),
  );

  test('whatever it is, it is bounded, and the status that tells of it is one', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyAnswer, anyAnswer), { maxLength: 8 }), fc.boolean(), (answers, auto) => {
        const workers = new Map<string, WorkerView>();
        for (const [i, pair] of answers.entries()) {
          for (const answer of pair) {
            const before = workers.get(`p${i}`);
            const view = workerView(JSON.parse(JSON.stringify(answer)), before, true);
            if (view === undefined) continue;
            assert.ok(JSON.stringify(view).length < 2_000);
            assert.ok(totalRestarts(view) <= 2 ** 31 - 1);
            if (before !== undefined) assert.ok(newRestarts(before, view).length <= Object.keys(catalogue).length + 1);
            workers.set(`p${i}`, view);
          }
        }
        const pods = answers.map((_, i) => pod(`p${i}`, { ready: true }));
        const app = auto ? appServer({ workers: { count: 'auto' } }) : appServer();
        const status = statusOf(facts({ app, pods, workers }));
        assert.deepEqual(statusSchema.parse(status), status);
        const { desired = 0, ready = 0, restarts = 0 } = status.workers ?? {};
        for (const count of [desired, ready, restarts]) assert.ok(count <= 2 ** 31 - 1);
      }),
    );
  });
});
