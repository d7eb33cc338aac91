// Limits as the container's own files tell them: recorded trees of version 2 and version 1, and this machine's own.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { nodeHost } from '../../../src/runtime/host/node/host.ts';
import { CgroupFiles } from '../../../src/runtime/linux/cgroup.ts';
import { applications } from '../runtime-process.ts';

const mebibyte = 2 ** 20;

const trees: Record<
  string,
  { files: Record<string, string>; limits: object; throttledMs?: number; oomKills?: number }
> = {
  'version 2, in a container with its own cgroup namespace': {
    files: {
      'proc/self/cgroup': '0::/\n',
      'sys/fs/cgroup/cgroup.controllers': 'cpuset cpu io memory pids\n',
      'sys/fs/cgroup/cpu.max': '150000 100000\n',
      'sys/fs/cgroup/cpu.weight': '20\n',
      'sys/fs/cgroup/cpu.stat': 'usage_usec 1\nnr_periods 2\nnr_throttled 3\nthrottled_usec 4500\n',
      'sys/fs/cgroup/memory.max': '536870912\n',
      'sys/fs/cgroup/memory.events': 'low 0\nhigh 0\nmax 3\noom 1\noom_kill 2\n',
    },
    limits: { cpuQuota: 1.5, cpuRequest: ((19 * 262_142) / 9_999 + 2) / 1_024, memoryLimit: 512 * mebibyte },
    throttledMs: 4.5,
    oomKills: 2,
  },
  'version 2, without limits': {
    files: {
      'proc/self/cgroup': '0::/\n',
      'sys/fs/cgroup/cgroup.controllers': 'cpu memory\n',
      'sys/fs/cgroup/cpu.max': 'max 100000\n',
      'sys/fs/cgroup/memory.max': 'max\n',
    },
    limits: { cpuQuota: undefined, cpuRequest: undefined, memoryLimit: undefined },
  },
  'version 2, where a cgroup above has the lower limit': {
    files: {
      'proc/self/cgroup': '0::/system.slice/app.service\n',
      'sys/fs/cgroup/cgroup.controllers': 'cpu memory\n',
      'sys/fs/cgroup/system.slice/cpu.max': '100000 100000\n',
      'sys/fs/cgroup/system.slice/memory.max': '1073741824\n',
      'sys/fs/cgroup/system.slice/app.service/cpu.max': '400000 100000\n',
      'sys/fs/cgroup/system.slice/app.service/memory.max': 'max\n',
    },
    limits: { cpuQuota: 1, cpuRequest: undefined, memoryLimit: 1024 * mebibyte },
  },
  "version 2, where the path is the host's and the mount shows the container's": {
    files: {
      'proc/self/cgroup': '0::/kubepods.slice/pod1/abc\n',
      'sys/fs/cgroup/cgroup.controllers': 'cpu memory\n',
      'sys/fs/cgroup/cpu.max': '50000 100000\n',
      'sys/fs/cgroup/memory.max': '268435456\n',
    },
    limits: { cpuQuota: 0.5, cpuRequest: undefined, memoryLimit: 256 * mebibyte },
  },
  'version 1': {
    files: {
      'proc/self/cgroup': '5:cpu,cpuacct:/kubepods/pod1\n3:memory:/kubepods/pod1\n',
      'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '200000\n',
      'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
      'sys/fs/cgroup/cpu/cpu.shares': '512\n',
      'sys/fs/cgroup/cpu/cpu.stat': 'nr_periods 1\nnr_throttled 1\nthrottled_time 7000000\n',
      'sys/fs/cgroup/memory/memory.limit_in_bytes': '268435456\n',
      'sys/fs/cgroup/memory/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 1\n',
    },
    limits: { cpuQuota: 2, cpuRequest: 0.5, memoryLimit: 256 * mebibyte },
    throttledMs: 7,
    oomKills: 1,
  },
  'version 1, without limits': {
    files: {
      'proc/self/cgroup': '5:cpu:/\n3:memory:/\n',
      'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
      'sys/fs/cgroup/cpu/cpu.shares': '2\n',
      'sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
    },
    limits: { cpuQuota: undefined, cpuRequest: 2 / 1_024, memoryLimit: undefined },
  },
  'no cgroups at all': { files: {}, limits: { cpuQuota: undefined, cpuRequest: undefined, memoryLimit: undefined } },
};

describe('cgroup', () => {
  for (const [name, { files, limits, throttledMs = 0, oomKills = 0 }] of Object.entries(trees)) {
    test(name, () => {
      const cgroup = new CgroupFiles(nodeHost().files, applications(files));
      assert.deepEqual({ ...cgroup.limits() }, limits);
      assert.equal(cgroup.throttledMs(), throttledMs);
      assert.equal(cgroup.oomKills(), oomKills);
    });
  }

  test("this machine's own can be read", { skip: process.platform !== 'linux' }, () => {
    const { cpuQuota, memoryLimit } = new CgroupFiles(nodeHost().files).limits();
    assert.ok(cpuQuota === undefined || cpuQuota > 0);
    assert.ok(memoryLimit === undefined || memoryLimit > 0);
  });
});
