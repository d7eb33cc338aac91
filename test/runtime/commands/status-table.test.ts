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
const now = Date.parse('2026-01-02T05:00:00Z');
const report = {
  version: '1.2.3',
  application: 'wsgi shop:app',
  class: 'gthread',
  listen: ['0.0.0.0:8000'],
  startedAt: '2026-01-02T03:00:00.123Z',
  lastFailureAt: '2026-01-02T04:59:00.000Z',
  limits: {
    bootTimeout: 60,
    heartbeatTimeout: 30,
    requestTimeout: null,
    gracefulTimeout: 30,
    workerMemory: 314_572_800,
  },
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
    statusTable(report, { now, perSecond: 12.34 }),
    `runs      wsgi shop:app, class gthread on 0.0.0.0:8000
version   1.2.3
since     2026-01-02T03:00:00Z (2h)
phase     serving, ready
workers   1 of 2 ready
limits    boot 60s, heartbeat 30s, requests unlimited, graceful 30s, memory 300Mi a worker
requests  1234, 12.3 per second, 3 waiting
restarts  WORKER_KILLED 2
last      2026-01-02T04:59:00Z (60s) WORKER_EXITED: \\u001b]0;title\\u0007 it ended

WORKER  PID  STATE     AGE  BUSY  REQUESTS  MEMORY
1       71   ready     90s  1     1234      50Mi  ${''}
12      -    starting  90s  1     1234      -     ${''}
`,
  );
});

test('generations stand in a column of their own while workers are of several', () => {
  const list = [worker, { ...worker, id: 2, generation: 1 }];
  assert.match(statusTable({ ...report, workers: { ...report.workers, list } }, { now }), /GENERATION\n.* 0 .*\n.* 1 /);
});

test('a runtime of another version, which tells less, is shown as far as it goes', () => {
  const { application, class: kind, listen, startedAt, lastFailureAt, limits, ...older } = report;
  assert.ok([application, kind, listen, startedAt, lastFailureAt, limits].every((one) => one !== undefined));
  assert.match(statusTable(older, { now }), /^version {3}1\.2\.3\nphase/);
});

test('what is no report is nothing to show', () => {
  for (const body of [{}, null, 'text']) assert.equal(statusTable(body, { now }), '');
});
