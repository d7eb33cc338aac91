// In development, an application that does not start waits for someone to correct it, as under uvicorn --reload and
// node --watch: no attempt after attempt, and no end.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { nextDeadline } from '../../../src/runtime/machine/deadline.ts';
import { initialState, type Failure } from '../../../src/runtime/machine/state.ts';
import { nothingLeft, settings } from '../../builders.ts';
import { Run } from './run.ts';

const broken: Failure = { code: 'APP_IMPORT_FAILED', cause: 'invalid syntax' };

class DevelopmentRun extends Run {
  override state = initialState({ ...settings, workers: 1, afterFailedStart: 'wait-for-reload' }, 0);

  fails(id: number, failure = broken): this {
    this.send({ kind: 'spawned', id, pid: 100 + id }).send({ kind: 'failing', id, failure });
    return this.send({ kind: 'exited', id, code: 4, signal: null, ...nothingLeft });
  }

  becomesReady(id: number): this {
    return this.send({ kind: 'spawned', id, pid: 100 + id }).send({ kind: 'ready', id });
  }

  beats(id: number, ms: number): this {
    this.now += ms;
    return this.send({ kind: 'heartbeat', id });
  }
}

const hour = 3_600_000;

const cases: Record<string, (run: DevelopmentRun) => void> = {
  'an application that is broken from the beginning is started again by a reload, and by nothing else': (run) => {
    run.send({ kind: 'started' }).fails(1);
    assert.deepEqual(run.kinds(), ['worker-ended']);
    assert.equal(nextDeadline(run.state), undefined, 'nothing is waited for');
    assert.deepEqual(run.wait(hour).kinds(), []);
    assert.equal(run.state.phase.kind, 'booting');
    assert.deepEqual(run.send({ kind: 'reload' }).kinds(), ['reload-begun', 'spawn']);
    assert.deepEqual(run.becomesReady(2).kinds(), ['worker-ready', 'phase', 'reload-ended']);
  },
  'each of many broken edits is tried at once': (run) => {
    run.send({ kind: 'started' }).fails(1);
    for (let id = 2; id < 12; id++) {
      assert.deepEqual(run.send({ kind: 'reload' }).kinds(), ['reload-begun', 'spawn']);
      run.fails(id);
      assert.deepEqual(run.kinds(), ['reload-ended', 'worker-ended']);
    }
  },
  'says of a failed start that no other follows': (run) => {
    run.send({ kind: 'started' }).fails(1);
    const [ended] = run.effects;
    assert.deepEqual(ended, { kind: 'worker-ended', id: 1, slot: 0, failure: broken, restartInMs: undefined });
  },
  'a broken edit leaves the worker from before, and is not tried again': (run) => {
    run.send({ kind: 'started' }).becomesReady(1).send({ kind: 'reload' }).fails(2);
    assert.deepEqual(run.kinds(), ['reload-ended', 'worker-ended']);
    assert.deepEqual(run.workers(), ['1 ready']);
    for (let i = 0; i < 100; i++) assert.deepEqual(run.beats(1, 1_000).kinds(), []);
    run.send({ kind: 'reload' });
    assert.deepEqual(run.kinds(), ['reload-begun', 'spawn']);
    run.becomesReady(3);
    assert.deepEqual(run.workers(), ['1 draining', '3 ready']);
  },
  'after a broken edit, a worker that served and died is tried again': (run) => {
    run.send({ kind: 'started' }).becomesReady(1).send({ kind: 'reload' }).fails(2).beats(1, 2_500);
    run.send({ kind: 'exited', id: 1, code: null, signal: 'SIGSEGV', ...nothingLeft });
    assert.deepEqual(run.kinds(), ['worker-ended', 'spawn']);
    run.fails(3);
    assert.deepEqual(run.wait(hour).kinds(), [], 'once');
    assert.equal(run.state.phase.kind, 'serving');
  },
  'after a broken edit, a worker that hangs is replaced': (run) => {
    run.send({ kind: 'started' }).becomesReady(1).send({ kind: 'reload' }).fails(2).wait(3_000);
    assert.deepEqual(run.kinds(), ['worker-aborted', 'abort 101', 'spawn']);
  },
  'one that is not ready in time is not tried again either': (run) => {
    run.send({ kind: 'started' }).send({ kind: 'spawned', id: 1, pid: 101 }).wait(5_000);
    assert.deepEqual(run.kinds(), ['worker-aborted', 'abort 101']);
    run.send({ kind: 'exited', id: 1, code: null, signal: 'SIGABRT', ...nothingLeft });
    assert.deepEqual(run.wait(hour).kinds(), []);
    assert.deepEqual(run.send({ kind: 'reload' }).kinds(), ['reload-begun', 'spawn']);
  },
  'workers that die after they were ready are started again, with a backoff that a reload ends': (run) => {
    run.send({ kind: 'started' }).becomesReady(1);
    for (let id = 1; id < 8; id++) {
      run.send({ kind: 'exited', id, code: 1, signal: null, ...nothingLeft });
      run.wait(30_000).becomesReady(id + 1);
    }
    run.send({ kind: 'exited', id: 8, code: 1, signal: null, ...nothingLeft });
    assert.ok((nextDeadline(run.state) ?? 0) > run.now + 10_000);
    assert.deepEqual(run.send({ kind: 'reload' }).kinds(), ['reload-begun', 'spawn']);
  },
  'no time without a ready worker ends it': (run) => {
    run.send({ kind: 'started' }).becomesReady(1);
    run.send({ kind: 'exited', id: 1, code: 1, signal: null, ...nothingLeft }).wait(1_000);
    run.fails(2).wait(hour);
    assert.equal(run.state.phase.kind, 'serving');
    assert.equal(nextDeadline(run.state), undefined);
  },
  'ends where no edit helps, with the reason': (run) => {
    const failure: Failure = { code: 'GUNICORN_MISSING', cause: "there is no module named 'gunicorn'" };
    run.send({ kind: 'started' }).fails(1, failure);
    assert.deepEqual(run.state.phase, { kind: 'stopped', exit: { code: 3, failure } });
  },
  'ends when it is asked to': (run) => {
    run.send({ kind: 'started' }).fails(1).send({ kind: 'quit' });
    assert.equal(run.state.phase.kind, 'stopped');
  },
};

describe('where a failed start waits for a reload', () => {
  for (const [name, run] of Object.entries(cases)) test(name, () => run(new DevelopmentRun()));
});
