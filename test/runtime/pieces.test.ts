// The small parts of the runtime, each as a table.
import assert from 'node:assert/strict';
import { mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, describe, test } from 'node:test';
import { queuedConnections } from '../../src/runtime/accept-queue.ts';
import { backoffMs } from '../../src/runtime/backoff.ts';
import { readFixedConfig, readLiveConfig } from '../../src/runtime/config.ts';
import { RuntimeError } from '../../src/runtime/errors.ts';
import { eachLine } from '../../src/runtime/lines.ts';
import { metricsText } from '../../src/runtime/metrics.ts';
import { parseNotification } from '../../src/runtime/notify.ts';
import { readyChecks, report } from '../../src/runtime/report.ts';
import { addCounters, noCounters, SharedMemory } from '../../src/runtime/shared-memory.ts';
import { initialState } from '../../src/runtime/state.ts';
import { StderrTail, terminationMessage } from '../../src/runtime/termination.ts';
import { settings } from '../builders.ts';

const dir = mkdtempSync(join(tmpdir(), 'appserver-test-'));
after(() => rmSync(dir, { recursive: true }));

const fixed = {
  app: { wsgi: 'shop:app' },
  port: 8000,
  adminPort: 9000,
  workers: {
    class: 'sync',
    threads: 1,
    backlog: 64,
    keepAliveMs: 1_000,
    heartbeatTimeoutMs: 30_000,
    gracefulTimeoutMs: 30_000,
  },
  drain: { minimumMs: 5_000, maximumMs: 15_000 },
};
const live = {
  revision: 'abc',
  workers: { count: 2, bootTimeoutMs: 1_000 },
  probes: { readyWorkers: 1 },
  logging: { level: 'info' },
};

/** `value` with the field at `path` replaced. */
function changed(value: object, path: string, field: unknown): object {
  const [head = '', ...rest] = path.split('.');
  const inner: unknown = Object.entries(value).find(([key]) => key === head)?.[1];
  return { ...value, [head]: rest.length === 0 ? field : changed(inner as object, rest.join('.'), field) };
}

describe('configuration', () => {
  test('reads what the operator writes', () => {
    writeFileSync(join(dir, 'runtime.json'), JSON.stringify(fixed));
    writeFileSync(join(dir, 'live.json'), JSON.stringify(live));
    assert.deepEqual(readFixedConfig(dir), fixed);
    assert.deepEqual(readLiveConfig(dir), live);
  });

  const wrong: Record<string, [file: 'runtime.json' | 'live.json', path: string, value: unknown, says: string]> = {
    'no application': ['runtime.json', 'app.wsgi', '', 'app.wsgi must be a string that is not empty'],
    'a relative number as port': ['runtime.json', 'port', '8000', 'port must be a whole number from 1 to 65535'],
    'a port too high': ['runtime.json', 'port', 70_000, 'port must be a whole number from 1 to 65535'],
    'an admin port that is none': [
      'runtime.json',
      'adminPort',
      null,
      'adminPort must be a whole number from 1 to 65535',
    ],
    'an unknown worker class': [
      'runtime.json',
      'workers.class',
      'tornado',
      'workers.class must be one of sync, gthread',
    ],
    'no threads': ['runtime.json', 'workers.threads', 0, 'workers.threads must be a whole number from 1 to 1024'],
    'no backlog': ['runtime.json', 'workers.backlog', 0, 'workers.backlog must be a whole number from 1 to 65535'],
    'half a millisecond': ['runtime.json', 'workers.keepAliveMs', 0.5, 'workers.keepAliveMs must be a whole number'],
    'a heartbeat too quick': [
      'runtime.json',
      'workers.heartbeatTimeoutMs',
      99,
      'workers.heartbeatTimeoutMs must be a whole number from 100',
    ],
    'a negative graceful timeout': [
      'runtime.json',
      'workers.gracefulTimeoutMs',
      -1,
      'workers.gracefulTimeoutMs must be',
    ],
    'a drain that ends before it may': [
      'runtime.json',
      'drain.maximumMs',
      4_999,
      'drain.maximumMs must be a whole number from 5000',
    ],
    'settings that are no object': ['runtime.json', 'workers', 7, 'workers must be an object'],
    'no revision': ['live.json', 'revision', undefined, 'revision must be a string'],
    'no workers': ['live.json', 'workers.count', 0, 'workers.count must be a whole number from 1 to 256'],
    'no time to boot': ['live.json', 'workers.bootTimeoutMs', 0, 'workers.bootTimeoutMs must be'],
    'more ready workers than workers': [
      'live.json',
      'probes.readyWorkers',
      3,
      'probes.readyWorkers must be a whole number from 1 to 2',
    ],
    'an unknown log level': [
      'live.json',
      'logging.level',
      'loud',
      'logging.level must be one of trace, debug, info, warn, error',
    ],
  };
  for (const [name, [file, path, value, says]] of Object.entries(wrong)) {
    test(`refuses ${name}, naming file and field`, () => {
      const whole = file === 'runtime.json' ? fixed : live;
      writeFileSync(join(dir, file), JSON.stringify(changed(whole, path, value)));
      const read = file === 'runtime.json' ? readFixedConfig : readLiveConfig;
      assert.throws(
        () => read(dir),
        (error: unknown) =>
          error instanceof RuntimeError &&
          error.code === 'CONFIG_INVALID' &&
          error.message.includes(`${file}: ${says}`),
      );
    });
  }

  test('tells a file that is missing from one that is no JSON', () => {
    writeFileSync(join(dir, 'runtime.json'), '{');
    assert.throws(() => readFixedConfig(dir), { code: 'CONFIG_INVALID' });
    assert.throws(() => readFixedConfig(join(dir, 'nowhere')), { code: 'CONFIG_UNREADABLE' });
  });
});

