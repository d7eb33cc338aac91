// What an application finds and sets up when it is imported, and what it learns of the end: as under the server that its
// workers stand for.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pythonPackagesDir } from '../../scripts/python-packages.ts';
import { PeerServer } from '../runtime/peer-server.ts';
import { applications, Runtime, skip, type Options } from '../runtime/runtime-process.ts';

const root = applications({
  'found.py': `
import asyncio, json, logging
class Own(logging.Handler):
    def emit(self, record):
        print("own handler:", record.name, record.levelname, flush=True)
def in_event_loop():
    try:
        asyncio.get_running_loop()
        return True
    except RuntimeError:
        return False
imported_in_event_loop = in_event_loop()
factory_in_event_loop = None
NAMES = ["gunicorn", "gunicorn.error", "gunicorn.access", "uvicorn", "uvicorn.error", "uvicorn.access", "mine"]
for name in NAMES:
    logging.getLogger(name).addHandler(Own())
logging.getLogger("gunicorn.access").setLevel(logging.ERROR)
def answer():
    loggers = {}
    for name in NAMES:
        log = logging.getLogger(name)
        log.info("hello")
        loggers[name] = {
            "handlers": [type(handler).__name__ for handler in log.handlers],
            "level": logging.getLevelName(log.getEffectiveLevel()),
            "propagate": log.propagate,
            "disabled": log.disabled,
        }
    return json.dumps({"loggers": loggers, "inLoop": [imported_in_event_loop, factory_in_event_loop]}).encode()
`,
  'wsgi_app.py': `
import found
def app(environ, start_response):
    start_response("200 OK", [("content-type", "application/json")])
    return [found.answer()]
`,
  'asgi_app.py': `
import found
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": found.answer()})
def create():
    found.factory_in_event_loop = found.in_event_loop()
    return app
`,
  'streams.py': `
# As sse-starlette has learned of the end in its older and its newer releases.
import asyncio, signal
from uvicorn.main import Server
class Status:
    ends = False
original = Server.handle_exit
def handle_exit(*args, **kwargs):
    Status.ends = True
    original(*args, **kwargs)
Server.handle_exit = handle_exit
def ends(path):
    return Status.ends if path == "/method" else signal.getsignal(signal.SIGTERM).__self__.should_exit
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["path"] != "/":
        while not ends(scope["path"]):
            await send({"type": "http.response.body", "body": b"data", "more_body": True})
            await asyncio.sleep(0.05)
    await send({"type": "http.response.body", "body": b"end"})
`,
});

const wsgi = { wsgi: 'wsgi_app:app' };
const gunicorn = ['-m', 'gunicorn', 'wsgi_app:app', '-k'];
const uvicorn = ['-m', 'uvicorn', '--no-access-log'];
const kinds: Record<string, Omit<Options, 'root'> & { peer: readonly string[]; packages?: 'oldest' }> = {
  sync: { app: wsgi, peer: [...gunicorn, 'sync'] },
  'sync, the oldest gunicorn': { app: wsgi, peer: [...gunicorn, 'sync'], packages: 'oldest' },
  'sync, preloaded': { app: wsgi, workers: { preload: true }, peer: [...gunicorn, 'sync', '--preload'] },
  gthread: { app: wsgi, workers: { class: 'gthread', threads: 2 }, peer: [...gunicorn, 'gthread'] },
  gevent: { app: wsgi, workers: { class: 'gevent' }, peer: [...gunicorn, 'gevent'] },
  asgi: { app: { asgi: 'asgi_app:app' }, peer: [...uvicorn, 'asgi_app:app'] },
  'asgi, a factory': { app: { asgi: 'asgi_app:create()' }, peer: [...uvicorn, '--factory', 'asgi_app:create'] },
  'asgi, the oldest uvicorn': { app: { asgi: 'asgi_app:app' }, peer: [...uvicorn, 'asgi_app:app'], packages: 'oldest' },
  'asgi, a factory with the oldest uvicorn': {
    app: { asgi: 'asgi_app:create()' },
    peer: [...uvicorn, '--factory', 'asgi_app:create'],
    packages: 'oldest',
  },
};

describe('an application that is imported', { skip, concurrency: 2 }, () => {
  for (const [name, { peer: args, packages = 'newest', ...options }] of Object.entries(kinds)) {
    test(`${name}: finds what its own server has set up, and keeps what it sets up itself`, async () => {
      const env = { PYTHONPATH: pythonPackagesDir(packages) };
      await using peer = await PeerServer.ready({ root, args, packages });
      await using runtime = await Runtime.ready({ root, ...options, env, live: { workers: { count: 1 } } });
      const [expected, found] = await Promise.all([peer, runtime].map(async (one) => (await fetch(one.url())).json()));
      assert.deepEqual(found, expected);
      // The logger that users of each server take for their own.
      const line = `own handler: ${'asgi' in options.app ? 'uvicorn' : 'gunicorn'}.error INFO`;
      for (const one of [peer, runtime]) {
        await runtime.until('logged', () => one.output.includes(line));
      }
    });
  }

  test('asgi, preloaded: keeps the loggers that it sets up', async () => {
    const workers = { preload: true };
    await using peer = await PeerServer.ready({ root, args: [...uvicorn, 'asgi_app:app'] });
    await using runtime = await Runtime.ready({ root, app: { asgi: 'asgi_app:app' }, workers });
    const [expected, found] = await Promise.all([peer, runtime].map(async (one) => (await fetch(one.url())).json()));
    assert.deepEqual(found, expected);
  });
});

describe('streams that end when uvicorn does', { skip, concurrency: 2 }, () => {
  for (const packages of ['newest', 'oldest'] as const) {
    for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
      test(`end at once at ${signal}, with the ${packages} uvicorn`, async () => {
        await using runtime = await Runtime.ready({
          root,
          app: { asgi: 'streams:app' },
          env: { PYTHONPATH: pythonPackagesDir(packages) },
          live: { workers: { count: 1, gracefulTimeout: '60s' } },
        });
        const streams = ['/method', '/attribute'].map(async (path) => (await fetch(runtime.url(path))).text());
        await runtime.until('in hand', async () => (await runtime.readyWorkers())[0]?.busy === 2);
        const begun = performance.now();
        runtime.child.kill(signal);
        for (const body of await Promise.all(streams)) assert.match(body, /end$/);
        if (signal === 'SIGTERM') assert.equal(await runtime.exited, 0, runtime.output);
        assert.ok(performance.now() - begun < 20_000);
      });
    }
  }
});
