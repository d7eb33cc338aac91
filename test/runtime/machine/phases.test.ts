// What comes before workers serve, and what outlives them.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { noCounters } from '../../../src/runtime/machine/accounting.ts';
import { nextDeadline } from '../../../src/runtime/machine/deadline.ts';
import { initialState } from '../../../src/runtime/machine/state.ts';
import { nothingLeft, settings } from '../../builders.ts';
import { Run } from './run.ts';

const cases: Record<string, (run: Run) => void> = {
  'starts no worker before what comes before all workers is done, whatever is asked for': (run) => {
    for (const event of [
      { kind: 'reload' },
      { kind: 'scale', by: 1 },
      { kind: 'set-workers', workers: 3 },
      { kind: 'configured', settings: { ...settings, workers: 4 } },
      { kind: 'withheld', ms: 100 },
    ] as const) {
      assert.deepEqual(run.send(event).effects, []);
    }
    run.wait(3_600_000);
    assert.equal(nextDeadline(run.state), undefined);
    assert.deepEqual(run.send({ kind: 'started' }).kinds(), ['spawn', 'spawn', 'spawn', 'spawn']);
    assert.equal(run.state.noneReadySince, 3_600_000);
  },
  'ends at once when it is to end before that is done': (run) => {
    run.send({ kind: 'terminate' });
    assert.deepEqual(run.effects.at(-1), { kind: 'exit', exit: { code: 0, failure: undefined } });
  },
  'takes a program that says nothing for ready once it has run for a moment': (run) => {
    run.state = initialState(
      { ...settings, kind: { ...settings.kind, heartbeat: 'optional', ready: 'when-running' } },
      0,
    );
    run.send({ kind: 'started' });
    assert.equal(run.wait(1_000).state.phase.kind, 'booting', 'not while there is no process');
    for (const id of [1, 2]) run.send({ kind: 'spawned', id, pid: 100 + id });
    assert.deepEqual(run.wait(1_000).workers(), ['1 starting', '2 starting'], 'not while it has not come to run');
    for (const id of [1, 2]) run.send({ kind: 'running', id });
    assert.deepEqual(run.workers(), ['1 starting', '2 starting'], 'not as soon as it does');
    assert.deepEqual(run.wait(500).workers(), ['1 ready', '2 ready']);
    run.wait(10_000).send({ kind: 'exited', id: 1, code: 0, signal: null, ...nothingLeft });
    run.wait(1_000);
    run.send({ kind: 'spawned', id: 3, pid: 103 }).send({ kind: 'running', id: 3 });
    assert.equal(nextDeadline(run.state), run.now + 500);
    assert.deepEqual(run.wait(499).workers(), ['2 ready', '3 starting']);
    assert.deepEqual(run.wait(1).workers(), ['2 ready', '3 ready']);
  },
  'gives up a program that ends before it has run for a moment': (run) => {
    run.state = initialState({ ...settings, kind: { ...settings.kind, ready: 'when-running' } }, 0);
    run.send({ kind: 'started' });
    const failure = { code: 'PROGRAM_MISSING', cause: 'not found' } as const;
    for (const id of [1, 2, 3]) {
      run
        .send({ kind: 'spawned', id, pid: 100 + id })
        .send({ kind: 'running', id })
        .wait(5)
        .send({ kind: 'failing', id, failure });
      run.send({ kind: 'exited', id, code: 127, signal: null, ...nothingLeft }).wait(id < 2 ? 0 : 1_000);
    }
    assert.deepEqual(run.state.phase, { kind: 'stopped', exit: { code: 3, failure } });
  },
  'counts what ended workers had begun, and whom the kernel has killed for memory': (run) => {
    run.serving();
    const counters = { ...noCounters, begun: 5, ended: 3 };
    const left = { counters, connections: 4 };
    run.send({ kind: 'exited', id: 1, code: null, signal: 'SIGKILL', oomKills: 1, left });
    run.send({ kind: 'exited', id: 2, code: null, signal: 'SIGKILL', oomKills: 1, left });
    // A worker that is not known, or not any more, counts nothing.
    run.send({ kind: 'exited', id: 2, code: null, signal: 'SIGKILL', oomKills: 1, left });
    assert.deepEqual(run.state.restarts, { WORKER_OOM_KILLED: 1, WORKER_KILLED: 1 });
    const { requestsLost, connectionsLost, ended } = run.state.accounts;
    assert.deepEqual([requestsLost, connectionsLost, ended.begun, ended.ended], [4, 8, 6, 6]);
  },
};

describe('the supervisor', () => {
  for (const [name, check] of Object.entries(cases)) test(name, () => check(new Run()));
});