describe('notifications', () => {
  const cases: Record<string, [line: string, event: unknown]> = {
    ready: ['READY=1', { kind: 'ready', id: 7 }],
    'a heartbeat': ['WATCHDOG=1', { kind: 'heartbeat', id: 7 }],
    'a reason': [
      'X_APPSERVER_ERROR=APP_NOT_FOUND there is no module x',
      { kind: 'failing', id: 7, failure: { code: 'APP_NOT_FOUND', cause: 'there is no module x' } },
    ],
    'a code that is not known': ['X_APPSERVER_ERROR=NOT_A_CODE something', undefined],
    'a name of Object.prototype': ['X_APPSERVER_ERROR=toString x', undefined],
    'a word of systemd that means nothing here': ['MAINPID=1', undefined],
    garbage: ['\u0000\u0001', undefined],
  };
  for (const [name, [line, event]] of Object.entries(cases)) {
    test(name, () => assert.deepEqual(parseNotification(7, line), event));
  }
});

test('backoff doubles from half a second to half a minute, and jitter spreads all of it', () => {
  assert.deepEqual(
    [0, 1, 2, 3, 7, 50].map((failures) => backoffMs(failures, 1)),
    [0, 500, 1_000, 2_000, 30_000, 30_000],
  );
  assert.equal(backoffMs(3, 0), 0);
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

test('the accept queue is the sum over the sockets that listen on the port', () => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 00000000:1F40 00000000:0000 0A 00000000:00000011 00:00000000 00000000  1000 0 1 1',
    '   1: 0100007F:1F40 0100007F:9C40 01 00000000:00000005 00:00000000 00000000  1000 0 2 1',
    '   2: 00000000:2328 00000000:0000 0A 00000000:00000003 00:00000000 00000000  1000 0 3 1',
  ].join('\n');
  assert.equal(queuedConnections(table, 8000), 17);
  assert.equal(queuedConnections('', 8000), 0);
});

test('the termination message keeps its first line and as much of the end of stderr as fits', () => {
  const tail = new StderrTail();
  for (let i = 0; i < 50; i++) tail.add(`line ${i} ${'x'.repeat(400)}`);
  const message = terminationMessage('CODE: cause. remedy', tail.text());
  assert.ok(message.startsWith('CODE: cause. remedy\n'));
  assert.ok(message.length < 4_096);
  assert.ok(message.includes('line 49'));
  assert.ok(!message.includes('line 20 '));
});

describe('shared memory and what is told of it', () => {
  const fd = openSync(join(dir, 'memory'), 'w+');
  writeSync(fd, new Uint8Array(4_096 + 256 * 512));
  const memory = new SharedMemory(fd);

  test('reads what a worker has counted, and clears a row', () => {
    const row = new BigUint64Array(64);
    row.set([5n, 4n, 2_500_000n, 3n, 1n]);
    writeSync(fd, new Uint8Array(row.buffer), 0, 512, 4_096 + 3 * 512);
    const counters = memory.read(3);
    assert.deepEqual(
      [counters.begun, counters.ended, counters.seconds, counters.buckets.slice(0, 3)],
      [5, 4, 2.5, [3, 1, 0]],
    );
    assert.equal(addCounters(counters, counters).ended, 8);
    memory.clear(3);
    assert.deepEqual(memory.read(3), noCounters);
  });

  test('metrics are OpenMetrics, with a cumulative histogram', async () => {
    const total = {
      ...noCounters,
      begun: 4,
      ended: 4,
      seconds: 1.5,
      buckets: noCounters.buckets.map((_, i) => (i < 2 ? 2 : 0)),
    };
    const sampled = { total, bySlot: new Map(), acceptQueue: 9 };
    const text = await metricsText(
      report(
        { ...initialState(settings, 0), restarts: { WORKER_KILLED: 2 } },
        sampled,
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
    ]) {
      assert.ok(text.includes(`${line}\n`), `${line}\n---\n${text}`);
    }
    assert.ok(text.endsWith('# EOF\n'));
  });

  test('readyz names what is missing', () => {
    const sampled = { total: noCounters, bySlot: new Map(), acceptQueue: 0 };
    const told = report(initialState(settings, 0), sampled, { version: '1', settings: 's' }, 0);
    assert.deepEqual(
      readyChecks(told, 2).map(({ name, ok, why }) => `${name} ${ok} ${why}`),
      ['phase false booting', 'workers false 0 of 2 ready, 2 needed'],
    );
  });
});
