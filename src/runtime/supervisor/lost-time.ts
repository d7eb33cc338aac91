// Time that workers could not use, for all of them or for one: their silence in it is not held against them.
import type { Files } from '../host/host.ts';
import { readRunState, Starved } from '../linux/starved-processes.ts';
import type { Event, State } from '../machine/state.ts';
import { Withheld } from './withheld.ts';

export interface LostTimeOptions {
  readonly files: Files;
  readonly now: number;
  /** How often look() is called at least, in milliseconds. */
  readonly intervalMs: () => number;
  /** What the cgroup says, milliseconds that grow. */
  readonly throttledMs: () => number;
}

export class LostTime {
  readonly #withheld: Withheld;
  readonly #starved: Starved;

  constructor({ files, now, intervalMs, throttledMs }: LostTimeOptions) {
    this.#starved = new Starved((pid) => readRunState(files, pid));
    this.#withheld = new Withheld(now, intervalMs, throttledMs);
  }

  /** @returns what is to be dispatched before silence is judged */
  look({ workers, settings }: State, now: number): Event[] {
    const ms = this.#withheld.look(now);
    const silent = workers.flatMap((worker) =>
      worker.kind === 'ready' && worker.pid !== undefined && now - worker.lastBeat > settings.heartbeatTimeoutMs / 2
        ? [{ id: worker.id, pid: worker.pid }]
        : [],
    );
    const ids = this.#starved.look(silent, now);
    return [
      ...(ms > 0 ? [{ kind: 'withheld', ms } as const] : []),
      ...(ids.length > 0 ? [{ kind: 'starved', ids } as const] : []),
    ];
  }

  /** Milliseconds that were withheld from all since `from`. */
  since(from: number): number {
    return this.#withheld.since(from);
  }
}
