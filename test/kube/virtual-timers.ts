import type { Timers } from '../../src/kube/timers.ts';

/** A clock that moves when told to. */
export class VirtualTimers implements Timers {
  #now = 0;
  readonly #planned = new Set<{ at: number; callback: () => void }>();

  now(): number {
    return this.#now;
  }

  after(ms: number, callback: () => void): () => void {
    const entry = { at: this.#now + ms, callback };
    this.#planned.add(entry);
    return () => this.#planned.delete(entry);
  }

  get planned(): number {
    return this.#planned.size;
  }

  advance(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const [next] = [...this.#planned].filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#now = next.at;
      this.#planned.delete(next);
      next.callback();
    }
    this.#now = until;
  }
}
