import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { nextDeadline } from '../../../src/runtime/machine/deadline.ts';
import { isReady, type Effect, type Event } from '../../../src/runtime/machine/state.ts';
import { nothingLeft, settings } from '../../builders.ts';
import { Run } from './run.ts';

const cases: Record<string, (run: Run) => void> = {
  'starts all workers at once': (run) => {
    run.send({ kind: 'started' });
    assert.deepEqual(run.effects, [
      { kind: 'spawn', id: 1, slot: 0, place: 0 },
      { kind: 'spawn', id: 2, slot: 1, place: 1 },
    ]);
  },
  'serves as soon as one worker is ready': (run) => {
    run.send({ kind: 'started' }).send({ kind: 'spawned', id: 1, pid: 101 });
    assert.equal(isReady(run.state), false);
    run.send({ kind: 'ready', id: 1 });
    assert.equal(run.state.phase.kind, 'serving');
    assert.equal(isReady(run.state), true);
  },
  'replaces a worker that has served for two seconds at once and gives the new one its slot': (run) => {
    run.serving();
    run.now = 2_000;
    run.send({ kind: 'exited', id: 1, code: null, signal: 'SIGKILL', ...nothingLeft });
    assert.deepEqual(run.effects.at(-1), { kind: 'spawn', id: 3, slot: 0, place: 0 });
    assert.equal(run.state.failures, 0);
    assert.deepEqual(run.state.restarts, { WORKER_KILLED: 1 });
  },
  'backs off when workers die young, and tries one at a time': (run) => {
    run.serving().send({ kind: 'exited', id: 1, code: 1, signal: null, ...nothingLeft });
    assert.deepEqual(run.kinds(), ['worker-ended']);
    assert.equal(nextDeadline(run.state), 250);
    run.wait(250);
    assert.deepEqual(run.kinds(), ['spawn']);
    run.send({ kind: 'exited', id: 2, code: 1, signal: null, ...nothingLeft });
    assert.deepEqual(run.workers(), ['3 starting'], 'the second waits for the outcome of the first');
    run.wait(10_000);
    assert.equal(run.state.workers.filter(({ kind }) => kind === 'starting').length, 1);
  },
  'aborts a silent worker, kills it when that does not end it, and replaces it': (run) => {
    run.serving();
    run.now = 2_000;
    run.send({ kind: 'heartbeat', id: 2 });
    run.wait(1_000);
    assert.deepEqual(run.kinds(), ['worker-aborted', 'abort 101', 'spawn']);
    run.wait(1_000);
    assert.ok(run.kinds().includes('kill 101'));
    run.send({ kind: 'exited', id: 1, code: null, signal: 'SIGKILL', ...nothingLeft });
    assert.deepEqual(run.state.restarts, { HEARTBEAT_TIMEOUT: 1 });
  },
  'ends when no worker was ever ready after three tries, with the reason the worker gave': (run) => {
    run.send({ kind: 'started' });
    const failure = { code: 'APP_NOT_FOUND', cause: 'there is no module shpo' } as const;
    for (const id of [1, 2, 3]) {
      run.send({ kind: 'spawned', id, pid: 100 + id }).send({ kind: 'failing', id, failure });
      run.send({ kind: 'exited', id, code: 4, signal: null, ...nothingLeft }).wait(1_000);
    }
    assert.deepEqual(run.state.phase, { kind: 'stopped', exit: { code: 4, failure } });
  },
  'ends when no worker has been ready for a minute': (run) => {
    run.serving();
    for (const id of [1, 2]) run.send({ kind: 'exited', id, code: 1, signal: null, ...nothingLeft });
    for (let i = 0; i < 200 && run.state.phase.kind === 'serving'; i++) {
      run.wait(500);
      for (const worker of run.state.workers)
        run.send({ kind: 'exited', id: worker.id, code: 1, signal: null, ...nothingLeft });
    }
    const { phase } = run.state;
    assert.equal(phase.kind, 'stopped');
    assert.equal(phase.exit.code, 6);
    assert.equal(phase.exit.failure?.code, 'NO_WORKER_READY');
    assert.match(phase.exit.failure.cause, /no worker has been ready for 60 s; the last one: WORKER_EXITED/);
    assert.ok(run.now >= 60_000 && run.now < 62_000, String(run.now));
  },
  'a worker whose application has stopped listening is not ready, and has the time of a start to listen again': (
    run,
  ) => {
    run.serving();
    run.now = 5_000;
    run.send({ kind: 'unready', id: 1 }).send({ kind: 'unready', id: 2 });
    assert.equal(isReady(run.state), false);
    assert.deepEqual(run.workers(), ['1 starting', '2 starting']);
    run.send({ kind: 'ready', id: 1 });
    assert.equal(isReady(run.state), true);
    run.wait(settings.bootTimeoutMs);
    assert.deepEqual(
      run.state.workers.filter(({ kind }) => kind === 'aborting').map(({ id }) => id),
      [1, 2],
    );
  },
  'aborts a worker that is not ready in time for the reason that it gave': (run) => {
    const failure = { code: 'APP_LISTENS_ELSEWHERE', cause: 'the application listens on 3000' } as const;
    run.send({ kind: 'started' }).send({ kind: 'spawned', id: 1, pid: 101 }).send({ kind: 'failing', id: 1, failure });
    run.wait(settings.bootTimeoutMs);
    assert.deepEqual(
      run.effects.find(({ kind }) => kind === 'worker-aborted'),
      { kind: 'worker-aborted', id: 1, slot: 0, failure },
    );
  },
  'tells how a worker ended that was asked to, unless all is well': (run) => {
    const ends = (code: number | null, signal: string | null): Effect | undefined => {
      const again = new Run().serving().send({ kind: 'scale', by: -1 });
      again.send({ kind: 'exited', id: 2, code, signal, ...nothingLeft });
      return again.effects.find(({ kind }) => kind === 'worker-ended');
    };
    const ended = { kind: 'worker-ended', id: 2, slot: 1, failure: undefined, restartInMs: undefined } as const;
    assert.deepEqual(ends(0, null), ended);
    assert.deepEqual(ends(null, 'SIGTERM'), ended);
    assert.deepEqual(ends(3, null), { ...ended, badEnd: 'the worker ended with exit code 3' });
    assert.deepEqual(run.effects, []);
  },
  'aborts a worker that does not get ready in time': (run) => {
    run.send({ kind: 'started' }).send({ kind: 'spawned', id: 1, pid: 101 }).send({ kind: 'spawned', id: 2, pid: 102 });
    run.wait(5_000);
    assert.deepEqual(
      run.kinds().filter((kind) => kind.startsWith('abort')),
      ['abort 101', 'abort 102'],
    );
  },
  'drains: not ready at once, accepts for the minimum, ends when traffic has stopped': (run) => {
    run.serving().send({ kind: 'terminate' });
    assert.deepEqual(run.kinds(), ['phase', 'announce-drain']);
    assert.equal(isReady(run.state), false);
    run.send({ kind: 'traffic', quiet: true }).wait(999);
    assert.equal(run.state.phase.kind, 'draining');
    run.wait(1);
    assert.deepEqual(run.kinds(), ['phase', 'retire 101', 'retire 102']);
    run
      .send({ kind: 'exited', id: 1, code: 0, signal: null, ...nothingLeft })
      .send({ kind: 'exited', id: 2, code: 0, signal: null, ...nothingLeft });
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
    run
      .serving()
      .send({ kind: 'terminate' })
      .send({ kind: 'exited', id: 1, code: null, signal: 'SIGKILL', ...nothingLeft }, 0);
    assert.deepEqual(run.kinds(), ['worker-ended', 'spawn']);
  },
  'ends at once when it was never ready': (run) => {
    run.send({ kind: 'started' }).send({ kind: 'spawned', id: 1, pid: 101 }).send({ kind: 'terminate' });
    assert.equal(run.state.phase.kind, 'stopping');
    run.send({ kind: 'spawned', id: 2, pid: 102 });
    assert.deepEqual(run.kinds(), ['retire 102'], 'also a worker whose process id was not known yet');
  },
  'aborts and then kills what has not ended by the graceful timeout': (run) => {
    run.serving().send({ kind: 'quit' });
    assert.deepEqual(run.kinds(), ['phase', 'quit 101', 'quit 102']);
    run.wait(4_000);
    assert.ok(run.kinds().includes('abort 101'));
    run.wait(1_000);
    assert.ok(run.kinds().includes('kill 101'));
  },
  'adds and retires workers when asked to': (run) => {
    run.serving().send({ kind: 'scale', by: 1 });
    assert.deepEqual(run.kinds(), ['spawn']);
    run.send({ kind: 'spawned', id: 3, pid: 103 }).send({ kind: 'ready', id: 3 }).send({ kind: 'scale', by: -1 });
    assert.deepEqual(run.kinds(), ['retire 103'], 'the last place goes');
    run.send({ kind: 'scale', by: -1 }).send({ kind: 'scale', by: -1 });
    assert.equal(run.state.settings.workers, 1, 'never the last one');
  },
  'reloads one by one, each new worker ready before the old one goes': (run) => {
    run.serving().send({ kind: 'reload' });
    assert.deepEqual(run.kinds(), ['reload-begun', 'spawn']);
    run.send({ kind: 'spawned', id: 3, pid: 103 }).send({ kind: 'ready', id: 3 });
    assert.deepEqual(run.kinds(), ['worker-ready', 'worker-replaced', 'retire 101', 'spawn']);
    run.send({ kind: 'spawned', id: 4, pid: 104 }).send({ kind: 'ready', id: 4 });
    assert.deepEqual(run.kinds(), ['worker-ready', 'worker-replaced', 'retire 102', 'reload-ended']);
    assert.deepEqual(run.state.reload, { kind: 'none' });
    assert.deepEqual(run.state.replaced, { reload: 2 });
  },
  'keeps the old workers when a new one fails, and says why': (run) => {
    run.serving().send({ kind: 'reload' }).send({ kind: 'spawned', id: 3, pid: 103 });
    const failure = { code: 'APP_IMPORT_FAILED', cause: 'importing shop failed' } as const;
    run.send({ kind: 'failing', id: 3, failure });
    run.send({ kind: 'exited', id: 3, code: 4, signal: null, ...nothingLeft });
    assert.deepEqual(run.effects[0], { kind: 'reload-ended', failure });
    run.wait(2_000);
    assert.deepEqual(run.workers(), ['1 ready', '2 ready']);
    run.send({ kind: 'reload' });
    assert.deepEqual(run.kinds(), ['reload-begun', 'spawn'], 'the next reload tries again');
  },
  'gives up a reload whose worker does not get ready in time': (run) => {
    run.serving().send({ kind: 'reload' }).send({ kind: 'spawned', id: 3, pid: 103 });
    for (let i = 0; i < 5; i++) {
      run.now += 1_000;
      run.send({ kind: 'heartbeat', id: 1 }).send({ kind: 'heartbeat', id: 2 }).wait(0);
    }
    assert.equal(run.state.reload.kind, 'failed');
    assert.deepEqual(run.workers(), ['1 ready', '2 ready', '3 aborting']);
  },
  'replaces a worker that has had its requests, but never two at once': (run) => {
    const recycle = { requests: 100, jitter: 0, memoryBytes: 1_000, lifetimeMs: 0 };
    run.serving().send({ kind: 'configured', settings: { ...settings, recycle } });
    const sample = { requests: 100, memoryBytes: 0, oldest: undefined };
    run.send({
      kind: 'sampled',
      samples: [
        { id: 1, ...sample },
        { id: 2, ...sample, requests: 0, memoryBytes: 1_000 },
      ],
    });
    assert.deepEqual(run.kinds(), ['spawn']);
    run.send({ kind: 'spawned', id: 3, pid: 103 }).send({ kind: 'ready', id: 3 });
    assert.deepEqual(run.kinds(), ['worker-ready', 'worker-replaced', 'retire 101'], 'the second waits');
    run.send({ kind: 'exited', id: 1, code: 0, signal: null, ...nothingLeft });
    assert.deepEqual(run.kinds(), ['worker-ended', 'spawn']);
    run.send({ kind: 'spawned', id: 4, pid: 104 }).send({ kind: 'ready', id: 4 });
    assert.deepEqual(run.state.replaced, { requests: 1, memory: 1 });
    assert.deepEqual(run.state.restarts, {});
  },
  'spreads the ends of workers that began together': (run) => {
    const recycle = { requests: 100, jitter: 50, memoryBytes: undefined, lifetimeMs: 0 };
    run.serving().send({ kind: 'configured', settings: { ...settings, recycle } });
    const sampled = (requests: number): Event => ({
      kind: 'sampled',
      samples: [{ id: 1, requests, memoryBytes: 0, oldest: undefined }],
    });
    assert.deepEqual(run.send(sampled(124)).kinds(), []);
    assert.deepEqual(run.send(sampled(125)).kinds(), ['spawn']);
  },
  'replaces a worker at the end of its lifetime': (run) => {
    const recycle = { requests: 0, jitter: 0, memoryBytes: undefined, lifetimeMs: 2_000 };
    run.serving().send({ kind: 'configured', settings: { ...settings, recycle } });
    assert.equal(nextDeadline(run.state), 1_900);
    run.wait(1_900);
    assert.deepEqual(run.kinds(), ['spawn']);
  },
  'replaces the worker that was asked to be stopped': (run) => {
    run.serving().send({ kind: 'stop-worker', id: 2 });
    assert.deepEqual(run.kinds(), ['spawn']);
    run.send({ kind: 'spawned', id: 3, pid: 103 }).send({ kind: 'ready', id: 3 });
    assert.ok(run.kinds().includes('retire 102'));
  },
  'aborts a worker whose only request is over its time': (run) => {
    run.serving();
    const oldest = { text: 'GET /slow', ageMs: 2_000 };
    run.send({ kind: 'sampled', samples: [{ id: 1, requests: 0, memoryBytes: 0, oldest }] });
    assert.deepEqual(run.kinds(), ['worker-aborted', 'abort 101', 'spawn']);
    run.send({ kind: 'exited', id: 1, code: null, signal: 'SIGABRT', ...nothingLeft });
    assert.deepEqual(run.state.lastFailure, { code: 'REQUEST_TIMEOUT', cause: 'GET /slow took longer than 2 s' });
    assert.equal(run.state.requestTimeouts, 1);
  },
  'replaces a worker with a request over its time where others finish meanwhile, and shows its stack once': (run) => {
    const kind = { ...settings.kind, overdue: 'replace' } as const;
    run.serving().send({ kind: 'configured', settings: { ...settings, kind } });
    const samples = [{ id: 1, requests: 0, memoryBytes: 0, oldest: { text: 'GET /slow', ageMs: 2_000 } }];
    assert.deepEqual(run.send({ kind: 'sampled', samples }).kinds(), ['dump 101', 'spawn']);
    assert.deepEqual(run.send({ kind: 'sampled', samples }).kinds(), []);
  },
  'takes a request in hand for a sign of life where a worker beats between requests only': (run) => {
    const kind = { ...settings.kind, overdue: 'none', heartbeat: 'between-requests' } as const;
    run.serving().send({ kind: 'configured', settings: { ...settings, kind } });
    run.now = 2_999;
    const oldest = { text: 'GET /slow', ageMs: 2_999 };
    run.send({ kind: 'sampled', samples: [1, 2].map((id) => ({ id, requests: 0, memoryBytes: 0, oldest })) });
    run.wait(2_999);
    assert.deepEqual(run.workers(), ['1 ready', '2 ready']);
  },
  'does not take silence for death where no heartbeat was promised': (run) => {
    const kind = { ...settings.kind, heartbeat: 'optional' } as const;
    run
      .send({ kind: 'configured', settings: { ...settings, kind } })
      .serving()
      .wait(100_000);
    assert.deepEqual(run.workers(), ['1 ready', '2 ready']);
    run.send({ kind: 'heartbeat', id: 1 }).wait(3_000);
    assert.ok(run.kinds().includes('abort 101'), 'once it has beaten, silence counts');
  },
  'does not count time that was withheld from a worker': (run) => {
    run.serving();
    run.now = 2_900;
    run.send({ kind: 'withheld', ms: 2_000 });
    run.wait(2_000);
    assert.deepEqual(run.workers(), ['1 ready', '2 ready']);
    run.wait(100);
    assert.deepEqual(run.kinds().slice(0, 2), ['worker-aborted', 'abort 101']);
  },
  'judges silence by what has been heard, whatever else happens before': (run) => {
    run.serving();
    run.now = 4_000;
    run.send({ kind: 'withheld', ms: 1 }).send({ kind: 'heartbeat', id: 1 });
    assert.deepEqual(run.workers(), ['1 ready', '2 ready']);
    run.send({ kind: 'tick', heard: 4_000 });
    assert.deepEqual(run.workers(), ['1 ready', '2 aborting', '3 starting']);
  },
  'gives a worker that was not let run time for one more heartbeat, again and again': (run) => {
    run.serving();
    for (run.now = 2_950; run.now < 9_000; run.now += 700) run.send({ kind: 'starved', ids: [1, 2] });
    assert.deepEqual(run.workers(), ['1 ready', '2 ready']);
    run.wait(750);
    assert.ok(run.kinds().includes('abort 101'));
  },
  'tells a kill for memory from any other': (run) => {
    run.serving().send({ kind: 'exited', id: 1, code: null, signal: 'SIGKILL', ...nothingLeft, oomKills: 1 });
    assert.deepEqual(run.state.restarts, { WORKER_OOM_KILLED: 1 });
  },
  'pauses without workers, keeps the socket, and is not ready': (run) => {
    run.serving().send({ kind: 'set-workers', workers: 0 });
    assert.deepEqual(run.kinds(), ['retire 101', 'retire 102']);
    for (const id of [1, 2]) run.send({ kind: 'exited', id, code: 0, signal: null, ...nothingLeft });
    run.wait(100_000);
    assert.equal(run.state.phase.kind, 'serving');
    assert.equal(isReady(run.state), false);
    run.send({ kind: 'scale', by: 1 });
    assert.deepEqual(run.kinds(), ['spawn']);
  },
  'waits for the hook before the end, as long as the drain lasts': (run) => {
    const kind = { ...settings.kind, heartbeat: 'optional', hookBeforeStop: true } as const;
    run
      .send({ kind: 'configured', settings: { ...settings, kind } })
      .serving()
      .send({ kind: 'terminate' });
    assert.deepEqual(run.kinds(), ['phase', 'announce-drain', 'run-stop-hook']);
    run.send({ kind: 'traffic', quiet: true }).wait(2_000);
    assert.equal(run.state.phase.kind, 'draining');
    run.send({ kind: 'hook-done' });
    assert.equal(run.state.phase.kind, 'stopping');
  },
  'takes changed settings over': (run) => {
    run.serving().send({ kind: 'configured', settings: { ...settings, workers: 4 } });
    assert.deepEqual(run.kinds(), ['spawn', 'spawn']);
  },
};

describe('step', () => {
  for (const [name, check] of Object.entries(cases)) test(name, () => check(new Run()));
});
