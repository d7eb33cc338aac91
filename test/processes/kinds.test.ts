// Every kind of application, served by real workers.
import assert from 'node:assert/strict';
import { get, Agent } from 'node:http';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { pythonPackagesDir } from '../../scripts/python-packages.ts';
import { applications, Runtime, skip, type Options } from '../runtime/runtime-process.ts';

const root = applications({
  'wsgi_app.py': `
import os, time
def app(environ, start_response):
    if environ["PATH_INFO"] == "/slow":
        time.sleep(0.3)
    if environ["PATH_INFO"] == "/held":
        while not os.path.exists(environ["QUERY_STRING"]):
            time.sleep(0.01)
    if environ["PATH_INFO"] == "/stuck":
        time.sleep(30)
    start_response("200 OK", [("content-type", "text/plain")])
    return [str(os.getpid()).encode()]
def create(name):
    return app
`,
  'asgi_app.py': `
import asyncio, os
started = []
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                started.append(1)
                await send({"type": "lifespan.startup.complete"})
            else:
                print("lifespan closed", flush=True)
                await send({"type": "lifespan.shutdown.complete"})
                return
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                print("websocket closed with", message.get("code"), flush=True)
                return
            await send({"type": "websocket.send", "text": message["text"].upper()})
    if scope["path"] == "/slow":
        await asyncio.sleep(0.3)
    if scope["path"] == "/held":
        while not os.path.exists(scope["query_string"].decode()):
            await asyncio.sleep(0.01)
    if scope["path"] == "/stuck":
        await asyncio.sleep(30)
    assert started
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(os.getpid()).encode()})
async def fails(scope, receive, send):
    raise RuntimeError("no database")
`,
  'server.js': `
const http = require('http'), fs = require('fs');
http.createServer((request, response) => {
  if (request.url === '/stuck') for (;;) ;
  const [path, file] = request.url.split('?');
  if (path === '/held') {
    const timer = setInterval(() => {
      if (!fs.existsSync(file)) return;
      clearInterval(timer);
      response.end(String(process.pid));
    }, 10);
    return;
  }
  if (request.url === '/slow') return setTimeout(() => response.end(String(process.pid)), 300);
  response.end(String(process.pid));
}).listen(process.env.PORT);
`,
  'by_hand.py': `
# A worker of a kind of its own: sockets by LISTEN_FDS, words over the notification pipe.
import os, signal, socket, sys
say = lambda line: "silent" in sys.argv or os.write(int(os.environ["APPSERVER_NOTIFY_FD"]), line + b"\\n")
assert os.environ["LISTEN_PID"] == str(os.getpid())
listener = socket.socket(fileno=3)
signal.signal(signal.SIGTERM, lambda *_: exit(0))
say(b"READY=1")
while True:
    client, _ = listener.accept()
    client.recv(65536)
    client.sendall(b"HTTP/1.1 200 OK\\r\\ncontent-length: %d\\r\\nconnection: close\\r\\n\\r\\n%d" % (len(str(os.getpid())), os.getpid()))
    client.close()
    say(b"WATCHDOG=1")
`,
});

const kinds: Record<string, Partial<Options> & { readonly app: object }> = {
  'wsgi, sync': { app: { wsgi: 'wsgi_app:app' } },
  'wsgi, gthread': { app: { wsgi: 'wsgi_app:app' }, workers: { class: 'gthread', threads: 4 } },
  'wsgi, gevent': { app: { wsgi: 'wsgi_app:app' }, workers: { class: 'gevent' } },
  'wsgi, fast': { app: { wsgi: 'wsgi_app:app' }, workers: { class: 'fast', threads: 2 } },
  'wsgi, a factory with arguments': { app: { wsgi: 'wsgi_app:create("x")' } },
  'wsgi, preloaded': { app: { wsgi: 'wsgi_app:app' }, workers: { preload: true } },
  'wsgi, gevent, preloaded': { app: { wsgi: 'wsgi_app:app' }, workers: { class: 'gevent', preload: true } },
  'wsgi, fast, preloaded': { app: { wsgi: 'wsgi_app:app' }, workers: { class: 'fast', threads: 2, preload: true } },
  asgi: { app: { asgi: 'asgi_app:app' } },
  'asgi, preloaded': { app: { asgi: 'asgi_app:app' }, workers: { preload: true } },
  'asgi, the oldest uvicorn': { app: { asgi: 'asgi_app:app' }, env: { PYTHONPATH: pythonPackagesDir('oldest') } },
  node: { app: { node: join(root, 'server.js') } },
  command: { app: { command: 'python3', args: [join(root, 'by_hand.py')], notify: true } },
  'command, which does not say that it is ready': {
    app: { command: 'python3', args: [join(root, 'by_hand.py'), 'silent'] },
  },
};

