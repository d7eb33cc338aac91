// Work queue of keys, after client-go's: a key is in it once, is worked on by one taker at a time, and one that was added
// while being worked on comes again afterwards.
import { backoffMs } from './backoff.ts';

export interface Timers {
  now(): number;
  /** Calls back once after `ms`; returns a function that cancels. */
  after(ms: number, callback: () => void): () => void;
}

const realTimers: Timers = {
  now: () => performance.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

interface Later {
  readonly at: number;
  readonly cancel: () => void;
}

const retry = { baseMs: 50, capMs: 60_000 };

export class WorkQueue {
  readonly #timers: Timers;
  readonly #random: () => number;
  readonly #ready = new Set<string>();
  readonly #working = new Set<string>();
  /** Added while being worked on. */
  readonly #again = new Set<string>();
  readonly #later = new Map<string, Later>();
  readonly #failures = new Map<string, number>();
  readonly #waiting: ((key: string | undefined) => void)[] = [];
  #closed = false;

  constructor(timers: Timers = realTimers, random: () => number = Math.random) {
    this.#timers = timers;
    this.#random = random;
  }

  /** Keys that wait to be taken. */
  get depth(): number {
    return this.#ready.size;
  }

  add(key: string): void {
    if (this.#closed) return;
    this.#forgetLater(key);
    if (this.#working.has(key)) {
      this.#again.add(key);
      return;
    }
    const taker = this.#ready.has(key) ? undefined : this.#waiting.shift();
    if (taker === undefined) {
      this.#ready.add(key);
    } else {
      this.#working.add(key);
      taker(key);
    }
  }

  /** Adds the key after `ms`, unless it is due sooner anyway. */
  addAfter(key: string, ms: number): void {
    if (this.#closed) return;
    const at = this.#timers.now() + ms;
    const planned = this.#later.get(key);
    if (planned !== undefined && planned.at <= at) return;
    planned?.cancel();
    this.#later.set(key, { at, cancel: this.#timers.after(ms, () => this.add(key)) });
  }

  /** The next key, once there is one; undefined when the queue is closed. */
  take(): Promise<string | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    const [key] = this.#ready;
    if (key === undefined) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#ready.delete(key);
    this.#working.add(key);
    return Promise.resolve(key);
  }

  /** To be called for each key taken, whatever came of it. */
  done(key: string): void {
    this.#working.delete(key);
    if (this.#again.delete(key)) this.add(key);
  }

  /** Comes again, later with each failure in a row. Returns the delay in milliseconds. */
  retry(key: string): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const ms = backoffMs(failures, retry, this.#random());
    this.addAfter(key, ms);
    return ms;
  }

  /** Forgets the failures of a key that has succeeded. */
  succeeded(key: string): void {
    this.#failures.delete(key);
  }

  /** Nothing is handed out any more. */
  close(): void {
    this.#closed = true;
    for (const { cancel } of this.#later.values()) cancel();
    this.#later.clear();
    for (const taker of this.#waiting.splice(0)) taker(undefined);
  }

  #forgetLater(key: string): void {
    this.#later.get(key)?.cancel();
    this.#later.delete(key);
  }
}
