// How many workers `workers.count: auto` means, and what share of the memory `recycle.memory: auto` gives each.
import type { Application } from '../config/config.ts';
import type { Cgroup } from '../linux/cgroup.ts';

/** What a worker is expected to need at least; fewer are started where the limit has no room for it. */
const workerBytes = 128 * 2 ** 20;
/** The supervisor, the fork server and the page cache. */
const otherBytes = 96 * 2 ** 20;
const most = 64;

export interface Machine {
  readonly cgroup: Cgroup;
  /** CPUs that this process may run on. */
  readonly cpus: number;
  /** Whether Kubernetes set the weights: without a request they are at their lowest. */
  readonly kubernetes: boolean;
}

/** CPUs that the workers can count on: the quota, else what was requested, else all. */
export function usableCpus({ cgroup, cpus, kubernetes }: Machine): number {
  const wanted = cgroup.cpuQuota ?? (kubernetes ? cgroup.cpuRequest : undefined) ?? cpus;
  return Math.min(wanted, cpus);
}

/**
 * gunicorn's rule of two a CPU and one for workers that have one request at a time, one a CPU for those that have many;
 * never fewer than two, so that one serves while the other is replaced, but for want of memory.
 */
export function autoCount(app: Application, machine: Machine): number {
  const cpus = usableCpus(machine);
  const byCpu = app.kind === 'wsgi' && app.class === 'sync' ? Math.floor(2 * cpus) + 1 : Math.ceil(cpus);
  const limit = machine.cgroup.memoryLimit;
  const byMemory = limit === undefined ? most : Math.max(1, Math.floor((limit - otherBytes) / workerBytes));
  return Math.min(Math.max(2, byCpu), byMemory, most);
}

/** Each worker's share, with room for the one that comes before another goes; undefined without a limit. */
export function autoMemory(workers: number, { memoryLimit }: Cgroup): number | undefined {
  if (memoryLimit === undefined) return undefined;
  return Math.max(workerBytes / 2, Math.floor((memoryLimit - otherBytes) / (Math.max(1, workers) + 1)));
}
