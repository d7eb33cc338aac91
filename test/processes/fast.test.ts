// The class fast: what PEP 3333 asks of a server, and what a worker of it does when it ends.
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { underLoad } from '../runtime/load.ts';
import { applications, Runtime, skip } from '../runtime/runtime-process.ts';

const root = applications({
  'app.py': `
import os, sys, time
OK = [("content-type", "text/plain"), ("x-from", "the application")]

def generator(environ, start_response):
    start_response("201 Created", OK)
    yield b"a"
    yield b""
    yield b"bc"

def write(environ, start_response):
    write = start_response("200 OK", OK)
    write(b"written ")
    return [b"returned"]

def changed(environ, start_response):
    start_response("200 OK", OK)
    try:
        raise ValueError("too late")
    except ValueError:
        start_response("503 Service Unavailable", OK, sys.exc_info())
    return [b"sorry"]

def twice(environ, start_response):
    start_response("200 OK", OK)
    start_response("200 OK", OK)
    return [b""]

def fails(environ, start_response):
    raise ValueError("on purpose")

def silent(environ, start_response):
    return [b"no status"]

def nothing(environ, start_response):
    start_response("204 No Content", OK)
    return []

def echo(environ, start_response):
    start_response("200 OK", OK)
    return [environ["wsgi.input"].read()]

def environ(environ, start_response):
    start_response("200 OK", OK)
    names = ("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "SERVER_PROTOCOL", "HTTP_X_ONE", "CONTENT_TYPE", "REMOTE_ADDR", "wsgi.url_scheme", "wsgi.multithread", "wsgi.multiprocess")
    return ["; ".join("%s=%s" % (name, environ.get(name)) for name in names).encode()]

class Closing:
    def __init__(self, path):
        self.path = path
    def __iter__(self):
        return iter([b"to be ", b"closed"])
    def close(self):
        open(self.path, "w").close()

def closing(environ, start_response):
    start_response("200 OK", OK)
    return Closing(environ["QUERY_STRING"])

def held(environ, start_response):
    start_response("200 OK", OK)
    while not os.path.exists(environ["QUERY_STRING"]):
        time.sleep(0.01)
    return [b""]

def endless(environ, start_response):
    start_response("200 OK", OK)
    environ["wsgi.input"].read()
    try:
        while True:
            yield b"a" * 10000
    finally:
        open(environ["QUERY_STRING"], "w").close()

def large(environ, start_response):
    start_response("200 OK", OK)
    for _ in range(1000):
        yield b"a" * 20000

def lines(environ, start_response):
    start_response("200 OK", OK)
    return [str(sum(len(line) for line in environ["wsgi.input"])).encode()]

def app(environ, start_response):
    name = environ["PATH_INFO"].strip("/") or "write"
    return globals()[name.split("/")[0]](environ, start_response)
`,
});

interface Answer {
  readonly status: number;
  readonly body: string;
  /** Of the header that the application sets. */
  readonly from?: string | null;
}

const from = 'the application';
const answers: Record<string, [path: string, init: RequestInit, answer: Answer]> = {
  'a generator, which says its status when its first chunk is asked for': [
    '/generator',
    {},
    { status: 201, body: 'abc', from },
  ],
  'what is written comes before what is returned': ['/write', {}, { status: 200, body: 'written returned', from }],
  'an answer that is changed before it is sent': ['/changed', {}, { status: 503, body: 'sorry', from }],
  'a second status without a reason': ['/twice', {}, { status: 500, body: 'Internal Server Error\n' }],
  'an application that raises': ['/fails', {}, { status: 500, body: 'Internal Server Error\n' }],
  'an application that says no status': ['/silent', {}, { status: 500, body: 'Internal Server Error\n' }],
  'an answer without a body': ['/nothing', {}, { status: 204, body: '', from }],
  'a body in the request': ['/echo', { method: 'POST', body: 'sent' }, { status: 200, body: 'sent', from }],
  'a body in chunks': [
    '/echo',
    { method: 'POST', body: new Blob(['in ', 'chunks']).stream(), duplex: 'half' },
    { status: 200, body: 'in chunks', from },
  ],
  'the answer to HEAD': ['/generator', { method: 'HEAD' }, { status: 201, body: '', from }],
  'the environment': [
    '/environ/%C3%A9%2Fx?a=%20b',
    { method: 'PUT', headers: { 'x-one': '1', 'content-type': 'text/x' } },
    {
      status: 200,
      from,
      body: 'REQUEST_METHOD=PUT; SCRIPT_NAME=; PATH_INFO=/environ/Ã©/x; QUERY_STRING=a=%20b; SERVER_PROTOCOL=HTTP/1.1; HTTP_X_ONE=1; CONTENT_TYPE=text/x; REMOTE_ADDR=127.0.0.1; wsgi.url_scheme=http; wsgi.multithread=True; wsgi.multiprocess=True',
    },
  ],
};

const fast = { root, app: { wsgi: 'app:app' }, workers: { class: 'fast', threads: 2 } };

