// A container whose CPU quota is spent: its workers are late with everything, and none is taken for dead.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { cannot, Cgroup } from '../runtime/cgroup.ts';
import { applications, Runtime } from '../runtime/runtime-process.ts';

const root = applications({
  'shop.py': `
def app(environ, start_response):
    start_response("200 OK", [("content-length", "2")])
    return [b"ok"]
`,
});

/** Microseconds of CPU in each second. */
function quota(cgroup: Cgroup, microseconds: number): void {
  cgroup.set('cpu.cfs_period_us', 1_000_000);
  cgroup.set('cpu.cfs_quota_us', microseconds);
}

describe('a spent CPU quota', { skip: cannot('cpu') }, () => {
  test('is not taken for the death of a worker', async () => {
    await using cgroup = new Cgroup('cpu');
    const live = { workers: { heartbeatTimeout: '3s' } };
    await using runtime = await cgroup.inside(() => Runtime.ready({ root, app: { wsgi: 'shop:app' }, live }));
    const before = (await runtime.readyWorkers()).map(({ pid }) => pid);
    const burners = await cgroup.inside(async () => [1, 2, 3, 4].map(() => spawn('sh', ['-c', 'while :; do :; done'])));
    quota(cgroup, 1_000);
    await delay(12_000);
    quota(cgroup, -1);
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
