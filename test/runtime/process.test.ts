// The runtime as processes: appserver-init, the supervisor and real gunicorn workers on loopback.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get, request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { runtimeDir } from '../../scripts/build.ts';
import { pythonPackagesDir } from '../../scripts/python-packages.ts';

const skip = process.platform === 'linux' ? false : 'the runtime is made for Linux';
const root = mkdtempSync(join(tmpdir(), 'appserver-runtime-'));
after(() => rmSync(root, { recursive: true, force: true }));

writeFileSync(
  join(root, 'app.py'),
  `
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
);
mkdirSync(join(root, 'without-gunicorn'));
writeFileSync(join(root, 'without-gunicorn', 'gunicorn.py'), 'raise ImportError("not installed")\n');
writeFileSync(join(root, 'broken.py'), 'import no_such_package\n');
writeFileSync(join(root, 'notcallable.py'), 'app = 42\n');
writeFileSync(join(root, 'dies.py'), 'import os\nos._exit(7)\n');
writeFileSync(join(root, 'slowboot.py'), 'import time\ntime.sleep(60)\n');

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}

interface Options {
  readonly wsgi?: string;
  readonly workers?: object;
  readonly live?: object;
  readonly drain?: object;
  readonly port?: number;
  readonly env?: Record<string, string>;
}

class Runtime implements AsyncDisposable {
  readonly port: number;
  readonly adminPort: number;
  readonly child: ChildProcess;
  readonly liveDir: string;
  readonly exited: Promise<number | null>;
  readonly terminationLog: string;
  output = '';

  private constructor(dir: string, port: number, adminPort: number, options: Options) {
    this.port = port;
    this.adminPort = adminPort;
    this.liveDir = join(dir, 'live');
    this.terminationLog = join(dir, 'termination-log');
    mkdirSync(this.liveDir);
    writeFileSync(this.terminationLog, '');
    const config = {
      app: { wsgi: options.wsgi ?? 'app:app', workingDir: root },
      port,
      adminPort,
      workers: {
        class: 'sync',
        threads: 1,
        backlog: 64,
        keepAliveMs: 5_000,
        heartbeatTimeoutMs: 10_000,
        gracefulTimeoutMs: 2_000,
        ...options.workers,
      },
      drain: { minimumMs: 100, maximumMs: 3_000, ...options.drain },
    };
    writeFileSync(join(dir, 'runtime.json'), JSON.stringify(config));
    this.configure('1', options.live);
    this.child = spawn(
      join(runtimeDir, 'bin/appserver-init'),
      [
        'serve',
        '127.0.0.1',
        String(port),
        '64',
        process.execPath,
        join(runtimeDir, 'runtime/runtime.mjs'),
        `--config=${dir}`,
        `--live=${this.liveDir}`,
      ],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          ...process.env,
          PYTHONPATH: pythonPackagesDir('newest'),
          APPSERVER_TERMINATION_LOG: this.terminationLog,
          ...options.env,
        },
      },
    );
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => (this.output += chunk));
    }
    this.exited = new Promise((resolve) => this.child.on('exit', resolve));
  }

  static async start(options: Options = {}): Promise<Runtime> {
    const dir = mkdtempSync(join(root, 'run-'));
    return new Runtime(dir, options.port ?? (await freePort()), await freePort(), options);
  }

  static async ready(options: Options = {}): Promise<Runtime> {
    const runtime = await Runtime.start(options);
    await runtime.until('ready', async () => (await runtime.admin('/readyz')).status === 200);
    return runtime;
  }

  /** As a ConfigMap volume changes: the file is swapped by a rename. */
  configure(revision: string, changes: object = {}): void {
    const live = {
      revision,
      workers: { count: 2, bootTimeoutMs: 10_000 },
      probes: { readyWorkers: 1 },
      logging: { level: 'debug' },
      ...changes,
    };
    const next = join(this.liveDir, '..next');
    writeFileSync(next, JSON.stringify(live));
    renameSync(next, join(this.liveDir, 'live.json'));
  }

  async admin(path: string): Promise<{ status: number; body: string }> {
    const response = await fetch(`http://127.0.0.1:${this.adminPort}${path}`);
    return { status: response.status, body: await response.text() };
  }

  async status(): Promise<{
    settings: string;
    workers: { ready: number; list: { pid: number; state: string }[] };
    restarts: Record<string, number>;
  }> {
    return JSON.parse((await this.admin('/status')).body) as Awaited<ReturnType<Runtime['status']>>;
  }

  fetch(path = '/'): Promise<number> {
    return fetch(`http://127.0.0.1:${this.port}${path}`).then((response) => response.status);
  }

  /** Waits for a fact about other processes, which nothing else announces. */
  async until(what: string, probe: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + 15_000;
    while (performance.now() < deadline) {
      try {
        if (await probe()) return;
      } catch {
        /* not listening yet */
      }
      await delay(20);
    }
    throw new Error(`not ${what} within 15 s:\n${this.output}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGINT');
    await this.exited;
  }
}

describe('runtime', { skip, concurrency: 4 }, () => {
  test('serves, tells what it does on the admin port, and ends in order on TERM', async () => {
    await using runtime = await Runtime.ready();
    assert.equal(await runtime.fetch(), 200);
    assert.deepEqual(await runtime.admin('/livez'), { status: 200, body: 'ok' });
    assert.match((await runtime.admin('/readyz?verbose')).body, /\[\+\]workers ok\nreadyz check passed/);
    assert.match((await runtime.admin('/metrics')).body, /appserver_request_duration_seconds_count 1\n/);
    assert.equal((await runtime.admin('/nothing')).status, 404);
    const post = await fetch(`http://127.0.0.1:${runtime.adminPort}/status`, { method: 'POST' });
    assert.equal(post.status, 405);
    runtime.child.kill('SIGTERM');
    assert.equal(await runtime.exited, 0);
    assert.match(runtime.output, /"phase":"draining".*"phase":"stopping".*"phase":"stopped"/s);
  });

  test('goes on accepting while it drains, not ready, and closes keep-alive connections with an answer', async () => {
    await using runtime = await Runtime.ready({
      workers: { class: 'gthread', threads: 2 },
      drain: { minimumMs: 1_000 },
    });
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

  for (const workers of [{ class: 'sync' }, { class: 'gthread', threads: 4 }]) {
    test(`works with the oldest gunicorn that it takes, ${workers.class}`, async () => {
      await using runtime = await Runtime.ready({ workers, env: { PYTHONPATH: pythonPackagesDir('oldest') } });
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
    await using runtime = await Runtime.ready({ live: { workers: { count: 1, bootTimeoutMs: 10_000 } } });
    const answers = Array.from({ length: 6 }, () => runtime.fetch('/slow'));
    await runtime.until('one in hand', async () =>
      (await runtime.admin('/metrics')).body.includes('appserver_requests_in_progress 1'),
    );
    runtime.child.kill('SIGTERM');
    assert.deepEqual(await Promise.all(answers), [200, 200, 200, 200, 200, 200]);
    assert.equal(await runtime.exited, 0);
  });

  test("logs what the application writes, whatever the level of the runtime's own log", async () => {
    await using runtime = await Runtime.ready({ live: { logging: { level: 'error' } } });
    assert.equal(await runtime.fetch('/print'), 200);
    await runtime.until('logged', async () => runtime.output.includes('printed by the application'));
    assert.match(runtime.output, /"worker":\d+,"stream":"stdout","msg":"printed by the application"/);
    assert.doesNotMatch(runtime.output, /worker ready/);
  });

  test('replaces a worker that is killed', async () => {
    await using runtime = await Runtime.ready();
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

  test('aborts a worker that gives no sign of life, with its stack in the log', async () => {
    await using runtime = await Runtime.ready({ workers: { heartbeatTimeoutMs: 1_000 } });
    await assert.rejects(runtime.fetch('/stuck'));
    await runtime.until('replaced', async () => (await runtime.status()).restarts['HEARTBEAT_TIMEOUT'] === 1);
    assert.match(runtime.output, /Fatal Python error: Aborted/);
    assert.match(runtime.output, /app\.py\\", line \d+ in app/);
    assert.equal(await runtime.fetch(), 200);
  });

  test('reaps orphans', async () => {
    await using runtime = await Runtime.ready();
    assert.equal(await runtime.fetch('/orphan'), 200);
    const children = (): string[] =>
      readdirSync(`/proc/${runtime.child.pid}/task`).flatMap((task) =>
        readFileSync(`/proc/${runtime.child.pid}/task/${task}/children`, 'utf8').trim().split(' '),
      );
    // The supervisor is its one child of its own.
    await runtime.until('the orphan reaped', async () => children().length === 1);
  });

  test('takes changed settings over, and keeps those in force when the change is bad', async () => {
    await using runtime = await Runtime.ready();
    runtime.configure('2', { workers: { count: 3, bootTimeoutMs: 10_000 } });
    await runtime.until('three workers', async () => (await runtime.status()).workers.ready === 3);
    assert.equal((await runtime.status()).settings, '2');
    runtime.configure('3', { workers: { count: 0, bootTimeoutMs: 10_000 } });
    await runtime.until('refused', async () => runtime.output.includes('workers.count must be a whole number'));
    assert.match(runtime.output, /CONFIG_INVALID: .*live\.json: workers\.count/);
    assert.equal((await runtime.status()).workers.ready, 3);
  });

  test('adds and retires workers on TTIN and TTOU', async () => {
    await using runtime = await Runtime.ready();
    runtime.child.kill('SIGTTIN');
    await runtime.until('three', async () => (await runtime.status()).workers.ready === 3);
    runtime.child.kill('SIGTTOU');
    await runtime.until('two', async () => (await runtime.status()).workers.list.length === 2);
  });

  test('refuses long headers on the admin port', async () => {
    await using runtime = await Runtime.ready();
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
      options: { wsgi: 'nothing:app' },
      exitCode: 4,
      says: /^APP_NOT_FOUND: there is no module nothing in .*\. Correct spec\.app\.wsgi/,
    },
    'a module that does not import': {
      options: { wsgi: 'broken:app' },
      exitCode: 4,
      says: /^APP_IMPORT_FAILED: importing broken failed: No module named 'no_such_package'\. The traceback/,
    },
    'an attribute that is not there': {
      options: { wsgi: 'app:missing' },
      exitCode: 4,
      says: /^APP_NOT_CALLABLE: app:missing: Failed to find attribute 'missing'/,
    },
    'an attribute that is not callable': {
      options: { wsgi: 'notcallable:app' },
      exitCode: 4,
      says: /^APP_NOT_CALLABLE: .*must be callable/,
    },
    'a worker that dies at once': {
      options: { wsgi: 'dies:app' },
      exitCode: 3,
      says: /^WORKER_EXITED: the worker ended with exit code 7\. The container log/,
    },
    'an application that takes too long to start': {
      options: { wsgi: 'slowboot:app', live: { workers: { count: 1, bootTimeoutMs: 300 } } },
      exitCode: 3,
      says: /^BOOT_TIMEOUT: the worker was not ready within 0\.3 s\. Make the application start faster/,
    },
    'no gunicorn': {
      options: { env: { PYTHONPATH: join(root, 'without-gunicorn') } },
      exitCode: 3,
      says: /^GUNICORN_MISSING: .*has no gunicorn for .*\. Add gunicorn to the packages/,
    },
    'no Python': {
      options: { env: { PATH: '/nowhere' } },
      exitCode: 3,
      says: /^PYTHON_MISSING: python3 was not found on the PATH/,
    },
  };
  for (const [name, { options, exitCode, says }] of Object.entries(endings)) {
    test(`ends with a code and a sentence: ${name}`, async () => {
      await using runtime = await Runtime.start(options);
      assert.equal(await runtime.exited, exitCode, runtime.output);
      assert.match(readFileSync(runtime.terminationLog, 'utf8'), says);
      assert.match(runtime.output, /"level":"fatal"/);
    });
  }

  test('ends with a code and a sentence: a port that is taken', async () => {
    await using first = await Runtime.ready();
    await using second = await Runtime.start({ port: first.port });
    assert.equal(await second.exited, 5);
    assert.match(
      readFileSync(second.terminationLog, 'utf8'),
      new RegExp(`^PORT_IN_USE: port ${first.port} is taken by another program\\. Stop the other`),
    );
    assert.equal(await first.fetch(), 200, 'the other goes on');
  });
});
