import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { describe, test } from 'node:test';
import { nodeHost } from '../../../src/runtime/host/node/host.ts';
import { readRunState, Starved, type RunState } from '../../../src/runtime/linux/starved-processes.ts';

const { files } = nodeHost();

/** What the looks at one worker find, and which of them find it starved. */
const cases: Readonly<
  Record<string, { looks: readonly [number, RunState | undefined][]; starved: readonly boolean[] }>
> = {
  'one that sleeps or waits is not': {
    looks: [
      [0, { runnable: false, cpuMs: 500 }],
      [1_000, { runnable: false, cpuMs: 500 }],
    ],
    starved: [false, false],
  },
  'one that spins is not, once it has been seen to have had its time': {
    looks: [
      [0, { runnable: true, cpuMs: 500 }],
      [1_000, { runnable: true, cpuMs: 1_400 }],
    ],
    starved: [true, false],
  },
  'one that waits for a CPU is, for as long as it gets none': {
    looks: [
      [0, { runnable: true, cpuMs: 500 }],
      [4_000, { runnable: true, cpuMs: 510 }],
      [5_000, { runnable: true, cpuMs: 520 }],
      [6_000, { runnable: true, cpuMs: 1_000 }],
    ],
    starved: [true, true, true, false],
  },
  'looks close together keep what was found': {
    looks: [
      [0, { runnable: true, cpuMs: 500 }],
      [1_000, { runnable: true, cpuMs: 1_400 }],
      [1_010, { runnable: true, cpuMs: 1_400 }],
    ],
    starved: [true, false, false],
  },
  'one that has ended is not': { looks: [[0, undefined]], starved: [false] },
};

describe('a worker that wants to run and is not let', () => {
  for (const [name, { looks, starved }] of Object.entries(cases)) {
    test(name, () => {
      let now: RunState | undefined;
      const all = new Starved(() => now);
      const found = looks.map(([at, state]) => {
        now = state;
        return all.look([{ id: 7, pid: 1 }], at).includes(7);
      });
      assert.deepEqual(found, starved);
    });
  }

  test('is forgotten once it has been heard of', () => {
    const all = new Starved(() => ({ runnable: true, cpuMs: 100 }));
    all.look([{ id: 7, pid: 1 }], 0);
    assert.deepEqual(all.look([], 1_000), []);
    assert.deepEqual(all.look([{ id: 7, pid: 1 }], 2_000), [7], 'the first look again');
  });

  test('is read from /proc', { skip: process.platform === 'linux' ? false : 'it needs Linux' }, async () => {
    assert.equal(readRunState(files, process.pid)?.runnable, true);
    const child = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] });
    await new Promise((resolve) => child.once('spawn', resolve));
    const ended = new Promise((resolve) => child.once('close', resolve));
    assert.equal(typeof readRunState(files, child.pid ?? 0)?.cpuMs, 'number');
    child.stdin.end();
    await ended;
    assert.equal(readRunState(files, child.pid ?? 0), undefined);
  });
});
