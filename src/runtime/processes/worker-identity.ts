// What tells an application which of the workers it runs in, in every language.
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Effect } from '../machine/state.ts';
import type { Place } from './kind.ts';

type Spawn = Extract<Effect, { kind: 'spawn' }>;

const attributes = 'OTEL_RESOURCE_ATTRIBUTES';
const instanceAttribute = 'service.instance.id';

/** Names of locks that begin with this are those of one runtime: other runtimes of the machine have others. */
const lockPrefix = `appserver-${randomUUID()}-`;

/** @param inherited the runtime's own environment, which workers have too */
export function placeOf({ id, slot, place }: Spawn, inherited: Readonly<Record<string, string | undefined>>): Place {
  const instance = randomUUID();
  return {
    id,
    slot,
    instance,
    environment: {
      APPSERVER_WORKER_ID: String(id),
      APPSERVER_WORKER_SLOT: String(place),
      APPSERVER_LOCK_PREFIX: lockPrefix,
      [attributes]: withInstance(inherited[attributes], instance),
    },
  };
}

/** What is there already stays, and counts if it names an instance itself. */
function withInstance(inherited: string | undefined, instance: string): string {
  const said = (inherited ?? '').split(',').filter((one) => one.trim() !== '');
  if (said.some((one) => one.split('=')[0]?.trim() === instanceAttribute)) return said.join(',');
  return [...said, `${instanceAttribute}=${instance}`].join(',');
}

/**
 * The numbers that workers had, in a directory that outlives the container: in a pod, the numbers go on when the container
 * is restarted. Where that directory cannot be written, they begin with 1 again.
 */
export class WorkerNumbers {
  readonly #file: string | undefined;

  /** @param control path of the control socket, which is in a directory of this user alone; undefined for none */
  constructor(control: string | undefined) {
    this.#file = control === undefined ? undefined : join(dirname(control), 'last-worker-id');
  }

  first(): number {
    if (this.#file === undefined) return 1;
    try {
      const last = Number(readFileSync(this.#file, 'utf8'));
      return Number.isSafeInteger(last) && last > 0 ? last + 1 : 1;
    } catch {
      return 1;
    }
  }

  use(id: number): void {
    if (this.#file === undefined) return;
    try {
      // One level alone: in some file systems, Node never ends trying to make more.
      if (!existsSync(dirname(this.#file))) mkdirSync(dirname(this.#file), { mode: 0o700 });
      writeFileSync(this.#file, String(id));
    } catch {
      /* the worker is needed more than its number */
    }
  }
}
