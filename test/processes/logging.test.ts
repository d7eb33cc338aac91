// The log in its three formats: the runtime's own lines, what workers write, and the access log.
import { EcsFlat } from '@elastic/ecs';
import ecs from '@elastic/ecs/package.json' with { type: 'json' };
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { get } from 'node:http';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { runtimeDir } from '../../scripts/build.ts';
import { pythonPackagesDir } from '../../scripts/python-packages.ts';
import { freePort } from '../free-port.ts';
import { applications, Runtime, skip } from '../runtime/runtime-process.ts';

const root = applications({
  'wsgi_app.py': `
import os, sys
def app(environ, start_response):
    if environ["PATH_INFO"] == "/print":
        print("from the application")
    if environ["PATH_INFO"] == "/json":
        import json, logging, traceback
        print(json.dumps({"level": "error", "msg": "from json", "order": 7}), flush=True)
        print(json.dumps({"worker": "mine", "msg": "has a worker"}), flush=True)
        print(json.dumps({"msg": "long", "text": "é" * 30000}, ensure_ascii=False), flush=True)
        print('{"msg": "broken', flush=True)
        logging.error("said by logging")
        print("to stderr", file=sys.stderr, flush=True)
        try:
            raise ValueError("caught")
        except ValueError:
            traceback.print_exc()
    if environ["PATH_INFO"] == "/binary":
        os.write(1, bytes(range(256)) * 64)
    if environ["PATH_INFO"] == "/flood":
        for i in range(20000):
            os.write(1, b"x" * 200 + b"\\n")
    status = "404 Not Found" if environ["PATH_INFO"] == "/missing" else "200 OK"
    body = environ.get("HTTP_X_REQUEST_ID", "none").encode()
    start_response(status, [("content-type", "text/plain"), ("content-length", str(len(body)))])
    return [body]
`,
  'asgi_app.py': `
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    body = dict(scope["headers"]).get(b"x-request-id", b"none")
    status = 404 if scope["path"] == "/missing" else 200
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})
`,
  'server.js': `
require('http').createServer((request, response) => {
  const body = request.headers['x-request-id'] ?? 'none';
  response.writeHead(request.url.startsWith('/missing') ? 404 : 200, { 'content-length': body.length });
  response.end(body);
}).listen(process.env.PORT);
`,
});

const kinds: Record<string, { app: object; workers?: object }> = {
  sync: { app: { wsgi: 'wsgi_app:app' } },
  gthread: { app: { wsgi: 'wsgi_app:app' }, workers: { class: 'gthread', threads: 2 } },
  gevent: { app: { wsgi: 'wsgi_app:app' }, workers: { class: 'gevent' } },
  fast: { app: { wsgi: 'wsgi_app:app' }, workers: { class: 'fast' } },
  asgi: { app: { asgi: 'asgi_app:app' } },
  node: { app: { node: join(root, 'server.js') } },
};

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

function send(runtime: Runtime, path: string, headers: Record<string, string> = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    get(runtime.url(path), { headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () => resolve(body));
    }).on('error', reject);
  });
}

describe('access log', { skip, concurrency: 2 }, () => {
  for (const [name, kind] of Object.entries(kinds)) {
    test(`${name}: one line a request in each format, with the ids that it came with`, async () => {
      const logging = (format: string): object => ({ format, accessLog: true, level: 'info' });
      await using runtime = await Runtime.ready({
        root,
        ...kind,
        live: { logging: logging('json'), workers: { count: 1 } },
      });
      assert.equal(
        await send(runtime, '/missing?secret=1', {
          'x-request-id': 'abc',
          traceparent,
          'user-agent': 't',
          referer: 'https://a.test/page?secret=2',
        }),
        'abc',
      );
      await runtime.until('json', () => runtime.log().some(({ msg }) => msg === 'request'));
      const { time, pid, request, ...rest } = runtime.log().find(({ msg }) => msg === 'request') ?? {};
      assert.deepEqual(rest, { level: 'info', worker: 1, msg: 'request' });
      assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assert.equal(pid, (await runtime.readyWorkers())[0]?.pid);
      assert.ok(typeof request === 'object' && request !== null && 'ms' in request && typeof request.ms === 'number');
      assert.deepEqual(
        { ...request, ms: 0 },
        {
          id: 'abc',
          traceparent,
          method: 'GET',
          path: '/missing',
          status: 404,
          bytes: 3,
          remote: '127.0.0.1',
          host: `127.0.0.1:${runtime.port}`,
          referer: 'https://a.test/page',
          userAgent: 't',
          ms: 0,
        },
      );

      runtime.configure('2', { logging: { ...logging('ecs'), accessLogQuery: true }, workers: { count: 1 } });
      await runtime.until('ecs in force', async () => (await runtime.status()).settings === '2');
      await send(runtime, '/?a=b%20c', { traceparent, referer: 'https://a.test/?c' });
      await runtime.until('ecs', () => runtime.log().some(({ message }) => message === 'request'));
      const line = runtime.log().find(({ message }) => message === 'request') ?? {};
      assert.equal(line['http.response.status_code'], 200);
      assert.deepEqual(
        [line['url.path'], line['url.query'], line['url.domain'], line['http.request.referrer']],
        ['/', 'a=b%20c', '127.0.0.1', 'https://a.test/?c'],
      );
      assert.equal(line['trace.id'], '0af7651916cd43dd8448eb211c80319c');
      assert.match(String(line['http.request.id']), /^[0-9a-f]{32}$/, 'one that comes without an id gets one');

      runtime.configure('3', { logging: logging('text'), workers: { count: 1 } });
      await runtime.until('text in force', async () => (await runtime.status()).settings === '3');
      await send(runtime, '/%1b[31m', { 'x-request-id': 'text-id' });
      await runtime.until('text', () =>
        /^\S+ INFO {4}1 GET \S+ 200 7 [\d.]+ms 127\.0\.0\.1 id=text-id\n/m.test(runtime.output),
      );
      assert.ok(!runtime.output.includes('\u001B'), 'a client cannot colour the log');
    });
  }
});