describe('class fast', { skip, concurrency: 2 }, () => {
  test('answers as PEP 3333 has it', async (t) => {
    await using runtime = await Runtime.ready({ ...fast, live: { workers: { count: 1 } } });
    for (const [name, [path, init, expected]] of Object.entries(answers)) {
      await t.test(name, async () => {
        const response = await fetch(runtime.url(path), init);
        const answer = { status: response.status, body: await response.text(), from: response.headers.get('x-from') };
        assert.deepEqual(answer, { from: null, ...expected });
      });
    }
    const file = join(runtime.dir, 'closed');
    assert.equal(await (await fetch(runtime.url(`/closing?${file}`))).text(), 'to be closed');
    await runtime.until('body closed', () => existsSync(file));
    assert.match(runtime.output, /ValueError: on purpose/);
    const { workers } = await runtime.status();
    assert.deepEqual(
      workers.list.map(({ busy }) => busy),
      [0],
      'every request is counted as ended',
    );
  });

  test('large bodies go both ways, more of them at a time than there are threads', async () => {
    await using runtime = await Runtime.ready({ ...fast, live: { workers: { count: 1 } } });
    const bytes = 5_000_000;
    const body = Buffer.alloc(bytes, `${'b'.repeat(99)}\n`);
    const upload = async (path: string, sent: Buffer | ReadableStream): Promise<string> =>
      (await fetch(runtime.url(path), { method: 'POST', body: sent, duplex: 'half' })).text();
    const download = async (): Promise<string> => String((await (await fetch(runtime.url('/large'))).text()).length);
    const echo = async (): Promise<string> => String((await upload('/echo', body)).length);
    const given = await Promise.all(
      Array.from({ length: 3 }, () => [
        upload('/lines', body),
        upload('/lines', new Blob([body]).stream()),
        echo(),
        download(),
      ]).flat(),
    );
    const expected = [bytes, bytes, bytes, 20_000_000].map(String);
    assert.deepEqual(given, [...expected, ...expected, ...expected]);
  });

  for (const method of ['GET', 'POST']) {
    test(`an answer to ${method} without an end is given up when its client goes`, async () => {
      await using runtime = await Runtime.ready({ ...fast, live: { workers: { count: 1 } } });
      const file = join(runtime.dir, 'given-up');
      const client = new AbortController();
      const init = { method, signal: client.signal, ...(method === 'POST' && { body: 'sent' }) };
      const response = await fetch(runtime.url(`/endless?${file}`), init);
      await response.body?.getReader().read();
      client.abort();
      await runtime.until('given up', () => existsSync(file));
    });
  }

  test('reloads and recycles without losing a request', async () => {
    const workers = { recycle: { requests: 50, jitter: 5 }, gracefulTimeout: '3s' };
    await using runtime = await Runtime.ready({ ...fast, live: { workers } });
    await using load = underLoad(runtime);
    runtime.child.kill('SIGHUP');
    await runtime.until('reloaded and recycled', async () => {
      const { replaced, reload } = await runtime.status();
      // One that has had its requests when its turn to be reloaded comes counts as recycled.
      return reload === 'none' && (replaced['reload'] ?? 0) + (replaced['requests'] ?? 0) >= 4;
    });
    const { sent, failed } = await load.stop();
    assert.deepEqual(failed, [], runtime.output);
    assert.ok(sent > 10);
    assert.deepEqual((await runtime.status()).restarts, {}, runtime.output);
  });

  test('what is queued when the pod ends is answered', async () => {
    await using runtime = await Runtime.ready({
      ...fast,
      workers: { class: 'fast' },
      live: { workers: { count: 1, gracefulTimeout: '5s' } },
    });
    const release = join(runtime.dir, 'release');
    const held = runtime.fetch(`/held?${release}`);
    await runtime.until('in hand', async () => (await runtime.status()).workers.list.some(({ busy }) => busy === 1));
    const queued = Array.from({ length: 12 }, () => runtime.fetch('/nothing'));
    runtime.child.kill('SIGTERM');
    await runtime.until('told to retire', async () =>
      (await runtime.status()).workers.list.some(({ state }) => state === 'draining'),
    );
    writeFileSync(release, '');
    assert.equal(await held, 200);
    assert.deepEqual(
      await Promise.all(queued),
      Array.from(queued, () => 204),
    );
    assert.equal(await runtime.exited, 0, runtime.output);
  });

  test('a worker with a request over its time is replaced', async () => {
    await using runtime = await Runtime.ready({
      ...fast,
      app: { wsgi: 'stuck:app' },
      root: applications({
        'stuck.py': 'import time\ndef app(environ, start_response):\n    time.sleep(30)\n',
      }),
      live: { workers: { count: 1, requestTimeout: '500ms', gracefulTimeout: '1s' } },
    });
    const [first] = await runtime.readyWorkers();
    const stuck = runtime.fetch('/').catch(() => 0);
    await runtime.until('replaced', async () => {
      const ready = await runtime.readyWorkers();
      return ready.length === 1 && ready[0]?.pid !== first?.pid;
    });
    assert.equal(await stuck, 0);
    assert.match(runtime.output, /stuck\.py\\", line \d+ in app/);
  });
});
