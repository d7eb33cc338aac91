// A container whose CPU quota is spent: its workers are late with everything, and none is taken for dead.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { accessSync, constants, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { applications, Runtime, skip } from '../runtime/runtime-process.ts';

/** Version 1 of cgroups: the quota is in files of their own. */
const controller = '/sys/fs/cgroup/cpu';

function cannot(): false | string {
  try {
    accessSync(join(controller, 'cpu.cfs_period_us'));
    accessSync(controller, constants.W_OK);
    return skip;
  } catch {
    return 'it needs root and a CPU controller of cgroups version 1';
  }
}

const root = applications({
  'shop.py': `
def app(environ, start_response):
    start_response("200 OK", [("content-length", "2")])
    return [b"ok"]
`,
});

/** A cgroup for what is started within `inside`. */
class Cgroup implements AsyncDisposable {
  readonly dir = join(controller, `appserver-test-${process.pid}`);
  readonly #home = join(controller, /:cpu\b.*?:(.*)/.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '/');

  constructor() {
    mkdirSync(this.dir);
  }

  quota(microseconds: number): void {
    writeFileSync(join(this.dir, 'cpu.cfs_period_us'), '1000000');
    writeFileSync(join(this.dir, 'cpu.cfs_quota_us'), String(microseconds));
  }

  /** Processes are born into the cgroup of their parent. */
  async inside<T>(start: () => Promise<T>): Promise<T> {
    writeFileSync(join(this.dir, 'cgroup.procs'), String(process.pid));
    try {
      return await start();
    } finally {
      writeFileSync(join(this.#home, 'cgroup.procs'), String(process.pid));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // What the runtime has killed is still being reaped.
    while (readFileSync(join(this.dir, 'cgroup.procs'), 'utf8') !== '') await delay(10);
    rmdirSync(this.dir);
  }
}

describe('a spent CPU quota', { skip: cannot() }, () => {
  test('is not taken for the death of a worker', async () => {
    await using cgroup = new Cgroup();
    const live = { workers: { heartbeatTimeout: '3s' } };
    await using runtime = await cgroup.inside(() => Runtime.ready({ root, app: { wsgi: 'shop:app' }, live }));
    const before = (await runtime.readyWorkers()).map(({ pid }) => pid);
    const burners = await cgroup.inside(async () => [1, 2, 3, 4].map(() => spawn('sh', ['-c', 'while :; do :; done'])));
    cgroup.quota(1_000);
    await delay(12_000);
    cgroup.quota(-1);
    await Promise.all(
      burners.map((burner) => {
        burner.kill('SIGKILL');
        return new Promise((resolve) => burner.once('close', resolve));
      }),
    );
    assert.equal(await runtime.fetch(), 200);
    const { restarts } = await runtime.status();
    assert.deepEqual(restarts, {});
    assert.deepEqual(
      (await runtime.readyWorkers()).map(({ pid }) => pid),
      before,
    );
  });
});
