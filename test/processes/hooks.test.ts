// Commands at named moments, and Python functions under gunicorn's names.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { applications, Runtime, skip, type Options } from '../runtime/runtime-process.ts';

const root = applications({
  'app.py': `
def app(environ, start_response):
    start_response("200 OK", [("content-length", "2")])
    return [b"ok"]
`,
  'asgi_app.py': `
async def app(scope, receive, send):
    if scope["type"] != "lifespan":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})
`,
  'hooks.py': `
def post_fork(server, worker):
    print("hook post_fork", flush=True)
def post_worker_init(worker):
    print("hook post_worker_init", worker.pid, flush=True)
def pre_request(worker, req):
    print("hook pre_request", req.path, flush=True)
def post_request(worker, req, environ, resp):
    print("hook post_request", resp.status, flush=True)
def worker_exit(server, worker):
    print("hook worker_exit", flush=True)
`,
});

const shell = (script: string, timeout = '5s'): object => ({ command: ['sh', '-c', script], timeout });
const options = (hooks: object): Options => ({ root, app: { wsgi: 'app:app' }, fixed: { hooks } });

describe('hooks', { skip, concurrency: 2 }, () => {
  test('before the start keep all workers from it, whatever comes meanwhile, and those that were asked for start then', async () => {
    const [begun, go] = [join(root, 'start-begun'), join(root, 'start-go')];
    const wait = shell(`touch ${begun}; while [ ! -e ${go} ]; do sleep 0.05; done`, '30s');
    await using runtime = await Runtime.start(options({ beforeStart: wait }));
    await runtime.until('begun', () => existsSync(begun));
    runtime.child.kill('SIGTTIN');
    await runtime.until('one more', async () => (await runtime.status()).workers.desired === 3);
    // As many as are configured.
    runtime.child.kill('SIGHUP');
    await runtime.until('reload', async () => (await runtime.status()).workers.desired === 2);
    runtime.configure('2', { workers: { count: 4 } });
    await runtime.until('taken over', async () => (await runtime.status()).settings === '2');
    const { phase, workers } = await runtime.status();
    assert.deepEqual([phase, workers.desired, workers.list.length], ['preparing', 4, 0]);
    writeFileSync(go, '');
    await runtime.until('ready', async () => (await runtime.status()).workers.ready === 4);
  });

  test('that cannot even be started fail the start with a code', async () => {
    await using runtime = await Runtime.start(options({ beforeStart: { command: [join(root, 'app.py/nothing')] } }));
    assert.equal(await runtime.exited, 7);
    assert.match(runtime.lastWords(), /^HOOK_FAILED: hooks\.beforeStart: .* cannot be started: .*ENOTDIR/);
  });

  test('run at their moments, told which worker it is about', async () => {
    const file = join(root, 'moments');
    const note = (word: string): object =>
      shell(`echo "${word} $APPSERVER_WORKER_ID $APPSERVER_EXIT_REASON" >> ${file}`);
    await using runtime = await Runtime.ready({
      ...options({
        beforeStart: note('before-start'),
        workerStart: note('worker-start'),
        workerExit: note('worker-exit'),
        beforeStop: note('before-stop'),
      }),
      live: { workers: { count: 1 } },
    });
    process.kill((await runtime.readyWorkers())[0]?.pid ?? 0, 'SIGKILL');
    await runtime.until('replaced', async () => (await runtime.readyWorkers())[0]?.id === 2);
    await runtime.until('noted', () => readFileSync(file, 'utf8').includes('worker-start 2'));
    runtime.child.kill('SIGTERM');
    assert.equal(await runtime.exited, 0);
    const moments = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.trim());
    assert.equal(moments[0], 'before-start');
    assert.ok(moments.includes('worker-start 1') && moments.includes('worker-exit 1 WORKER_KILLED'));
    assert.ok(moments.includes('before-stop'));
  });

  test('a failing hook before the start ends the runtime with a code', async () => {
    await using runtime = await Runtime.start(options({ beforeStart: shell('echo no database; exit 3') }));
    assert.equal(await runtime.exited, 7);
    assert.match(
      runtime.lastWords(),
      /^HOOK_FAILED: hooks\.beforeStart: sh ended with exit code 3\. The container log/,
    );
    assert.match(runtime.output, /"hook":"beforeStart","stream":"stdout","msg":"no database"/);
  });

  test('what they write is logged as what the application writes', async () => {
    const script = 'echo \'{"level":"error","msg":"from json"}\'; echo "WARNING: careful" >&2';
    await using runtime = await Runtime.ready(options({ beforeStart: shell(script) }));
    assert.match(runtime.output, /^\{"hook":"beforeStart","level":"error","msg":"from json"\}$/m);
    assert.match(
      runtime.output,
      /^\{"level":"warn",[^\n]*"hook":"beforeStart","stream":"stderr","msg":"WARNING: careful"/m,
    );
  });

  test('a hook that hangs is killed with all that it has started, and serving goes on', async () => {
    const file = join(root, 'survivor');
    await using runtime = await Runtime.ready(
      options({ workerStart: shell(`(sleep 3; touch ${file}) & sleep 60`, '300ms') }),
    );
    await runtime.until('given up', () => runtime.output.includes('sh did not end within 0.3 s'));
    assert.equal(await runtime.fetch(), 200);
    assert.equal(existsSync(file), false);
  });

  test('a hook that cannot be started is said', async () => {
    await using runtime = await Runtime.ready(options({ workerStart: { command: ['/no/such/program'] } }));
    await runtime.until('said', () => runtime.output.includes('/no/such/program cannot be started'));
    assert.equal(await runtime.fetch(), 200);
  });

  test("Python functions under gunicorn's names are called", async () => {
    await using runtime = await Runtime.ready({ ...options({ python: 'hooks' }), live: { workers: { count: 1 } } });
    assert.equal(await runtime.fetch('/x'), 200);
    runtime.child.kill('SIGTERM');
    assert.equal(await runtime.exited, 0);
    const called = [...runtime.output.matchAll(/"msg":"hook ([^"]*)"/g)].map(([, what]) =>
      what?.replace(/\d{3,}$/, 'PID'),
    );
    assert.deepEqual(called, [
      'post_fork',
      'post_worker_init PID',
      'pre_request /x',
      'post_request 200 OK',
      'worker_exit',
    ]);
  });

  test('for asgi too, those that mean the same', async () => {
    await using runtime = await Runtime.ready({
      root,
      app: { asgi: 'asgi_app:app' },
      fixed: { hooks: { python: 'hooks' } },
      live: { workers: { count: 1 } },
    });
    runtime.child.kill('SIGTERM');
    assert.equal(await runtime.exited, 0);
    const called = [...runtime.output.matchAll(/"msg":"hook (\w+)/g)].map(([, what]) => what);
    assert.deepEqual(called, ['post_fork', 'post_worker_init', 'worker_exit']);
  });

  test('a module of hooks that does not import is an error of its own', async () => {
    await using runtime = await Runtime.start(options({ python: 'no_such_hooks' }));
    assert.equal(await runtime.exited, 7);
    assert.match(runtime.lastWords(), /^HOOK_FAILED: importing the hooks' module no_such_hooks failed/);
  });
});
