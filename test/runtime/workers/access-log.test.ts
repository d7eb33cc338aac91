// Lines of the access log, written by Node workers and by Python workers: any request gives a line that is whole.
import fc from 'fast-check';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { requestLine, type RequestRecord } from '../../../src/runtime/workers/node/access-log.ts';

const record: RequestRecord = {
  worker: 1,
  pid: 7,
  time: '2026-01-02T03:04:05.678Z',
  id: 'abc',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  method: 'GET',
  path: '/',
  query: 'a=b',
  status: 200,
  bytes: 2,
  ms: 1.5,
  remote: '127.0.0.1',
  host: 'shop.test:8000',
  referer: 'https://a.test/page',
  userAgent: 'curl/8',
};

const table: Readonly<Record<string, Partial<RequestRecord>>> = {
  'an ordinary request': {},
  'a long user agent': { userAgent: 'x'.repeat(20_000) },
  'a user agent that is not ASCII': { userAgent: '\u00E9'.repeat(3_000) },
  'a user agent of quotes and controls': { userAgent: '"\\\u0001\u009B'.repeat(2_000) },
  'long fields, all of them': {
    ...{ id: '\u0001'.repeat(5_000), traceparent: '-'.repeat(5_000), method: 'M'.repeat(5_000) },
    ...{ path: `/${'\u{1F469}'.repeat(5_000)}`, remote: '\u0002'.repeat(5_000), userAgent: '\u2028'.repeat(5_000) },
    ...{ query: '\u0003'.repeat(5_000), host: '\u0004'.repeat(5_000), referer: '\u2029'.repeat(5_000) },
  },
};

const script = `
import json, os, sys
sys.path.insert(0, sys.argv[1])
from appserver_worker import access_log
log = access_log.AccessLog(os.dup(1), 1)
for line in sys.stdin:
    r = json.loads(line)
    headers = {"x-request-id": r["id"], "traceparent": r["traceparent"], "user-agent": r["userAgent"], "host": r["host"], "referer": r["referer"]}
    log.write(r["format"], r["method"], r["path"], r["query"], r["status"], r["bytes"], r["ms"] / 1000, r["remote"], headers.get)
`;
const formats = ['json', 'ecs', 'text'] as const;

function python(records: readonly RequestRecord[], format: (typeof formats)[number]): string[] {
  const input = records.map((one) => JSON.stringify({ ...one, format: formats.indexOf(format) + 1 })).join('\n');
  const workers = join(import.meta.dirname, '../../../src/runtime/workers/python');
  const { stdout, stderr } = spawnSync('python3', ['-c', script, workers], { input, encoding: 'utf8' });
  assert.equal(stderr, '');
  return stdout.split('\n').slice(0, -1);
}

function check(line: string, format: (typeof formats)[number]): void {
  assert.ok(Buffer.byteLength(line) < 4_096, `${Buffer.byteLength(line)} bytes`);
  if (format === 'text') assert.match(line, /^\S+ INFO {4}1 [ -~]*$/);
  else assert.equal(typeof JSON.parse(line), 'object');
}

describe('a line of the access log is whole', () => {
  for (const format of formats) {
    test(`${format}, of a Python worker`, () => {
      const lines = python(
        Object.values(table).map((change) => Object.assign({}, record, change)),
        format,
      );
      assert.equal(lines.length, Object.keys(table).length);
      for (const line of lines) check(line, format);
    });

    for (const [name, change] of Object.entries(table)) {
      test(`${format}, of a Node worker: ${name}`, () => check(requestLine({ ...record, ...change }, format), format));
    }

    test(`${format}, of a Node worker, whatever a client sends`, () => {
      const text = fc.string({ unit: 'binary', maxLength: 4_000 });
      fc.assert(
        fc.property(text, text, text, text, (id, path, userAgent, remote) =>
          check(requestLine({ ...record, id, path, userAgent, remote }, format), format),
        ),
      );
    });
  }

  test('both kinds of workers write the same', () => {
    for (const format of formats) {
      const [line = ''] = python([record], format);
      const without = (one: string): string =>
        one.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME').replaceAll(/"process.pid":\d+|"pid":\d+/g, 'PID');
      if (format === 'text') assert.equal(without(line), without(requestLine(record, format)));
      else
        assert.deepEqual(
          { ...parsed(line), ...when(format) },
          { ...parsed(requestLine(record, format)), ...when(format) },
        );
    }
  });
});

function parsed(line: string): Record<string, unknown> {
  return JSON.parse(line) as Record<string, unknown>;
}

/** What differs from one run to the next. */
function when(format: string): Record<string, unknown> {
  return format === 'json' ? { time: '', pid: 0 } : { '@timestamp': '', 'process.pid': 0 };
}
