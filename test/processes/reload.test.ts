// Reload, recycling, signals and the control socket, with real workers.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { runtimeDir } from '../../scripts/build.ts';
import { underLoad } from '../runtime/load.ts';
import { applications, Runtime, skip, type Options } from '../runtime/runtime-process.ts';

const source = (answer: string, more = ''): string => `
import os, sys, time
${more}
def app(environ, start_response):
    if environ["PATH_INFO"] == "/slow":
        time.sleep(0.5)
    if environ["PATH_INFO"] == "/eat":
        app.eaten = bytearray(64 << 20)
    start_response("200 OK", [("content-type", "text/plain"), ("content-length", "${answer.length}")])
    return [b"${answer}"]
`;

function site(): { root: string; options: Options; become: (answer: string, more?: string) => void } {
  const root = applications({ 'app.py': source('one') });
  return {
    root,
    options: {
      root,
      app: { wsgi: 'app:app' },
      workers: { class: 'gthread', threads: 2 },
      // Python tells a changed file by its size and the second of its change, and here both may be the same.
      env: { PYTHONDONTWRITEBYTECODE: '1' },
    },
    become: (answer, more) => writeFileSync(join(root, 'app.py'), source(answer, more)),
  };
}

/** On a connection of its own: one that is kept may lead to a worker that is on its way out. */
const answer = (runtime: Runtime): Promise<string> =>
  fetch(runtime.url(), { headers: { connection: 'close' } }).then((response) => response.text());

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function ctl(runtime: Runtime, ...args: readonly string[]): Promise<Ended> {
  const program = join(runtimeDir, 'bin/appserver-ctl');
  return new Promise((resolve) => {
    execFile(program, ['--socket', runtime.control, ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

describe('reload', { skip, concurrency: 2 }, () => {
  for (const preload of [false, true]) {
    test(`HUP serves the new code without losing a request${preload ? ', preloaded' : ''}`, async () => {
      const { options, become } = site();
      await using runtime = await Runtime.ready({ ...options, workers: { ...options.workers, preload } });
      await runtime.until('both ready', async () => (await runtime.status()).workers.ready === 2);
      await using load = underLoad(runtime);
      become('two');
      runtime.child.kill('SIGHUP');
      await runtime.until('reloaded', async () => {
        const { workers, replaced, reload } = await runtime.status();
        return reload === 'none' && replaced['reload'] === 2 && workers.list.length === 2;
      });
      assert.equal(await answer(runtime), 'two');
      const { sent, failed } = await load.stop();
      assert.deepEqual(failed, []);
      assert.ok(sent > 10);
    });

    test(`a reload that fails keeps the old workers, and the next one works${preload ? ', preloaded' : ''}`, async () => {
      const { options, become } = site();
      await using runtime = await Runtime.ready({ ...options, workers: { ...options.workers, preload } });
      await runtime.until('both ready', async () => (await runtime.status()).workers.ready === 2);
      const before = (await runtime.readyWorkers()).map(({ pid }) => pid);
      become('two', 'import no_such_package');
      const failed = await ctl(runtime, 'reload');
      assert.equal(failed.code, 1);
      assert.match(failed.stderr, /APP_IMPORT_FAILED: importing app failed: No module named 'no_such_package'/);
      assert.deepEqual(
        (await runtime.readyWorkers()).map(({ pid }) => pid),
        before,
      );
      assert.equal(await answer(runtime), 'one');
      assert.equal((await runtime.status()).reload, 'failed');
      become('three');
      await runtime.until('backoff over', async () => (await ctl(runtime, 'reload')).code === 0);
      assert.equal(await answer(runtime), 'three');
    });
  }

  test('a fork server that is slow to end forks no worker of the new code', async () => {
    const { options, become } = site();
    await using runtime = await Runtime.ready({ ...options, workers: { ...options.workers, preload: true } });
    const [worker] = await runtime.readyWorkers();
    const [, parent] = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${worker?.pid ?? ''}/status`, 'utf8')) ?? [];
    const forkServer = Number(parent);
    become('two');
    process.kill(forkServer, 'SIGSTOP');
    runtime.child.kill('SIGHUP');
    await runtime.until('begun', () =>
      runtime.log().some(({ worker: id, msg }) => id === 3 && msg === 'worker started'),
    );
    process.kill(forkServer, 'SIGCONT');
    await runtime.until('reloaded', async () => {
      const { workers, replaced, reload } = await runtime.status();
      return reload === 'none' && replaced['reload'] === 2 && workers.list.length === 2;
    });
    const answers = await Promise.all(Array.from({ length: 20 }, () => answer(runtime)));
    assert.deepEqual(new Set(answers), new Set(['two']));
  });

  test('replaces workers after their requests, none lost, each only once another is ready', async () => {
    const { options } = site();
    await using runtime = await Runtime.ready({
      ...options,
      live: { workers: { recycle: { requests: 20, jitter: 5 } } },
    });
    await using load = underLoad(runtime);
    await runtime.until('recycled', async () => ((await runtime.status()).replaced['requests'] ?? 0) >= 3);
    const { failed } = await load.stop();
    assert.deepEqual(failed, []);
    assert.deepEqual((await runtime.status()).restarts, {});
  });

  test('replaces a worker that takes too much memory', async () => {
    const { options } = site();
    await using runtime = await Runtime.ready({
      ...options,
      live: { workers: { count: 1, recycle: { memory: '80Mi' } } },
    });
    await delay(1_200);
    assert.deepEqual((await runtime.status()).replaced, {});
    const eaten = await runtime.fetch('/eat').catch((error: unknown) => error);
    assert.equal(eaten, 200, runtime.output);
    await runtime.until('recycled', async () => (await runtime.status()).replaced['memory'] === 1);
  });

  test('replaces a worker at the end of its lifetime', async () => {
    const { options } = site();
    await using runtime = await Runtime.ready({
      ...options,
      live: { workers: { count: 1, recycle: { lifetime: '1s' } } },
    });
    await runtime.until('recycled', async () => ((await runtime.status()).replaced['lifetime'] ?? 0) >= 2);
  });
});

describe('signals', { skip, concurrency: 2 }, () => {
  test('USR2 writes the state to the log, USR1 the stacks of all workers', async () => {
    const { options } = site();
    await using runtime = await Runtime.ready(options);
    runtime.child.kill('SIGUSR2');
    await runtime.until('state', () => runtime.log().some(({ msg }) => msg === 'state'));
    runtime.child.kill('SIGUSR1');
    await runtime.until('stacks', () => runtime.output.includes('most recent call first'));
    assert.equal((await runtime.status()).workers.ready, 2, 'both go on');
  });

  test('WINCH retires all workers and keeps the socket; HUP brings them back', async () => {
    const { options } = site();
    await using runtime = await Runtime.ready(options);
    runtime.child.kill('SIGWINCH');
    await runtime.until('paused', async () => (await runtime.status()).workers.list.length === 0);
    assert.equal((await runtime.admin('/readyz')).status, 503);
    assert.equal((await runtime.admin('/livez')).status, 200);
    const queued = runtime.fetch();
    runtime.child.kill('SIGHUP');
    assert.equal(await queued, 200);
  });

  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    test(`${signal} ends at once`, async () => {
      const { options } = site();
      await using runtime = await Runtime.ready({ ...options, fixed: { drain: { minimum: '10s', maximum: '20s' } } });
      const began = performance.now();
      runtime.child.kill(signal);
      assert.equal(await runtime.exited, 0);
      assert.ok(performance.now() - began < 5_000);
    });
  }
});

describe('appserver-ctl', { skip, concurrency: 2 }, () => {
  test('shows, scales, stops a worker, dumps stacks and drains', async () => {
    const { options } = site();
    await using runtime = await Runtime.ready(options);
    await runtime.until('both ready', async () => (await runtime.status()).workers.ready === 2);
    const shown = await ctl(runtime, 'status');
    assert.match(shown.stdout, /^phase {5}serving, ready\nworkers {3}2 of 2 ready\n/m);
    assert.match(shown.stdout, /WORKER +PID +STATE +AGE/);
    const json = JSON.parse((await ctl(runtime, 'status', '-o', 'json')).stdout) as { phase: string };
    assert.equal(json.phase, 'serving');

    await ctl(runtime, 'scale', '3');
    await runtime.until('three', async () => (await runtime.status()).workers.ready === 3);
    const [first] = await runtime.readyWorkers();
    assert.ok(first);
    assert.equal((await ctl(runtime, 'stop-worker', String(first.id))).code, 0);
    await runtime.until('another in its place', async () => {
      const { workers, replaced } = await runtime.status();
      return workers.ready === 3 && replaced['asked'] === 1 && workers.list.every(({ id }) => id !== first.id);
    });
    assert.match((await ctl(runtime, 'dump-stacks')).stdout, /worker \d+: .*most recent call first/);
    assert.equal((await ctl(runtime, 'drain')).code, 0);
    assert.equal(await runtime.exited, 0);
    const gone = await ctl(runtime, 'status');
    assert.equal(gone.code, 3);
    assert.match(gone.stderr, /no runtime listens there; name its socket with --socket/);
  });

  const wrong: Record<string, [args: string[], says: RegExp]> = {
    'a number of workers that is none': [['scale', 'many'], /It is to be a whole number/],
    'too many workers': [['scale', '1000'], /workers must be a whole number from 0 to 128/],
    'a worker that is not there': [['stop-worker', '99'], /there is no worker 99; there are 1, 2/],
  };
  test('refuses what makes no sense, and only its own user may speak to it', async () => {
    const { options } = site();
    await using runtime = await Runtime.ready(options);
    for (const [name, [args, says]] of Object.entries(wrong)) {
      const { code, stderr } = await ctl(runtime, ...args);
      assert.equal(code, 1, name);
      assert.match(stderr, says, name);
    }
    assert.equal(statSync(runtime.control).mode & 0o777, 0o600);
  });
});
