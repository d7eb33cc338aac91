import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { describe, test } from 'node:test';
import { parseConfig } from '../../../src/runtime/config/parse.ts';
import { nodeHost } from '../../../src/runtime/host/node/host.ts';
import { CgroupFiles } from '../../../src/runtime/linux/cgroup.ts';
import { autoCount, autoMemory, usableCpus, type Machine } from '../../../src/runtime/supervisor/auto-count.ts';

const mebibyte = 2 ** 20;

describe('workers.count: auto', () => {
  const app = (workers: object): Parameters<typeof autoCount>[0] =>
    parseConfig('f', { app: { wsgi: 'a:b' }, workers }).fixed.app;
  const machine = (more: Partial<Machine['cgroup']>, kubernetes = false): Machine => ({
    cgroup: { cpuQuota: undefined, cpuRequest: undefined, memoryLimit: undefined, ...more },
    cpus: 8,
    kubernetes,
  });
  const cases: Record<string, [workers: object, machine: Machine, count: number]> = {
    'two a CPU of the quota and one': [{}, machine({ cpuQuota: 2 }), 5],
    'half a CPU': [{}, machine({ cpuQuota: 0.5 }), 2],
    'one a CPU for threads': [{ class: 'gthread' }, machine({ cpuQuota: 3.5 }), 4],
    'never fewer than two': [{ class: 'gevent' }, machine({ cpuQuota: 0.1 }), 2],
    'all CPUs where there is neither quota nor Kubernetes': [{}, machine({ cpuRequest: 1 }), 17],
    'what was requested, in Kubernetes without a quota': [{}, machine({ cpuRequest: 1 }, true), 3],
    'no request either, in Kubernetes': [{}, machine({ cpuRequest: 2 / 1_024 }, true), 2],
    'fewer where the memory has no room': [{}, machine({ cpuQuota: 4, memoryLimit: 512 * mebibyte }), 3],
    'one where there is room for one': [{}, machine({ cpuQuota: 4, memoryLimit: 200 * mebibyte }), 1],
  };
  for (const [name, [workers, on, count]] of Object.entries(cases)) {
    test(name, () => assert.equal(autoCount(app(workers), on), count));
  }

  test('recycle.memory: auto leaves room for the worker that comes before another goes', () => {
    const { cgroup } = machine({ memoryLimit: 496 * mebibyte });
    assert.equal(autoMemory(3, cgroup), 100 * mebibyte);
    assert.equal(autoMemory(3, machine({}).cgroup), undefined);
  });

  test('this machine has a CPU that can be counted on', { skip: process.platform !== 'linux' }, () => {
    assert.ok(
      usableCpus({
        cgroup: new CgroupFiles(nodeHost().files).limits(),
        cpus: availableParallelism(),
        kubernetes: false,
      }) > 0,
    );
  });
});