describe("workers' output", { skip, concurrency: 2 }, () => {
  test('comes with worker and stream, and binary does no harm', async () => {
    await using runtime = await Runtime.ready({ root, app: { wsgi: 'wsgi_app:app' } });
    await send(runtime, '/print');
    await send(runtime, '/binary');
    await runtime.until('logged', () => runtime.log().some(({ msg }) => msg === 'from the application'));
    const line = runtime.log().find(({ msg }) => msg === 'from the application');
    assert.equal(line?.['stream'], 'stdout');
    assert.equal(typeof line?.['worker'], 'number');
    assert.equal(await runtime.fetch(), 200);
  });

  test('is passed on where it is JSON, keeps the level that it says, and has tracebacks as one', async () => {
    await using runtime = await Runtime.ready({ root, app: { wsgi: 'wsgi_app:app' }, live: { workers: { count: 1 } } });
    await send(runtime, '/json');
    await runtime.until('logged', () => runtime.log().some(({ msg }) => String(msg).startsWith('Traceback')));
    const said = (start: string): Record<string, unknown> | undefined => {
      const found = runtime.log().find(({ msg }) => String(msg).startsWith(start));
      return found && Object.fromEntries(Object.entries(found).filter(([name]) => name !== 'time'));
    };
    const stderr = { worker: 1, stream: 'stderr' };
    assert.deepEqual(said('from json'), { worker: 1, level: 'error', msg: 'from json', order: 7 });
    assert.deepEqual(said('has a worker'), { worker: 'mine', msg: 'has a worker' });
    assert.deepEqual(said('long'), { worker: 1, msg: 'long', text: 'é'.repeat(30_000) });
    assert.deepEqual(said('{"msg": "broken'), { level: 'info', worker: 1, stream: 'stdout', msg: '{"msg": "broken' });
    assert.deepEqual(said('ERROR:root:'), { level: 'error', ...stderr, msg: 'ERROR:root:said by logging' });
    assert.deepEqual(said('to stderr'), { level: 'info', ...stderr, msg: 'to stderr' });
    const { level, msg } = said('Traceback') ?? {};
    assert.equal(level, 'error');
    assert.match(String(msg), /^Traceback \(most recent call last\):\n {2}File .*\nValueError: caught$/s);
  });

  test('a log that nobody reads stops who floods it, and neither probes nor other requests', async () => {
    await using runtime = await Runtime.ready({ root, app: { wsgi: 'wsgi_app:app' }, live: { workers: { count: 2 } } });
    runtime.child.stdout?.pause();
    const flood = send(runtime, '/flood');
    await delay(1_000);
    const before = performance.now();
    assert.equal((await runtime.admin('/readyz')).status, 200);
    assert.equal(await runtime.fetch(), 200);
    assert.ok(performance.now() - before < 1_000);
    runtime.child.stdout?.resume();
    await flood;
  });
});

test('ecs: every field is one of the schema', { skip }, async () => {
  await using runtime = await Runtime.ready({
    root,
    app: { wsgi: 'wsgi_app:app' },
    live: { logging: { format: 'ecs', accessLog: true, level: 'debug' }, workers: { count: 1 } },
  });
  await send(runtime, '/print', { 'x-request-id': 'a', traceparent, 'user-agent': 't' });
  process.kill((await runtime.readyWorkers())[0]?.pid ?? 0, 'SIGKILL');
  await runtime.until('replaced', async () => (await runtime.status()).restarts['WORKER_KILLED'] === 1);
  const fields = new Set(Object.keys(EcsFlat));
  for (const line of runtime.log()) {
    for (const name of Object.keys(line)) assert.ok(fields.has(name), `${name} is no field of ECS ${ecs.version}`);
    assert.equal(line['ecs.version'], ecs.version);
  }
  assert.ok(runtime.log().length > 5);
});

test('text for people has colours on a terminal', { skip }, async () => {
  const port = await freePort();
  const command = [
    join(runtimeDir, 'bin/appserver-runtime'),
    ...['--wsgi', 'wsgi_app:app', '--working-dir', root, '--listen', `127.0.0.1:${port}`],
    ...['--admin', `127.0.0.1:${await freePort()}`, '--control', 'off', '--log-format', 'text', '--access-log'],
  ];
  // script(1) gives it a terminal.
  const child = spawn('script', ['-qec', command.join(' '), '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      ...process.env,
      PYTHONPATH: pythonPackagesDir('newest'),
      // The Node that the runtime brings along stands in its image; here it is that of the tests.
      PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
    },
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  const exited = new Promise((resolve) => child.on('exit', resolve));
  for (let i = 0; i < 500 && !output.includes('worker ready'); i++) await delay(20);
  await fetch(`http://127.0.0.1:${port}/`);
  for (let i = 0; i < 500 && !output.includes('GET /'); i++) await delay(20);
  // Ctrl-C, as a person would.
  child.stdin.write('\u0003');
  await exited;
  assert.ok(output.includes('\u001B[32mINFO'), output);
  assert.ok(output.includes('GET / \u001B[32m200'), output);
  assert.match(output, /phase changed/);
});
