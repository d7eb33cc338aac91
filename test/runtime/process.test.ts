// The runtime as processes: appserver-init, the supervisor and real gunicorn workers on loopback.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get, request } from 'node:http';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { pythonPackagesDir } from '../../scripts/python-packages.ts';
import { applications, Runtime, skip, type Options } from './runtime-process.ts';

const root = applications({
  'app.py': `
import os, subprocess, sys, time
def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/print":
        print("printed by the application")
    if path == "/slow":
        time.sleep(0.4)
    if path == "/stuck":
        time.sleep(60)
    if path == "/orphan":
        # A grandchild whose parent is gone: PID 1 has to reap it.
        subprocess.run([sys.executable, "-c", "import os, time\\nif os.fork() == 0: time.sleep(0.1)"])
    start_response("200 OK", [("content-type", "text/plain"), ("content-length", "5")])
    return [b"hello"]
`,
  'without-gunicorn/gunicorn.py': 'raise ImportError("not installed")\n',
  'broken.py': 'import no_such_package\n',
  'notcallable.py': 'app = 42\n',
  'health.py': `
import os
def app(environ, start_response):
    well = environ["PATH_INFO"] == "/healthz" and environ["HTTP_HOST"] == "localhost" and not os.path.exists(os.environ["AILING"])
    start_response("200 OK" if well else "503 Service Unavailable", [("content-length", "0")])
    return []
`,
  'dies.py': 'import os\nos._exit(7)\n',
  'slowboot.py': 'import time\ntime.sleep(60)\n',
});

function options(more: Partial<Options> = {}): Options {
  return { root, app: { wsgi: 'app:app' }, ...more };
}

