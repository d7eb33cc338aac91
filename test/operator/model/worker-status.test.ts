import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, test } from 'node:test';
import { statusSchema } from '../../../src/api/index.ts';
import { runtimeCode } from '../../../src/operator/model/runtime-codes.ts';
import { newRestarts, totalRestarts, workerView, type WorkerView } from '../../../src/operator/model/worker-status.ts';
import { report as reportOf } from '../../../src/operator/status/conditions.ts';
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
      const seen = workerView(answer, undefined, true);
      const shortSince = seen !== undefined && seen.ready < seen.desired ? totalRestarts(seen) : undefined;
      assert.deepEqual(seen, { ...all, isOfReadyPod: true, shortSince });
    });
  }

  interface Poll {
    /** Default: true */
    readonly podReady?: boolean;
    readonly ready: number;
    readonly ended?: number;
  }
  const sequences: Record<string, { readonly polls: readonly Poll[]; readonly lacking: boolean }> = {
    'a pod that starts lacks no workers': {
      polls: [
        { podReady: false, ready: 0 },
        { podReady: false, ready: 1 },
      ],
      lacking: false,
    },
    'a worker that boots for minutes while the other serves is not lacking': {
      polls: Array.from({ length: 40 }, () => ({ ready: 1 })),
      lacking: false,
    },
    'a poll from before the pod was ready does not count': {
      polls: [{ podReady: false, ready: 0, ended: 0 }, { ready: 2 }],
      lacking: false,
    },
    'a worker that was killed and boots again slowly is not lacking': {
      polls: [{ ready: 2 }, { ready: 1, ended: 1 }, { ready: 1, ended: 1 }, { ready: 1, ended: 1 }],
      lacking: false,
    },
    'a worker that ends again while it is missing is lacking': {
      polls: [
        { ready: 1, ended: 3 },
        { ready: 1, ended: 3 },
        { ready: 1, ended: 4 },
      ],
      lacking: true,
    },
    'it stays lacking between two attempts': {
      polls: [
        { ready: 1, ended: 3 },
        { ready: 1, ended: 4 },
        { ready: 1, ended: 4 },
      ],
      lacking: true,
    },
    'it is not once all are ready': {
      polls: [
        { ready: 1, ended: 3 },
        { ready: 1, ended: 4 },
        { ready: 2, ended: 4 },
      ],
      lacking: false,
    },
  };
  for (const [name, { polls, lacking }] of Object.entries(sequences)) {
    test(name, () => {
      const last = polls.reduce<WorkerView | undefined>(
        (before, { podReady = true, ready, ended = 0 }) =>
          workerView(report({ workers: { desired: 2, ready }, restarts: { BOOT_TIMEOUT: ended } }), before, podReady),
        undefined,
      );
      assert.equal(last?.lacking, lacking);
    });
  }

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
        const { status } = reportOf(facts({ app, pods, workers }));
        assert.deepEqual(statusSchema.parse(status), status);
        const { desired = 0, ready = 0, restarts = 0 } = status.workers ?? {};
        for (const count of [desired, ready, restarts]) assert.ok(count <= 2 ** 31 - 1);
      }),
    );
  });
});
