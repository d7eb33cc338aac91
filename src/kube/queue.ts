// Work queue of keys, after client-go's: a key is in it once, is worked on by one taker at a time, and one that was added
// while being worked on comes again afterwards. What is urgent comes before what is not.
import { backoffMs } from './backoff.ts';
import { realTimers, type Timers } from './timers.ts';

/**
 * Urgent is what somebody waits for: a change of what is wanted, or of what was made from it. Everything else, first lists
 * and reports of progress, may come in thousands and must not be in the way of that.
 */
export type Priority = 'urgent' | 'normal';

/** Told of what happens to keys; times in seconds. */
export interface QueueObserver {
  added(): void;
  /** From being added to being taken. */
  waited(seconds: number): void;
  /** From being taken to being done. */
  worked(seconds: number): void;
  retried(): void;
}

const nobody: QueueObserver = {
  added: () => undefined,
  waited: () => undefined,
  worked: () => undefined,
  retried: () => undefined,
};

interface Taker {
  readonly least: Priority;
  readonly give: (key: string | undefined) => void;
}

interface Later {
  readonly at: number;
  readonly cancel: () => void;
}

const retry = { baseMs: 50, capMs: 60_000 };

export class WorkQueue {
  readonly #timers: Timers;
  readonly #random: () => number;
  readonly #observer: QueueObserver;
  readonly #ready: Readonly<Record<Priority, Set<string>>> = { urgent: new Set(), normal: new Set() };
  /** When each was added, of those that are ready. */
  readonly #addedAt = new Map<string, number>();
  /** When each was taken. */
  readonly #working = new Map<string, number>();
  /** Added while being worked on. */
  readonly #again = new Map<string, Priority>();
  readonly #later = new Map<string, Later>();
  readonly #failures = new Map<string, number>();
  readonly #waiting: Taker[] = [];
  #closed = false;

  constructor(timers: Timers = realTimers, random: () => number = Math.random, observer = nobody) {
    this.#timers = timers;
    this.#random = random;
    this.#observer = observer;
  }

  /** Seconds for which each key that was taken has been worked on. */
  get underWay(): number[] {
    const now = this.#timers.now();
    return [...this.#working.values()].map((since) => (now - since) / 1000);
  }

  /** Keys that wait to be taken. */
  get depth(): number {
    return this.#ready.urgent.size + this.#ready.normal.size;
  }

  add(key: string, priority: Priority = 'normal'): void {
    if (this.#closed) return;
    this.#forgetLater(key);
    if (this.#working.has(key)) {
      if (this.#again.get(key) !== 'urgent') this.#again.set(key, priority);
      return;
    }
    const { urgent, normal } = this.#ready;
    if (urgent.has(key)) return;
    if (normal.has(key)) {
      if (priority === 'normal') return;
      normal.delete(key);
    } else {
      this.#noteAdded(key);
    }
    const index = this.#waiting.findIndex(({ least }) => least === 'normal' || priority === 'urgent');
    const [taker] = index === -1 ? [] : this.#waiting.splice(index, 1);
    if (taker === undefined) {
      this.#ready[priority].add(key);
    } else {
      this.#noteTaken(key);
      taker.give(key);
    }
  }

  #noteAdded(key: string): void {
    this.#observer.added();
    this.#addedAt.set(key, this.#timers.now());
  }

  #noteTaken(key: string): void {
    const now = this.#timers.now();
    this.#observer.waited((now - (this.#addedAt.get(key) ?? now)) / 1000);
    this.#addedAt.delete(key);
    this.#working.set(key, now);
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

  /** The next key, once there is one that is at least so urgent; undefined when the queue is closed. */
  take(least: Priority = 'normal'): Promise<string | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    for (const ready of least === 'urgent' ? [this.#ready.urgent] : [this.#ready.urgent, this.#ready.normal]) {
      const [key] = ready;
      if (key === undefined) continue;
      ready.delete(key);
      this.#noteTaken(key);
      return Promise.resolve(key);
    }
    return new Promise((give) => this.#waiting.push({ least, give }));
  }

  /** To be called for each key taken, whatever came of it. */
  done(key: string): void {
    const since = this.#working.get(key);
    if (since !== undefined) this.#observer.worked((this.#timers.now() - since) / 1000);
    this.#working.delete(key);
    const priority = this.#again.get(key);
    this.#again.delete(key);
    if (priority !== undefined) this.add(key, priority);
  }

  /** Comes again, later with each failure in a row. Returns the delay in milliseconds. */
  retry(key: string): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.#observer.retried();
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
    for (const { give } of this.#waiting.splice(0)) give(undefined);
  }

  #forgetLater(key: string): void {
    this.#later.get(key)?.cancel();
    this.#later.delete(key);
  }
}
