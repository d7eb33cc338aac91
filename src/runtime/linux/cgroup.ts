// What the container may use and what it was denied, from the files of its cgroup: version 2, or version 1.
import type { Files } from '../host/host.ts';

export interface Cgroup {
  /** CPUs of the quota; undefined when there is none. */
  readonly cpuQuota: number | undefined;
  /** CPUs that are requested, from the weight among its neighbours. */
  readonly cpuRequest: number | undefined;
  /** Bytes; undefined when there is no limit. */
  readonly memoryLimit: number | undefined;
}

function read(files: Files, file: string): string | undefined {
  try {
    return files.read(file).trim();
  } catch {
    return undefined;
  }
}

/** The lowest of a limit of the cgroup and of those above it, as each of them holds. */
function lowest(folders: readonly string[], limit: (folder: string) => number | undefined): number | undefined {
  const found = folders.map(limit).filter((value) => value !== undefined);
  return found.length === 0 ? undefined : Math.min(...found);
}

function field(text: string | undefined, name: string): number {
  const [, value] = new RegExp(`^${name} (\\d+)$`, 'm').exec(text ?? '') ?? [];
  return Number(value ?? 0);
}

export class CgroupFiles {
  readonly #files: Files;
  readonly #cpu: readonly string[];
  readonly #memory: readonly string[];
  readonly #version: 1 | 2;

  /** @param root what stands before /proc and /sys; tests have recorded trees */
  constructor(files: Files, root = '') {
    const mount = `${root}/sys/fs/cgroup`;
    const own = read(files, `${root}/proc/self/cgroup`) ?? '';
    const exists = (path: string): boolean => files.stat(path) !== undefined;
    this.#files = files;
    this.#version = exists(`${mount}/cgroup.controllers`) ? 2 : 1;
    const folders = (controller: string): readonly string[] => {
      const base = this.#version === 2 ? mount : `${mount}/${controller}`;
      const line =
        this.#version === 2 ? /^0::(.*)$/m : new RegExp(`^\\d+:(?:[^:]*,)?${controller}(?:,[^:]*)?:(.*)$`, 'm');
      const [, path = '/'] = line.exec(own) ?? [];
      // Inside a container the path is often that of the host, while the mount shows only the container's own cgroup.
      const result: string[] = [];
      const names = path.split('/').filter(Boolean);
      for (let depth = names.length; depth >= 0; depth--) {
        const folder = [base, ...names.slice(0, depth)].join('/');
        if (exists(folder)) result.push(folder);
      }
      return result.length === 0 ? [base] : result;
    };
    this.#cpu = folders('cpu');
    this.#memory = folders('memory');
  }

  limits(): Cgroup {
    return this.#version === 2 ? this.#limits2() : this.#limits1();
  }

  /** Milliseconds for which its threads were held back by the quota, since it was made. */
  throttledMs(): number {
    const text = this.#read(this.#cpu[0], 'cpu.stat');
    return this.#version === 2 ? field(text, 'throttled_usec') / 1e3 : field(text, 'throttled_time') / 1e6;
  }

  /** How often the kernel has killed a process of it for memory. */
  oomKills(): number {
    const file = this.#version === 2 ? 'memory.events' : 'memory.oom_control';
    return field(this.#read(this.#memory[0], file), 'oom_kill');
  }

  #read(folder: string | undefined, name: string): string | undefined {
    return read(this.#files, `${folder ?? ''}/${name}`);
  }

  #limits2(): Cgroup {
    const weight = this.#read(this.#cpu[0], 'cpu.weight');
    return {
      cpuQuota: lowest(this.#cpu, (folder) => {
        const [quota, period] = this.#read(folder, 'cpu.max')?.split(' ') ?? [];
        return quota === undefined || quota === 'max' ? undefined : Number(quota) / Number(period);
      }),
      // The conversion that runc uses, turned around.
      cpuRequest: weight === undefined ? undefined : (((Number(weight) - 1) * 262_142) / 9_999 + 2) / 1_024,
      memoryLimit: lowest(this.#memory, (folder) => {
        const text = this.#read(folder, 'memory.max');
        return text === undefined || text === 'max' ? undefined : Number(text);
      }),
    };
  }

  #limits1(): Cgroup {
    const shares = this.#read(this.#cpu[0], 'cpu.shares');
    return {
      cpuQuota: lowest(this.#cpu, (folder) => {
        const quota = Number(this.#read(folder, 'cpu.cfs_quota_us') ?? -1);
        return quota <= 0 ? undefined : quota / Number(this.#read(folder, 'cpu.cfs_period_us'));
      }),
      cpuRequest: shares === undefined ? undefined : Number(shares) / 1_024,
      memoryLimit: lowest(this.#memory, (folder) => {
        const limit = Number(this.#read(folder, 'memory.limit_in_bytes') ?? Infinity);
        // Without a limit it is the largest number of pages that the kernel can count.
        return limit >= 2 ** 60 ? undefined : limit;
      }),
    };
  }
}
