// What counts against the deadline of a request: the application's time until the answer begins, and nothing else.
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { applications, Runtime, skip, type Options } from '../runtime/runtime-process.ts';

const root = applications({
  'wsgi_app.py': `
import time
def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/stuck":
        time.sleep(30)
    if path == "/websocket":
        # As simple-websocket does it, which Flask-SocketIO uses.
        sock = environ["gunicorn.socket"].dup()
        sock.sendall(b"HTTP/1.1 101 Switching Protocols\\r\\n\\r\\n")
        time.sleep(2.5)
        sock.sendall(b"late")
        sock.close()
        start_response("200 OK", [("content-length", "0")])
        return []
    body = environ["wsgi.input"].read() if environ["REQUEST_METHOD"] == "POST" else b""
    if path == "/stuck-after-body":
        time.sleep(30)
    if path == "/large":
        start_response("200 OK", [("content-length", str(8 << 20))])
        return [b"x" * (8 << 20)]
    if path == "/stream" or path == "/stuck-stream":
        start_response("200 OK", [])
        return stream(30 if path == "/stuck-stream" else 0.5)
    start_response("200 OK", [("content-length", str(len(body)))])
    return [body]
def stream(seconds):
    for _ in range(5):
        yield b"data\\n"
        time.sleep(seconds)
`,
  'asgi_app.py': `
import asyncio
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    path = scope["path"]
    if path == "/stuck":
        await asyncio.sleep(30)
    body, more = b"", scope["method"] == "POST"
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    if path == "/stuck-after-body":
        await asyncio.sleep(30)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if path == "/stream":
        for _ in range(5):
            await send({"type": "http.response.body", "body": b"data\\n", "more_body": True})
            await asyncio.sleep(0.5)
    if path == "/large":
        body = b"x" * (8 << 20)
    await send({"type": "http.response.body", "body": body})
`,
});

const wsgi = { wsgi: 'wsgi_app:app' };
const kinds: Record<string, Omit<Options, 'root'>> = {
  sync: { app: wsgi },
  gthread: { app: wsgi, workers: { class: 'gthread', threads: 8 } },
  gevent: { app: wsgi, workers: { class: 'gevent' } },
  asgi: { app: { asgi: 'asgi_app:app' } },
  fast: { app: wsgi, workers: { class: 'fast', threads: 8 } },
  'fast, with one thread': { app: wsgi, workers: { class: 'fast', threads: 1 } },
};

/** Nothing below has an application at work, or a client that pauses, for as long, but where it is stuck. */
function start(kind: string, requestTimeout: string): Promise<Runtime> {
  const { app, workers } = kinds[kind] ?? assert.fail(kind);
  const live = { workers: { count: 1, requestTimeout, gracefulTimeout: '1s' } };
  return Runtime.ready({ root, app, ...(workers && { workers }), live });
}

/** A connection of its own for one request. */
function open(runtime: Runtime, head: string): Socket {
  const socket = connect(runtime.port, '127.0.0.1');
  // One that is reset has what it has got until then.
  socket.on('error', () => undefined);
  socket.write(`${head} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n`);
  return socket;
}

/** Sends the parts of a request with pauses that together take longer than the limit. */
async function slowly(socket: Socket, parts: readonly string[]): Promise<string> {
  const answer = text(socket);
  for (const part of parts) {
    socket.write(part);
    await delay(450);
  }
  return answer;
}

interface Row {
  readonly does: (runtime: Runtime) => Promise<unknown>;
  readonly only?: readonly string[];
}

const spared: Record<string, Row> = {
  'a body that comes slowly': {
    does: async (runtime) => {
      const parts = ['Content-Length: 4\r\n\r\n', 's', 'l', 'o', 'w'];
      assert.match(await slowly(open(runtime, 'POST /echo'), parts), /200 OK[^]*\r\nslow/);
    },
  },
  'a chunked body that comes slowly': {
    does: async (runtime) => {
      const parts = ['Transfer-Encoding: chunked\r\n\r\n', '2\r\n', 'sl\r\n', '2\r\now\r\n', '0\r\n\r\n'];
      assert.match(await slowly(open(runtime, 'POST /echo'), parts), /200 OK[^]*slow/);
    },
  },
  'an answer that is streamed': {
    does: async (runtime) => assert.equal(await (await fetch(runtime.url('/stream'))).text(), 'data\n'.repeat(5)),
  },
  'a client that reads slowly': {
    does: async (runtime) => {
      const socket = open(runtime, 'GET /large');
      socket.write('\r\n');
      let size = 0;
      for await (const chunk of socket) {
        assert.ok(chunk instanceof Buffer);
        // The first of them, and those that cross these marks.
        if ([0, 2_000_000, 4_000_000].some((mark) => size <= mark && size + chunk.length > mark)) await delay(800);
        size += chunk.length;
      }
      assert.ok(size > 8 << 20, String(size));
    },
  },
  'a WebSocket on the socket of gunicorn': {
    only: ['gthread', 'gevent'],
    does: async (runtime) => {
      const socket = open(runtime, 'GET /websocket');
      socket.write('Upgrade: websocket\r\n\r\n');
      assert.match(await text(socket), /^HTTP\/1.1 101 [^]*late/);
    },
  },
};

/** Which of these are ended by their worker's deadline. */
const ended: Record<string, Row> = {
  'an application that does not answer': { does: (runtime) => runtime.fetch('/stuck').catch(() => 0) },
  'an application that does not answer after a slow body': {
    does: (runtime) =>
      slowly(open(runtime, 'POST /stuck-after-body'), ['Content-Length: 4\r\n\r\n', 's', 'l', 'o', 'w']),
  },
  'an application that does not answer, beside three streams': {
    only: ['gthread', 'gevent', 'asgi', 'fast'],
    does: async (runtime) => {
      const streams = Array.from({ length: 3 }, () => fetch(runtime.url('/stream')));
      await Promise.all(streams);
      const stuck = runtime.fetch('/stuck').catch(() => 0);
      // Where the worker is replaced for it, they get the time that a worker which retires leaves.
      await Promise.all(streams.map(async (one) => (await one).text().catch(() => '')));
      await stuck;
    },
  },
  'an application that stops in the middle of its answer': {
    only: ['sync', 'fast, with one thread'],
    does: (runtime) => fetch(runtime.url('/stuck-stream')).then((response) => response.text().catch(() => '')),
  },
  'a client that stops in the middle of its body': {
    only: ['sync', 'fast, with one thread'],
    does: async (runtime) => {
      const socket = open(runtime, 'POST /echo');
      socket.write('Content-Length: 4\r\n\r\ns');
      await text(socket);
    },
  },
};

for (const [title, rows, timeouts, limit] of [
  ['does not count', spared, 0, '2s'],
  ['counts', ended, 1, '1s'],
] as const) {
  describe(`the deadline of a request ${title}`, { skip, concurrency: 2 }, () => {
    for (const kind of Object.keys(kinds)) {
      test(kind, async (t) => {
        await using shared = timeouts === 0 ? await start(kind, limit) : undefined;
        for (const [name, { does, only }] of Object.entries(rows)) {
          if (only?.includes(kind) === false) continue;
          await t.test(name, async () => {
            // One that has ended a request may be on its way out.
            await using own = shared === undefined ? await start(kind, limit) : undefined;
            const runtime = shared ?? own ?? assert.fail();
            await does(runtime);
            await runtime.until('judged', async () => (await runtime.status()).requestTimeouts === timeouts);
            if (timeouts === 0) assert.deepEqual((await runtime.status()).replaced, {}, runtime.output);
          });
        }
      });
    }
  });
}