describe('runtime', { skip, concurrency: 4 }, () => {
  test('serves, tells what it does on the admin port, and ends in order on TERM', async () => {
    await using runtime = await Runtime.ready(options());
    assert.equal(await runtime.fetch(), 200);
    assert.deepEqual(await runtime.admin('/livez'), { status: 200, body: 'ok' });
    assert.match((await runtime.admin('/readyz?verbose')).body, /\[\+\]workers ok\nreadyz check passed/);
    // A request counts once the worker is done with it, which may be after its answer has arrived.
    await runtime.until('the request counted', async () =>
      /appserver_request_duration_seconds_count 1\n/.test((await runtime.admin('/metrics')).body),
    );
    assert.equal((await runtime.admin('/nothing')).status, 404);
    const post = await fetch(`http://127.0.0.1:${runtime.adminPort}/status`, { method: 'POST' });
    assert.equal(post.status, 405);
    runtime.child.kill('SIGTERM');
    assert.equal(await runtime.exited, 0);
    assert.match(runtime.output, /"phase":"draining".*"phase":"stopping".*"phase":"stopped"/s);
  });

  test('goes on accepting while it drains, not ready, and closes keep-alive connections with an answer', async () => {
    await using runtime = await Runtime.ready(
      options({
        workers: { class: 'gthread', threads: 2 },
        fixed: { drain: { minimum: '1s', maximum: '3s' } },
      }),
    );
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const headers = (): Promise<string | undefined> =>
      new Promise((resolve, reject) => {
        get(`http://127.0.0.1:${runtime.port}/`, { agent }, (response) => {
          response.resume().on('end', () => resolve(response.headers.connection));
        }).on('error', reject);
      });
    assert.equal(await headers(), 'keep-alive');
    runtime.child.kill('SIGTERM');
    await runtime.until('draining', async () => (await runtime.admin('/readyz')).status === 503);
    assert.match((await runtime.admin('/readyz')).body, /\[-\]phase failed: draining/);
    assert.equal(await headers(), 'close');
    assert.equal(await runtime.fetch(), 200);
    assert.equal(await runtime.exited, 0);
    agent.destroy();
  });

  test('is ready once the application says so, and not while it says that it cannot serve', async () => {
    const ailing = join(root, 'ailing');
    await using runtime = await Runtime.start(
      options({
        app: { wsgi: 'health:app' },
        env: { AILING: ailing },
        fixed: { probes: { path: '/healthz', interval: '1s', failureThreshold: 1 } },
      }),
    );
    await runtime.until('ready', async () => (await runtime.admin('/readyz')).status === 200);
    assert.match((await runtime.admin('/readyz?verbose')).body, /\[\+\]application ok/);
    writeFileSync(ailing, '');
    await runtime.until('not ready', async () => (await runtime.admin('/readyz')).status === 503);
    assert.match((await runtime.admin('/readyz')).body, /\[-\]application failed: GET \/healthz was answered with 503/);
    assert.equal((await runtime.admin('/livez')).status, 200);
    rmSync(ailing);
    await runtime.until('ready again', async () => (await runtime.admin('/readyz')).status === 200);
  });

  test('goes on accepting for a proxy in front, as long as that is there', async () => {
    const pidFile = join(root, 'proxy.pid');
    writeFileSync(pidFile, '1');
    await using runtime = await Runtime.ready(
      options({ fixed: { drain: { minimum: '0s', maximum: '60s' }, proxy: { pidFile } } }),
    );
    runtime.child.kill('SIGTERM');
    await runtime.until('draining', async () => (await runtime.admin('/readyz')).status === 503);
    // Longer than without a proxy it would wait for more.
    const until = performance.now() + 1_500;
    while (performance.now() < until) {
      assert.equal(await runtime.fetch(), 200);
      await delay(50);
    }
    const last = runtime.fetch('/slow');
    rmSync(pidFile);
    assert.equal(await last, 200);
    assert.equal(await runtime.exited, 0);
  });

  for (const workers of [{ class: 'sync' }, { class: 'gthread', threads: 4 }]) {
    test(`works with the oldest gunicorn that it takes, ${workers.class}`, async () => {
      await using runtime = await Runtime.ready(options({ workers, env: { PYTHONPATH: pythonPackagesDir('oldest') } }));
      const answers = await Promise.all(Array.from({ length: 20 }, () => runtime.fetch()));
      assert.ok(answers.every((status) => status === 200));
      runtime.child.kill('SIGTERM');
      await runtime.until('draining', async () => (await runtime.admin('/readyz')).status === 503);
      assert.equal(await runtime.fetch(), 200);
      assert.equal(await runtime.exited, 0);
      assert.doesNotMatch(runtime.output, /Traceback|Error/);
    });
  }

  test('answers what is queued and what is in hand when TERM comes', async () => {
    await using runtime = await Runtime.ready(options({ live: { workers: { count: 1 } } }));
    const answers = Array.from({ length: 6 }, () => runtime.fetch('/slow'));
    await runtime.until('one in hand', async () =>
      (await runtime.admin('/metrics')).body.includes('appserver_requests_in_progress 1'),
    );
    runtime.child.kill('SIGTERM');
    assert.deepEqual(await Promise.all(answers), [200, 200, 200, 200, 200, 200]);
    assert.equal(await runtime.exited, 0);
  });

  test("logs what the application writes, whatever the level of the runtime's own log", async () => {
    await using runtime = await Runtime.ready(options({ live: { logging: { level: 'error' } } }));
    assert.equal(await runtime.fetch('/print'), 200);
    await runtime.until('logged', async () => runtime.output.includes('printed by the application'));
    assert.match(runtime.output, /"worker":\d+,"stream":"stdout","msg":"printed by the application"/);
    assert.doesNotMatch(runtime.output, /worker ready/);
  });

  test('replaces a worker that is killed', async () => {
    await using runtime = await Runtime.ready(options());
    await runtime.until('both ready', async () => (await runtime.status()).workers.ready === 2);
    const [victim] = (await runtime.status()).workers.list;
    assert.ok(victim);
    process.kill(victim.pid, 'SIGKILL');
    await runtime.until('replaced', async () => {
      const { workers, restarts } = await runtime.status();
      return (
        workers.ready === 2 && restarts['WORKER_KILLED'] === 1 && workers.list.every(({ pid }) => pid !== victim.pid)
      );
    });
  });

  test('aborts a worker whose request is over its time, with its stack, method and path in the log', async () => {
    await using runtime = await Runtime.ready(options({ live: { workers: { requestTimeout: '500ms' } } }));
    await assert.rejects(runtime.fetch('/stuck'));
    await runtime.until('replaced', async () => (await runtime.status()).restarts['REQUEST_TIMEOUT'] === 1);
    assert.match(runtime.output, /Fatal Python error: Aborted/);
    assert.match(runtime.output, /GET \/stuck took longer than 0\.5 s/);
    assert.match(runtime.output, /"requests":\[\{"request":"GET \/stuck","seconds":0\.\d+\}\]/);
    assert.match(runtime.output, /app\.py\\", line \d+ in app/);
    assert.equal(await runtime.fetch(), 200);
  });

  test('reaps orphans', async () => {
    await using runtime = await Runtime.ready(options());
    assert.equal(await runtime.fetch('/orphan'), 200);
    const children = (): string[] =>
      readdirSync(`/proc/${runtime.child.pid}/task`).flatMap((task) =>
        readFileSync(`/proc/${runtime.child.pid}/task/${task}/children`, 'utf8').trim().split(' '),
      );
    // The supervisor is its one child of its own.
    await runtime.until('the orphan reaped', async () => children().length === 1);
  });

  test('takes changed settings over, and keeps those in force when the change is bad', async () => {
    await using runtime = await Runtime.ready(options());
    runtime.configure('2', { workers: { count: 3, bootTimeout: '10s' } });
    await runtime.until('three workers', async () => (await runtime.status()).workers.ready === 3);
    assert.equal((await runtime.status()).settings, '2');
    runtime.configure('3', { workers: { count: 0, bootTimeout: '10s' } });
    await runtime.until('refused', async () => runtime.output.includes('workers.count must be a whole number'));
    assert.match(runtime.output, /CONFIG_INVALID: .*live\.json: workers\.count/);
    assert.equal((await runtime.status()).workers.ready, 3);
  });

  test('adds and retires workers on TTIN and TTOU', async () => {
    await using runtime = await Runtime.ready(options());
    runtime.child.kill('SIGTTIN');
    await runtime.until('three', async () => (await runtime.status()).workers.ready === 3);
    runtime.child.kill('SIGTTOU');
    await runtime.until('two', async () => (await runtime.status()).workers.list.length === 2);
  });

  test('refuses long headers on the admin port', async () => {
    await using runtime = await Runtime.ready(options());
    const status = await new Promise<number | undefined>((resolve, reject) => {
      request(
        `http://127.0.0.1:${runtime.adminPort}/livez`,
        { headers: { 'x-long': 'x'.repeat(20_000) } },
        (response) => resolve(response.statusCode),
      )
        .on('error', reject)
        .end();
    });
    assert.equal(status, 431);
  });

  const endings: Record<string, { options: Options; exitCode: number; says: RegExp }> = {
    'a module that does not exist': {
      options: options({ app: { wsgi: 'nothing:app' } }),
      exitCode: 4,
      says: /^APP_NOT_FOUND: there is no module nothing in .*\. Correct the name/,
    },
    'a module that does not import': {
      options: options({ app: { wsgi: 'broken:app' } }),
      exitCode: 4,
      says: /^APP_IMPORT_FAILED: importing broken failed: No module named 'no_such_package'\. The traceback/,
    },
    'an attribute that is not there': {
      options: options({ app: { wsgi: 'app:missing' } }),
      exitCode: 4,
      says: /^APP_NOT_CALLABLE: app:missing: there is no missing in app/,
    },
    'an attribute that is not callable': {
      options: options({ app: { wsgi: 'notcallable:app' } }),
      exitCode: 4,
      says: /^APP_NOT_CALLABLE: .*is a int, not a callable/,
    },
    'a worker that dies at once': {
      options: options({ app: { wsgi: 'dies:app' } }),
      exitCode: 3,
      says: /^WORKER_EXITED: the worker ended with exit code 7\. The container log/,
    },
    'an application that takes too long to start': {
      options: options({ app: { wsgi: 'slowboot:app' }, live: { workers: { count: 1, bootTimeout: '300ms' } } }),
      exitCode: 3,
      says: /^BOOT_TIMEOUT: the worker was not ready within 0\.3 s\. Make the application start faster/,
    },
    'no gunicorn': {
      options: options({ env: { PYTHONPATH: join(root, 'without-gunicorn') } }),
      exitCode: 3,
      says: /^GUNICORN_MISSING: .*has no gunicorn for .*\. Add gunicorn to the packages/,
    },
    'no Python': {
      options: options({ env: { PATH: '/nowhere' } }),
      exitCode: 3,
      says: /^PYTHON_MISSING: python3 was not found on the PATH/,
    },
  };
  for (const [name, { options: given, exitCode, says }] of Object.entries(endings)) {
    test(`ends with a code and a sentence: ${name}`, async () => {
      await using runtime = await Runtime.start(given);
      assert.equal(await runtime.exited, exitCode, runtime.output);
      assert.match(runtime.lastWords(), says);
      assert.match(runtime.output, /"level":"fatal"/);
    });
  }

  test('ends with a code and a sentence: a port that is taken', async () => {
    await using first = await Runtime.ready(options());
    await using second = await Runtime.start(options({ port: first.port }));
    assert.equal(await second.exited, 5);
    assert.match(
      second.lastWords(),
      new RegExp(`^PORT_IN_USE: 127\\.0\\.0\\.1:${first.port} is taken by another program\\. Stop the other`),
    );
    assert.equal(await first.fetch(), 200, 'the other goes on');
  });
});
