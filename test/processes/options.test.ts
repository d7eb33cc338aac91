// Settings that reach the server of the workers.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { pythonPackagesDir } from '../../scripts/python-packages.ts';
import { PeerServer } from '../runtime/peer-server.ts';
import { applications, Runtime, skip, type Options } from '../runtime/runtime-process.ts';

const root = applications({
  'wsgi_app.py': `
def app(environ, start_response):
    start_response("200 OK", [("content-length", "2")])
    return [b"ok"]
`,
  'asgi_app.py': `
import json
lifespan = []
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        lifespan.append(1)
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        return await send({"type": "lifespan.shutdown.complete"})
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            await send({"type": "websocket.send", "text": "took it"})
        return
    body = json.dumps({"root": scope["root_path"], "path": scope["path"], "lifespan": len(lifespan)}).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})
`,
  'threads.py': `
import threading, time
threading.Thread(target=time.sleep, args=(60,), name="poller", daemon=True).start()
from wsgi_app import app
`,
  'server.js': `require('http').createServer((_, response) => response.end('ok')).listen(process.env.PORT);\n`,
});

const wsgi = { wsgi: 'wsgi_app:app' };
const asgi = { asgi: 'asgi_app:app' };
const one = { workers: { count: 1 } };

/** In pieces, since h11 looks at the size of a header only while it is not complete. */
async function statusWith(runtime: Runtime, headerBytes: number): Promise<number> {
  const socket = connect(runtime.port, '127.0.0.1');
  // One that is reset has what it has got until then.
  socket.on('error', () => undefined);
  const answer = text(socket).catch(() => '');
  socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nCookie: ');
  for (let sent = 0; sent < headerBytes; sent += 10_000) {
    socket.write('c'.repeat(10_000));
    await delay(30);
  }
  socket.write('\r\n\r\n');
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(await answer)?.[1]);
}

/** A header of 20 kB without the setting, and what one that is too large gets. */
const headers: Record<string, Omit<Options, 'root'> & { readonly unset: number }> = {
  sync: { app: wsgi, unset: 431 },
  gthread: { app: wsgi, workers: { class: 'gthread', threads: 2 }, unset: 431 },
  gevent: { app: wsgi, workers: { class: 'gevent' }, unset: 431 },
  'sync, the oldest gunicorn': { app: wsgi, env: { PYTHONPATH: pythonPackagesDir('oldest') }, unset: 431 },
  fast: { app: wsgi, workers: { class: 'fast' }, unset: 200 },
  'asgi with h11': { app: asgi, env: { UVICORN_HTTP: 'h11' }, unset: 400 },
  node: { app: { node: join(root, 'server.js') }, unset: 431 },
};

describe('workers.maxHeaderSize', { skip, concurrency: 2 }, () => {
  for (const [name, { unset, ...kind }] of Object.entries(headers)) {
    test(`${name}: takes larger headers than the server does by itself, and no larger ones`, async () => {
      await using plain = await Runtime.ready({ root, ...kind, live: one });
      assert.equal(await statusWith(plain, 20_000), unset);
      const workers = { ...kind.workers, maxHeaderSize: '24Ki' };
      await using runtime = await Runtime.ready({ root, ...kind, workers, live: one });
      assert.equal(await statusWith(runtime, 20_000), 200);
      const tooLarge = await statusWith(runtime, 60_000);
      // Some close the connection without a word.
      assert.ok(Number.isNaN(tooLarge) || tooLarge === 400 || tooLarge === 431, String(tooLarge));
    });
  }
});

async function said(url: string): Promise<unknown> {
  const response = await fetch(url);
  return { headers: [...response.headers.keys()].filter((name) => name !== 'connection'), body: await response.json() };
}

const uvicorn = ['-m', 'uvicorn', '--no-access-log', '--no-proxy-headers', 'asgi_app:app'];

describe('options of uvicorn', { skip, concurrency: 2 }, () => {
  for (const packages of ['newest', 'oldest'] as const) {
    test(`the root path, with the ${packages} one`, async () => {
      await using peer = await PeerServer.ready({ root, args: [...uvicorn, '--root-path', '/shop'], packages });
      const env = { PYTHONPATH: pythonPackagesDir(packages) };
      await using runtime = await Runtime.ready({ root, app: { ...asgi, rootPath: '/shop' }, env, live: one });
      assert.deepEqual(await said(runtime.url('/cart')), await said(peer.url('/cart')));
    });

    test(`those of its variables that are the application's, with the ${packages} one`, async () => {
      const variables = { UVICORN_ROOT_PATH: '/x', UVICORN_SERVER_HEADER: 'false', UVICORN_LIFESPAN: 'off' };
      await using peer = await PeerServer.ready({ root, args: uvicorn, packages, env: variables });
      // A Service of this name sets such variables in every pod of its namespace.
      const others = { UVICORN_PORT: 'tcp://10.0.0.1:80', UVICORN_WORKERS: '7' };
      const env = { PYTHONPATH: pythonPackagesDir(packages), ...variables, ...others };
      await using runtime = await Runtime.ready({ root, app: asgi, env, live: one });
      const expected = await said(peer.url('/cart'));
      assert.deepEqual(await said(runtime.url('/cart')), expected);
      assert.ok(JSON.stringify(expected).includes('"lifespan":0'));
    });
  }

  test('the size of messages of a WebSocket', async () => {
    await using runtime = await Runtime.ready({ root, app: asgi, env: { UVICORN_WS_MAX_SIZE: '1000' }, live: one });
    const socket = new WebSocket(runtime.url().replace('http', 'ws'));
    await new Promise((resolve) => socket.addEventListener('open', resolve));
    const closed = new Promise<number>((resolve) => socket.addEventListener('close', ({ code }) => resolve(code)));
    socket.send('x'.repeat(2000));
    assert.equal(await closed, 1009);
  });

  test('a value that it does not take ends with a code', async () => {
    await using runtime = await Runtime.start({ root, app: asgi, env: { UVICORN_WS_MAX_SIZE: 'large' } });
    assert.equal(await runtime.exited, 2);
    assert.match(runtime.lastWords(), /^CONFIG_INVALID: UVICORN_WS_MAX_SIZE: .*'large' is not a valid integer/);
  });
});

test('threads from before the fork are accepted where that is set, with a warning', { skip }, async () => {
  const workers = { preload: true, preloadThreads: true };
  await using runtime = await Runtime.ready({ root, app: { wsgi: 'threads:app' }, workers, live: one });
  assert.equal(await runtime.fetch(), 200);
  const warning = runtime.log().find(({ code }) => code === 'PRELOAD_THREADS');
  assert.equal(warning?.['level'], 'warn');
  assert.match(String(warning['msg']), /^PRELOAD_THREADS: importing threads:app started 1 threads \(poller\)\. A fork/);
});
