import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { nextDeadline } from '../../src/runtime/deadline.ts';
import { initialState, isReady, type Effect, type Event, type State } from '../../src/runtime/state.ts';
import { step } from '../../src/runtime/step.ts';
import { settings } from '../builders.ts';

/** Drives step() with a clock of its own. */
class Run {
  state: State = initialState(settings, 0);
  effects: Effect[] = [];
  now = 0;

  /** Effects of this event alone are left in `effects`. */
  send(event: Event, random = 0.5): this {
    [this.state, this.effects] = step(this.state, event, { now: this.now, random });
    return this;
  }

  wait(ms: number): this {
    this.now += ms;
    return this.send({ kind: 'tick' });
  }

  /** Two workers, ready, with process ids 101 and 102. */
  serving(): this {
    this.send({ kind: 'started' });
    for (const id of [1, 2]) this.send({ kind: 'spawned', id, pid: 100 + id }).send({ kind: 'ready', id });
    return this;
  }

  kinds(): string[] {
    return this.effects.map((effect) => (effect.kind === 'signal' ? `${effect.signal} ${effect.pid}` : effect.kind));
  }

  workers(): string[] {
    return this.state.workers.map((worker) => `${worker.id} ${worker.kind}`);
  }
}

const cases: Record<string, (run: Run) => void> = {
  'starts all workers at once': (run) => {
    run.send({ kind: 'started' });
    assert.deepEqual(run.effects, [
      { kind: 'spawn', id: 1, slot: 0 },
      { kind: 'spawn', id: 2, slot: 1 },
    ]);
  },
  'serves as soon as one worker is ready': (run) => {
    run.send({ kind: 'started' }).send({ kind: 'spawned', id: 1, pid: 101 });
    assert.equal(isReady(run.state), false);
    run.send({ kind: 'ready', id: 1 });
    assert.equal(run.state.phase.kind, 'serving');
    assert.equal(isReady(run.state), true);
  },
  'replaces a proven worker at once and gives the new one its slot': (run) => {
    run.serving();
    for (let i = 0; i < 6; i++) {
      run.now += 2_000;
      run.send({ kind: 'heartbeat', id: 1 }).send({ kind: 'heartbeat', id: 2 });
    }
    run.send({ kind: 'exited', id: 1, code: null, signal: 'SIGKILL' });
    assert.deepEqual(run.effects.at(-1), { kind: 'spawn', id: 3, slot: 0 });
    assert.equal(run.state.failures, 0);
    assert.deepEqual(run.state.restarts, { WORKER_KILLED: 1 });
  },
  'backs off when workers die young, and tries one at a time': (run) => {
    run.serving().send({ kind: 'exited', id: 1, code: 1, signal: null });
    assert.deepEqual(run.kinds(), ['worker-ended']);
    assert.equal(nextDeadline(run.state), 250);
    run.wait(250);
    assert.deepEqual(run.kinds(), ['spawn']);
    run.send({ kind: 'exited', id: 2, code: 1, signal: null });
    assert.deepEqual(run.workers(), ['3 starting'], 'the second waits for the outcome of the first');
    run.wait(10_000);
    assert.equal(run.state.workers.filter(({ kind }) => kind === 'starting').length, 1);
  },
  'aborts a silent worker, kills it when that does not end it, and replaces it': (run) => {
    run.serving();
    run.now = 2_000;
    run.send({ kind: 'heartbeat', id: 2 });
    run.wait(1_000);
    assert.deepEqual(run.kinds(), ['worker-aborted', 'SIGABRT 101', 'spawn']);
    run.wait(1_000);
    assert.ok(run.kinds().includes('SIGKILL 101'));
    run.send({ kind: 'exited', id: 1, code: null, signal: 'SIGKILL' });
    assert.deepEqual(run.state.restarts, { HEARTBEAT_TIMEOUT: 1 });
  },
  'ends when no worker was ever ready after three tries, with the reason the worker gave': (run) => {
    run.send({ kind: 'started' });
    const failure = { code: 'APP_NOT_FOUND', cause: 'there is no module shpo' } as const;
    for (const id of [1, 2, 3]) {
      run.send({ kind: 'spawned', id, pid: 100 + id }).send({ kind: 'failing', id, failure });
      run.send({ kind: 'exited', id, code: 4, signal: null }).wait(1_000);
    }
    assert.deepEqual(run.state.phase, { kind: 'stopped', exit: { code: 4, failure } });
  },
  'ends when no worker has been ready for a minute': (run) => {
    run.serving();
    for (const id of [1, 2]) run.send({ kind: 'exited', id, code: 1, signal: null });
    for (let i = 0; i < 200 && run.state.phase.kind === 'serving'; i++) {
      run.wait(500);
      for (const worker of run.state.workers) run.send({ kind: 'exited', id: worker.id, code: 1, signal: null });
    }
    const { phase } = run.state;
    assert.equal(phase.kind, 'stopped');
    assert.equal(phase.exit.code, 6);
    assert.match(phase.exit.failure?.cause ?? '', /no worker has been ready for 60 s; the last one: WORKER_EXITED/);
    assert.ok(run.now >= 60_000 && run.now < 62_000, String(run.now));
  },
  'aborts a worker that does not get ready in time': (run) => {
    run.send({ kind: 'started' }).send({ kind: 'spawned', id: 1, pid: 101 }).send({ kind: 'spawned', id: 2, pid: 102 });
    run.wait(5_000);
    assert.deepEqual(
      run.kinds().filter((kind) => kind.startsWith('SIG')),
      ['SIGABRT 101', 'SIGABRT 102'],
    );
  },
  'drains: not ready at once, accepts for the minimum, ends when traffic has stopped': (run) => {
    run.serving().send({ kind: 'terminate' });
    assert.deepEqual(run.kinds(), ['phase', 'announce-drain']);
    assert.equal(isReady(run.state), false);
    run.send({ kind: 'traffic', quiet: true }).wait(999);
    assert.equal(run.state.phase.kind, 'draining');
    run.wait(1);
    assert.deepEqual(run.kinds(), ['phase', 'SIGTERM 101', 'SIGTERM 102']);
    run.send({ kind: 'exited', id: 1, code: 0, signal: null }).send({ kind: 'exited', id: 2, code: 0, signal: null });
    assert.deepEqual(run.effects.at(-1), { kind: 'exit', exit: { code: 0, failure: undefined } });
    assert.deepEqual(run.state.restarts, {});
  },
  'drains at most for the maximum while requests keep coming': (run) => {
    run.serving().send({ kind: 'terminate' });
    for (let i = 0; i < 11; i++) {
      run.now += 500;
      run.send({ kind: 'heartbeat', id: 1 }).send({ kind: 'heartbeat', id: 2 }).send({ kind: 'traffic', quiet: false });
    }
    assert.equal(run.state.phase.kind, 'draining');
    run.wait(500);
    assert.equal(run.state.phase.kind, 'stopping');
  },
  'replaces a worker that dies while draining, because clients still come': (run) => {
    run.serving().send({ kind: 'terminate' }).send({ kind: 'exited', id: 1, code: null, signal: 'SIGKILL' }, 0);
    assert.deepEqual(run.kinds(), ['worker-ended', 'spawn']);
  },
  'ends at once when it was never ready': (run) => {
    run.send({ kind: 'started' }).send({ kind: 'spawned', id: 1, pid: 101 }).send({ kind: 'terminate' });
    assert.equal(run.state.phase.kind, 'stopping');
    run.send({ kind: 'spawned', id: 2, pid: 102 });
    assert.deepEqual(run.kinds(), ['SIGTERM 102'], 'also a worker whose process id was not known yet');
  },
  'aborts and then kills what has not ended by the graceful timeout': (run) => {
    run.serving().send({ kind: 'quit' });
    assert.deepEqual(run.kinds(), ['phase', 'SIGQUIT 101', 'SIGQUIT 102']);
    run.wait(4_000);
    assert.ok(run.kinds().includes('SIGABRT 101'));
    run.wait(1_000);
    assert.ok(run.kinds().includes('SIGKILL 101'));
  },
  'adds and retires workers when asked to': (run) => {
    run.serving().send({ kind: 'scale', by: 1 });
    assert.deepEqual(run.kinds(), ['spawn']);
    run.send({ kind: 'spawned', id: 3, pid: 103 }).send({ kind: 'ready', id: 3 }).send({ kind: 'scale', by: -1 });
    assert.deepEqual(run.kinds(), ['SIGTERM 101'], 'the oldest goes');
    run.send({ kind: 'scale', by: -1 }).send({ kind: 'scale', by: -1 });
    assert.equal(run.state.settings.workers, 1, 'never the last one');
  },
  'takes changed settings over': (run) => {
    run.serving().send({ kind: 'configured', settings: { ...settings, workers: 4 } });
    assert.deepEqual(run.kinds(), ['spawn', 'spawn']);
  },
};

describe('step', () => {
  for (const [name, check] of Object.entries(cases)) test(name, () => check(new Run()));
});
