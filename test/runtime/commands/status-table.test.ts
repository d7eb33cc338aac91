import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statusTable } from '../../../src/runtime/commands/status-table.ts';

const worker = {
  id: 1,
  pid: 71,
  state: 'ready',
  ageSeconds: 90,
  busy: 1,
  requests: 1234,
  memoryBytes: 52_428_800,
  generation: 0,
};
const report = {
  phase: 'serving',
  ready: true,
  reload: 'none',
  workers: {
    desired: 2,
    ready: 1,
    list: [worker, { ...worker, id: 12, pid: null, state: 'starting', memoryBytes: 0 }],
  },
  restarts: { WORKER_KILLED: 2 },
  counters: { ended: 1234 },
  acceptQueue: 3,
  lastFailure: 'WORKER_EXITED: \u001B]0;title\u0007 it ended',
};

test('status is a few lines and a table, and nothing in it acts on a terminal', () => {
  assert.equal(
    statusTable(report),
    `phase     serving, ready
workers   1 of 2 ready
requests  1234, 3 waiting
restarts  WORKER_KILLED 2
last      WORKER_EXITED: \\u001b]0;title\\u0007 it ended

WORKER  PID  STATE     AGE  BUSY  REQUESTS  MEMORY  GENERATION
1       71   ready     90s  1     1234      50Mi    0         ${''}
12      -    starting  90s  1     1234      -       0         ${''}
`,
  );
});

test('what is no report is nothing to show', () => {
  for (const body of [{}, null, 'text']) assert.equal(statusTable(body), '');
});
