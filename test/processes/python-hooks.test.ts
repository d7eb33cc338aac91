// gunicorn's hook functions in every kind of Python worker: what they are called with, beside gunicorn's own objects.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { before, describe, test } from 'node:test';
import { pythonPackagesDir } from '../../scripts/python-packages.ts';
import { freePort } from '../free-port.ts';
import { applications, Runtime, skip, type Options } from '../runtime/runtime-process.ts';

const attributes = {
  server: ['WORKERS', 'address', 'app', 'cfg', 'log', 'num_workers', 'pid', 'proc_name', 'timeout'],
  worker: ['aborted', 'age', 'alive', 'app', 'booted', 'cfg', 'log', 'nr', 'pid', 'ppid', 'sockets', 'timeout'],
  log: ['critical', 'error', 'warning', 'info', 'debug', 'exception', 'log', 'error_log', 'access_log'],
  cfg: [
    ...['address', 'graceful_timeout', 'keepalive', 'loglevel', 'preload_app', 'proc_name', 'threads', 'timeout'],
    ...['worker_class_str', 'workers'],
  ],
  app: ['cfg', 'wsgi'],
};

const root = applications({
  'app.py': `
def app(environ, start_response):
    start_response("200 OK", [("content-length", "2")])
    return [b"ok"]

async def asgi(scope, receive, send):
    if scope["type"] != "lifespan":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})
`,
  'gunicorn.conf.py': `
import json
ATTRIBUTES = json.loads(${JSON.stringify(JSON.stringify(attributes))})
PLAIN = ("int", "float", "str", "bool", "list", "dict", "NoneType")

def told(what, one):
    def kind(name):
        if not hasattr(one, name):
            return "missing"
        value = getattr(one, name)
        return type(value).__name__ if type(value).__name__ in PLAIN else "callable" if callable(value) else "object"
    return {name: kind(name) for name in ATTRIBUTES[what]}

def parts(one):
    return {"log": told("log", one.log), "cfg": told("cfg", one.cfg), "app": told("app", one.app)}

def tell(hook, worker, server=None):
    one = {"worker": told("worker", worker), **parts(worker)}
    if server is not None:
        server.log.info("%s", "logged by server in " + hook)
        one["server"] = {"itself": told("server", server), **parts(server)}
    worker.log.info("logged by worker in %s", hook)
    print("HOOK " + json.dumps({hook: one}), flush=True)

def post_fork(server, worker):
    tell("post_fork", worker, server)

def post_worker_init(worker):
    tell("post_worker_init", worker)
    print("CALLABLE", callable(worker.app.callable), callable(worker.app.wsgi()), flush=True)

def worker_exit(server, worker):
    tell("worker_exit", worker, server)
`,
  'failing_fork.py': 'import os\n\ndef post_fork(server, worker):\n    os.environ["NO_SUCH_VARIABLE"]\n',
  'failing_init.py': 'def deeper():\n    return 1 / 0\n\ndef post_worker_init(worker):\n    deeper()\n',
  'failing_arguments.py': '\ndef post_worker_init(worker, more):\n    pass\n',
});

const kinds: Readonly<Record<string, Pick<Options, 'app' | 'workers'>>> = {
  sync: { app: { wsgi: 'app:app' }, workers: { class: 'sync' } },
  gthread: { app: { wsgi: 'app:app' }, workers: { class: 'gthread', threads: 2 } },
  gevent: { app: { wsgi: 'app:app' }, workers: { class: 'gevent' } },
  fast: { app: { wsgi: 'app:app' }, workers: { class: 'fast' } },
  asgi: { app: { asgi: 'app:asgi' }, workers: {} },
};

/** What its hooks say, by their names; `text` may be lines of a log in which quotes are escaped. */
function told(text: string): unknown {
  return Object.assign({}, ...[...text.matchAll(/^HOOK (.*)$/gm)].map(([, json = '{}']) => JSON.parse(json) as object));
}

function messages(runtime: Runtime): string {
  return runtime
    .log()
    .map(({ msg }) => String(msg))
    .join('\n');
}

async function ofGunicorn(): Promise<unknown> {
  const port = await freePort();
  const child = spawn(
    'python3',
    ['-m', 'gunicorn', '-c', 'gunicorn.conf.py', '--no-control-socket', '-b', `127.0.0.1:${port}`, 'app:app'],
    {
      cwd: root,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, PYTHONPATH: pythonPackagesDir('newest') },
    },
  );
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
    if (output.includes('CALLABLE')) child.kill('SIGTERM');
  });
  await new Promise((resolve) => child.on('close', resolve));
  assert.match(output, /CALLABLE True True/);
  return told(output);
}

describe('hook functions', { skip, concurrency: 2 }, () => {
  let expected: unknown;
  before(async () => {
    expected = await ofGunicorn();
  });

  for (const [name, kind] of Object.entries(kinds)) {
    for (const preload of [false, true]) {
      test(`of ${name} get objects like gunicorn's${preload ? ', with preload' : ''}`, async () => {
        await using runtime = await Runtime.ready({
          root,
          app: kind.app,
          workers: { ...kind.workers, preload },
          fixed: { hooks: { python: 'gunicorn.conf' } },
          live: { workers: { count: 1 } },
        });
        runtime.child.kill('SIGTERM');
        assert.equal(await runtime.exited, 0, runtime.output);
        const said = messages(runtime);
        assert.deepEqual(told(said), expected);
        assert.match(said, /CALLABLE True True/);
        for (const hook of ['post_fork', 'worker_exit']) assert.match(said, new RegExp(`logged by server in ${hook}`));
        assert.match(said, /logged by worker in post_worker_init/);
      });
    }

    const failures = {
      failing_fork: "hook post_fork, function post_fork in .*/failing_fork.py, line 4: KeyError: 'NO_SUCH_VARIABLE'",
      failing_init:
        'hook post_worker_init, function post_worker_init in .*/failing_init.py, line 2: ZeroDivisionError: ',
      failing_arguments:
        'hook post_worker_init, function post_worker_init in .*/failing_arguments.py, line 2: TypeError: ',
    };
    for (const [hooks, failure] of Object.entries(failures)) {
      test(`of ${name}, one that fails is named: ${hooks}`, async () => {
        await using runtime = await Runtime.start({ root, ...kind, fixed: { hooks: { python: hooks } } });
        assert.equal(await runtime.exited, 7, runtime.output);
        assert.match(runtime.lastWords(), new RegExp(`^HOOK_FUNCTION_FAILED: ${failure}`));
      });
    }
  }
});
