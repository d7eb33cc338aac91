// The small parts of the runtime, each as a table.
import assert from 'node:assert/strict';
import { mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, describe, test } from 'node:test';
import { eachLine } from '../../src/runtime/lines.ts';
import { initialState } from '../../src/runtime/machine/state.ts';
import { metricsText } from '../../src/runtime/metrics.ts';
import { parseNotification } from '../../src/runtime/notify.ts';
import { readyChecks, report } from '../../src/runtime/report.ts';
import { addCounters, noCounters, SharedMemory } from '../../src/runtime/shared-memory.ts';
import { headerBytes, maxRows, records, rowBytes } from '../../src/runtime/shared/shared-memory-layout.ts';
import { settings } from '../builders.ts';

const dir = mkdtempSync(join(tmpdir(), 'appserver-test-'));
after(() => rmSync(dir, { recursive: true }));

describe('notifications', () => {
  const cases: Record<string, [line: string, said: unknown]> = {
    ready: ['READY=1', { kind: 'ready' }],
    'a heartbeat': ['WATCHDOG=1', { kind: 'heartbeat' }],
    'another process id': ['MAINPID=123', { kind: 'main-pid', pid: 123 }],
    'words for people': ['STATUS=a=b', { kind: 'status', text: 'a=b' }],
    'a reason': [
      'X_APPSERVER_ERROR=APP_NOT_FOUND there is no module x',
      { kind: 'failing', failure: { code: 'APP_NOT_FOUND', cause: 'there is no module x' } },
    ],
    'a request that was ended': [
      'X_APPSERVER_REQUEST_TIMEOUT=2.500 GET /slow',
      { kind: 'request-timeout', request: 'GET /slow', seconds: 2.5 },
    ],
    'a code that is not known': ['X_APPSERVER_ERROR=NOT_A_CODE something', undefined],
    'a name of Object.prototype': ['X_APPSERVER_ERROR=toString x', undefined],
    'a word of systemd that means nothing here': ['FDSTORE=1', undefined],
    'the id of PID 1, which no worker has': ['MAINPID=1', undefined],
    garbage: ['\u0000\u0001', undefined],
  };
  for (const [name, [line, said]] of Object.entries(cases)) {
    test(name, () => assert.deepEqual(parseNotification(line), said));
  }
});

test('lines are told apart over chunks, and one without end comes in parts', async () => {
  const stream = new PassThrough();
  const lines: string[] = [];
  eachLine(stream, (line) => lines.push(line));
  for (const chunk of ['a', 'b\nc', '\n', 'x'.repeat(40_000), 'end']) stream.write(chunk);
  stream.end();
  await new Promise((resolve) => stream.on('close', resolve));
  assert.deepEqual(lines.slice(0, 2), ['ab', 'c']);
  assert.equal(lines.slice(2).join(''), `${'x'.repeat(40_000)}end`);
  assert.ok(lines.every((line) => line.length <= 16_384));
});

describe('shared memory and what is told of it', () => {
  const fd = openSync(join(dir, 'memory'), 'w+');
  writeSync(fd, new Uint8Array(headerBytes + maxRows * rowBytes));
  const memory = new SharedMemory(fd);

  test('reads what a worker has counted, and clears a row', () => {
    const row = new Float64Array(rowBytes / 8);
    row.set([5, 4, 2.5, 3, 1]);
    row.set([0, 4], 15);
    const bytes = Buffer.from(row.buffer);
    for (const [record, began, text] of [
      [0, 20, 'GET /new'],
      [2, 10, 'GET /old'],
    ] as const) {
      const at = records.offset + record * records.bytes;
      bytes.writeDoubleLE(began, at);
      bytes.writeUInt32LE(text.length, at + 8);
      bytes.write(text, at + records.textOffset);
    }
    writeSync(fd, bytes, 0, rowBytes, headerBytes + 3 * rowBytes);
    const { counters, inHand } = memory.read(3);
    assert.deepEqual(
      [counters.begun, counters.ended, counters.seconds, counters.buckets.slice(0, 3), counters.statuses],
      [5, 4, 2.5, [3, 1, 0], [0, 4, 0, 0, 0]],
    );
    assert.deepEqual(
      inHand.map(({ text }) => text),
      ['GET /old', 'GET /new'],
    );
    assert.equal(addCounters(counters, counters).ended, 8);
    memory.clear(3);
    assert.deepEqual(memory.read(3), { counters: noCounters, connections: 0, inHand: [] });
  });

  const sampled = {
    total: noCounters,
    bySlot: new Map(),
    memoryBySlot: new Map(),
    acceptQueue: { length: 9, drops: 2 },
    bootSeconds: [0.2, 0.3],
    requestsLost: 3,
    connectionsLost: 4,
  };

  test('metrics are OpenMetrics, with a cumulative histogram', async () => {
    const total = {
      ...noCounters,
      begun: 4,
      ended: 4,
      seconds: 1.5,
      buckets: noCounters.buckets.map((_, i) => (i < 2 ? 2 : 0)),
    };
    const text = await metricsText(
      report(
        { ...initialState(settings, 0), restarts: { WORKER_KILLED: 2 } },
        { ...sampled, total },
        { version: '1', settings: 's' },
        0,
      ),
    );
    for (const line of [
      'appserver_request_duration_seconds_bucket{le="0.005"} 2',
      'appserver_request_duration_seconds_bucket{le="+Inf"} 4',
      'appserver_request_duration_seconds_count 4',
      'appserver_worker_restarts_total{reason="WORKER_KILLED"} 2',
      'appserver_accept_queue_length 9',
      'appserver_accept_queue_drops_total 2',
      'appserver_worker_boot_seconds_bucket{le="0.25"} 1',
      'appserver_worker_boot_seconds_count 2',
      'appserver_requests_lost_total 3',
      'appserver_responses_total{status="2xx"} 0',
    ]) {
      assert.ok(text.includes(`${line}\n`), `${line}\n---\n${text}`);
    }
    assert.ok(text.endsWith('# EOF\n'));
  });

  test('readyz names what is missing', () => {
    const told = report(initialState(settings, 0), sampled, { version: '1', settings: 's' }, 0);
    assert.deepEqual(
      readyChecks(told, 2).map(({ name, ok, why }) => `${name} ${ok} ${why}`),
      ['phase false booting', 'workers false 0 of 2 ready, 2 needed'],
    );
  });
});
