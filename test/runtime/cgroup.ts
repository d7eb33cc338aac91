// A cgroup of version 1 for what a test starts.
import { accessSync, constants, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { skip } from './runtime-process.ts';

type Controller = 'cpu' | 'pids';

const mount = (controller: Controller): string => join('/sys/fs/cgroup', controller);

/** Why tests with such a cgroup are skipped, if they are. */
export function cannot(controller: Controller): false | string {
  try {
    accessSync(join(mount(controller), 'cgroup.clone_children'));
    accessSync(mount(controller), constants.W_OK);
    return skip;
  } catch {
    return `it needs root and the ${controller} controller of cgroups version 1`;
  }
}

export class Cgroup implements AsyncDisposable {
  readonly #dir: string;
  readonly #home: string;

  constructor(controller: Controller) {
    const [, home = '/'] =
      new RegExp(`:${controller}\\b.*?:(.*)`).exec(readFileSync('/proc/self/cgroup', 'utf8')) ?? [];
    this.#home = join(mount(controller), home);
    this.#dir = join(mount(controller), `appserver-test-${process.pid}`);
    mkdirSync(this.#dir);
  }

  set(file: string, value: number | string): void {
    writeFileSync(join(this.#dir, file), String(value));
  }

  number(file: string): number {
    return Number(readFileSync(join(this.#dir, file), 'utf8'));
  }

  /** Processes are born into the cgroup of their parent. */
  async inside<T>(start: () => Promise<T>): Promise<T> {
    this.set('cgroup.procs', process.pid);
    try {
      return await start();
    } finally {
      writeFileSync(join(this.#home, 'cgroup.procs'), String(process.pid));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // What the runtime has killed is still being reaped.
    while (readFileSync(join(this.#dir, 'cgroup.procs'), 'utf8') !== '') await delay(10);
    rmdirSync(this.#dir);
  }
}
