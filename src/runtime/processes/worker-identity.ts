// What tells an application which of the workers it runs in, in every language.
import type { Files, Host } from '../host/host.ts';
import type { Effect } from '../machine/state.ts';
import type { Place } from './kind.ts';

type Spawn = Extract<Effect, { kind: 'spawn' }>;

const attributes = 'OTEL_RESOURCE_ATTRIBUTES';
const fileName = 'last-worker-id';
const instanceAttribute = 'service.instance.id';

/** What the workers of one runtime are told. */
export class WorkerPlaces {
  readonly #host: Pick<Host, 'uuid' | 'env'>;
  /** Names of locks that begin with this are those of one runtime: other runtimes of the machine have others. */
  readonly #lockPrefix: string;

  constructor(host: Pick<Host, 'uuid' | 'env'>) {
    this.#host = host;
    this.#lockPrefix = `appserver-${host.uuid()}-`;
  }

  of({ id, slot, place }: Spawn): Place {
    const instance = this.#host.uuid();
    return {
      id,
      slot,
      instance,
      environment: {
        APPSERVER_WORKER_ID: String(id),
        APPSERVER_WORKER_SLOT: String(place),
        APPSERVER_LOCK_PREFIX: this.#lockPrefix,
        // Workers have the runtime's own environment, too.
        [attributes]: withInstance(this.#host.env[attributes], instance),
      },
    };
  }
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
  readonly #files: Files;
  readonly #directory: string | undefined;

  /** @param control path of the control socket, which is in a directory of this user alone; undefined for none */
  constructor(files: Files, control: string | undefined) {
    this.#files = files;
    this.#directory = control?.slice(0, control.lastIndexOf('/'));
  }

  first(): number {
    if (this.#directory === undefined) return 1;
    try {
      const last = Number(this.#files.read(`${this.#directory}/${fileName}`));
      return Number.isSafeInteger(last) && last > 0 ? last + 1 : 1;
    } catch {
      return 1;
    }
  }

  use(id: number): void {
    const directory = this.#directory;
    if (directory === undefined) return;
    try {
      this.#files.makeDirectory(directory, 0o700);
      this.#files.write(`${directory}/${fileName}`, String(id));
    } catch {
      /* the worker is needed more than its number */
    }
  }
}
