// Processes that an application starts with multiprocessing, in workers of every kind and under the servers that these
// stand for.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PeerServer } from '../runtime/peer-server.ts';
import { applications, Runtime, skip } from '../runtime/runtime-process.ts';

const root = applications({
  'work.py': `
import json, sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
def double(number):
    return number * 2
def answer(method):
    main = sys.modules["__main__"]
    with ProcessPoolExecutor(1, mp_context=get_context(method)) as pool:
        return json.dumps({
            "doubled": pool.submit(double, 21).result(10),
            "main": [main.__name__, main.__spec__.name, main.__package__, main.__file__],
        }).encode()
`,
  'wsgi_app.py': `
import work
def app(environ, start_response):
    start_response("200 OK", [("content-type", "application/json")])
    method = environ["PATH_INFO"][1:]
    return [work.answer(method) if method else b""]
`,
  'asgi_app.py': `
import work
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    method = scope["path"][1:]
    body = work.answer(method) if method else b""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})
`,
});

const wsgi = { wsgi: 'wsgi_app:app' };
const gunicorn = (workerClass: string): string[] => ['-m', 'gunicorn', '-k', workerClass, 'wsgi_app:app'];
const kinds: Record<string, { app: object; workers?: object; peer: readonly string[] }> = {
  'wsgi, sync': { app: wsgi, peer: gunicorn('sync') },
  'wsgi, gthread': { app: wsgi, workers: { class: 'gthread', threads: 2 }, peer: gunicorn('gthread') },
  'wsgi, gevent': { app: wsgi, workers: { class: 'gevent' }, peer: gunicorn('gevent') },
  'wsgi, fast': {
    app: wsgi,
    workers: { class: 'fast' },
    peer: ['-m', 'granian', '--interface', 'wsgi', 'wsgi_app:app'],
  },
  asgi: { app: { asgi: 'asgi_app:app' }, peer: ['-m', 'uvicorn', 'asgi_app:app'] },
};

/** What the application says for each way to start a process. */
async function answers(url: (path: string) => string): Promise<unknown> {
  const said: unknown[] = [];
  for (const method of ['spawn', 'forkserver']) said.push(await (await fetch(url(`/${method}`))).json());
  return said;
}

describe('multiprocessing', { skip, concurrency: 2 }, () => {
  for (const [name, { peer: args, ...options }] of Object.entries(kinds)) {
    test(`${name}: spawned processes work as under its own server, preloaded or not`, async () => {
      await using peer = await PeerServer.ready({ root, args });
      const expected = await answers((path) => peer.url(path));
      for (const preload of [false, true]) {
        const workers = { ...options.workers, preload };
        await using runtime = await Runtime.ready({ root, ...options, workers, live: { workers: { count: 1 } } });
        assert.deepEqual(await answers((path) => runtime.url(path)), expected, `preload: ${preload}`);
      }
    });
  }
});