function headers(runtime: Runtime, agent: Agent, path = '/'): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    get(runtime.url(path), { agent }, (response) => {
      response.resume().on('end', () => resolve(response.headers.connection));
    }).on('error', reject);
  });
}

describe('kinds of applications', { skip, concurrency: 2 }, () => {
  for (const [name, options] of Object.entries(kinds)) {
    test(`${name}: serves, drains with what it has, and replaces what is killed`, async () => {
      await using runtime = await Runtime.ready({ root, ...options });
      await runtime.until('all ready', async () => (await runtime.status()).workers.ready === 2);
      const workers = (await runtime.readyWorkers()).map(({ pid }) => String(pid));
      const served = await fetch(runtime.url());
      assert.ok(workers.includes(await served.text()), 'the process that answers is one of those that are known');
      const [victim] = await runtime.readyWorkers();
      assert.ok(victim);
      process.kill(victim.pid, 'SIGKILL');
      await runtime.until('replaced', async () => {
        const { workers: now, restarts } = await runtime.status();
        return now.ready === 2 && restarts['WORKER_KILLED'] === 1;
      });
      const release = join(runtime.dir, 'release');
      // Programs of other kinds do not count.
      const counts = !('command' in options.app);
      const held = !counts ? runtime.fetch('/slow') : runtime.fetch(`/held?${release}`);
      if (counts)
        await runtime.until('in hand', async () => (await runtime.status()).workers.list.some(({ busy }) => busy > 0));
      runtime.child.kill('SIGTERM');
      await runtime.until('draining', async () => (await runtime.status()).phase === 'draining');
      assert.equal(await runtime.fetch(), 200, 'still accepting');
      writeFileSync(release, '');
      assert.equal(await held, 200);
      assert.equal(await runtime.exited, 0, runtime.output);
      assert.doesNotMatch(
        runtime.output,
        /Traceback|"level":"error","time":"[^"]*","worker":\d+,"code":"(?!WORKER_KILLED)/,
      );
    });
  }

  for (const name of ['wsgi, gthread', 'wsgi, gevent', 'wsgi, fast', 'asgi', 'node'] as const) {
    test(`${name}: while it drains, answers close their connections, and an idle one does not hold up the end`, async () => {
      await using runtime = await Runtime.ready({
        root,
        app: {},
        ...kinds[name],
        live: { workers: { count: 1, gracefulTimeout: '10s' } },
        fixed: { drain: { minimum: '500ms', maximum: '3s' } },
      });
      const [idle, used] = [new Agent({ keepAlive: true }), new Agent({ keepAlive: true })];
      assert.notEqual(await headers(runtime, idle), 'close');
      assert.notEqual(await headers(runtime, used), 'close');
      runtime.child.kill('SIGTERM');
      await runtime.until('draining', async () => (await runtime.status()).phase === 'draining');
      await delay(150);
      assert.equal(await headers(runtime, used), 'close');
      const begun = performance.now();
      assert.equal(await runtime.exited, 0);
      assert.ok(performance.now() - begun < 5_000, 'it does not wait for the idle connection');
      idle.destroy();
      used.destroy();
    });
  }

  for (const name of ['wsgi, gevent', 'asgi'] as const) {
    test(`${name}: a request over its time is ended alone`, async () => {
      await using runtime = await Runtime.ready({
        root,
        app: {},
        ...kinds[name],
        live: { workers: { count: 1, requestTimeout: '500ms' } },
      });
      const [worker] = await runtime.readyWorkers();
      const [stuck, slow] = await Promise.all([runtime.fetch('/stuck'), runtime.fetch('/slow')]);
      assert.ok(stuck >= 500, String(stuck));
      assert.equal(slow, 200);
      await runtime.until('counted', async () => (await runtime.status()).requestTimeouts === 1);
      assert.equal((await runtime.readyWorkers())[0]?.pid, worker?.pid, 'the worker goes on');
      // The log comes by a pipe, and may be read later than what the port tells.
      const logged = /"code":"REQUEST_TIMEOUT","request":"GET \/stuck"/;
      await runtime.until('logged', () => Promise.resolve(logged.test(runtime.output)));
    });
  }

  test('wsgi, gthread: a worker with a request over its time is replaced while others finish', async () => {
    await using runtime = await Runtime.ready({
      root,
      app: {},
      ...kinds['wsgi, gthread'],
      live: { workers: { count: 1, requestTimeout: '500ms', gracefulTimeout: '1s' } },
    });
    const [first] = await runtime.readyWorkers();
    const stuck = runtime.fetch('/stuck').catch(() => 0);
    await runtime.until('replaced', async () => {
      const ready = await runtime.readyWorkers();
      return ready.length === 1 && ready[0]?.pid !== first?.pid;
    });
    assert.equal(await runtime.fetch(), 200);
    assert.equal(await stuck, 0);
    assert.match(runtime.output, /wsgi_app\.py\\", line \d+ in app/);
  });

  test('node: a stuck worker is killed with its JavaScript stack in the log, and nothing of its environment', async () => {
    await using runtime = await Runtime.ready({
      root,
      app: {},
      ...kinds['node'],
      env: { SECRET: 'do-not-log-me' },
      live: { workers: { count: 1, heartbeatTimeout: '3s' } },
    });
    // The thread that sees the stack comes a little later than readiness.
    await delay(1_500);
    await assert.rejects(runtime.fetch('/stuck'));
    await runtime.until('replaced', async () => (await runtime.status()).restarts['HEARTBEAT_TIMEOUT'] === 1);
    assert.match(runtime.output, /at <anonymous> \(file:.*server\.js:4:/);
    assert.match(runtime.output, /"request":"GET \/stuck"/);
    assert.doesNotMatch(runtime.output, /do-not-log-me/);
  });

  test('asgi: a WebSocket is closed properly at the deadline, and the lifespan ends', async () => {
    await using runtime = await Runtime.ready({
      root,
      app: {},
      ...kinds['asgi'],
      live: { workers: { count: 1, gracefulTimeout: '2s' } },
    });
    const socket = new WebSocket(runtime.url().replace('http', 'ws'));
    await new Promise((resolve) => socket.addEventListener('open', resolve));
    const answered = new Promise<unknown>((resolve) => socket.addEventListener('message', ({ data }) => resolve(data)));
    socket.send('hello');
    assert.equal(await answered, 'HELLO');
    const closed = new Promise<number>((resolve) => socket.addEventListener('close', ({ code }) => resolve(code)));
    runtime.child.kill('SIGTERM');
    assert.equal(await closed, 1012);
    assert.equal(await runtime.exited, 0);
    assert.match(runtime.output, /lifespan closed/);
  });

  test('an application that counts with prometheus_client in multiprocess mode is read on the admin port', async () => {
    const counted = applications({
      'app.py': `
from prometheus_client import Counter
orders = Counter("orders", "Orders")
def app(environ, start_response):
    orders.inc()
    start_response("200 OK", [("content-length", "2")])
    return [b"ok"]
`,
      'metrics/counter_1.db': 'left over from a run before',
    });
    await using runtime = await Runtime.ready({
      root: counted,
      app: { wsgi: 'app:app' },
      env: { PROMETHEUS_MULTIPROC_DIR: join(counted, 'metrics') },
    });
    for (let i = 0; i < 5; i++) assert.equal(await runtime.fetch(), 200);
    const { status, body } = await runtime.admin('/metrics/application');
    assert.equal(status, 200);
    assert.match(body, /^orders_total 5\.0$/m);
    assert.ok(body.endsWith('# EOF\n'));
  });

  test('an application without metrics of its own says so', async () => {
    await using runtime = await Runtime.ready({ root, app: {}, ...kinds['wsgi, sync'] });
    assert.equal((await runtime.admin('/metrics/application')).status, 404);
  });
});
