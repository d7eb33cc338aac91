// Work queue of keys, after client-go's: a key is in it once, is worked on by one taker at a time, and one that was added
// while being worked on comes again afterwards. What is urgent comes before what is not, but never alone; within a priority
// namespaces take turns, and none has all takers at a time; a key that comes again and again is spaced out.
import { backoffMs } from './backoff.ts';
import { FairKeys, namespaceOfKey } from './fair-keys.ts';
import { Tally } from './tally.ts';
import { Throttle } from './throttle.ts';
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

function higher(one: Priority, other: Priority | undefined): Priority {
  return other === 'urgent' ? other : one;
}

interface Taker {
  readonly least: Priority;
  readonly give: (key: string | undefined) => void;
}

/** A key that is to come at a time: it was planned, or it has come too often of late. */
interface Later {
  readonly at: number;
  readonly priority: Priority;
  readonly cancel: () => void;
}

/** A key that is being worked on. */
interface Turn {
  readonly since: number;
  /** Of what it is being worked on for. */
  readonly priority: Priority;
}

/** Turns of one key without a pause: an apply changes each child once or twice, and a rollout reports some ten times. */
const burst: Readonly<Record<Priority, number>> = { urgent: 20, normal: 10 };

/** Urgent keys that one after the other may come before a normal one that waits. */
const urgentInARow = 3;

export interface QueueOptions {
  readonly timers?: Timers;
  /** From 0 to 1, for delays that differ. */
  readonly random?: () => number;
  readonly observer?: QueueObserver;
  /**
   * Keys of one namespace that are worked on at a time, so that one in which each takes long leaves takers for the others.
   * Default: any number
   */
  readonly mostOfNamespace?: number;
}

const retry = { baseMs: 50, capMs: 60_000 };

export class WorkQueue {
  readonly #timers: Timers;
  readonly #random: () => number;
  readonly #observer: QueueObserver;
  readonly #mostOfNamespace: number;
  readonly #ready: Readonly<Record<Priority, FairKeys>> = { urgent: new FairKeys(), normal: new FairKeys() };
  /** Apart, so that reports of progress do not hold up an edit. */
  readonly #throttles: Readonly<Record<Priority, Throttle>> = {
    urgent: new Throttle(burst.urgent),
    normal: new Throttle(burst.normal),
  };
  /** When each was added, of those that are ready. */
  readonly #addedAt = new Map<string, number>();
  readonly #working = new Map<string, Turn>();
  /** How many of those are of a namespace. */
  readonly #workingOf = new Tally();
  /** Added while being worked on. */
  readonly #again = new Map<string, Priority>();
  readonly #later = new Map<string, Later>();
  readonly #paused = new Map<string, Later>();
  /** In a row, of keys that have failed and are still to succeed. */
  readonly #failures = new Map<string, number>();
  readonly #waiting: Taker[] = [];
  #urgentSinceNormal = 0;
  #closed = false;

  constructor({ timers, random, observer, mostOfNamespace }: QueueOptions = {}) {
    this.#timers = timers ?? realTimers;
    this.#random = random ?? Math.random;
    this.#observer = observer ?? nobody;
    this.#mostOfNamespace = mostOfNamespace ?? Infinity;
  }

  /** Seconds for which each key that was taken has been worked on. */
  get underWay(): number[] {
    const now = this.#timers.now();
    return [...this.#working.values()].map(({ since }) => (now - since) / 1000);
  }

  /** Keys that wait to be taken. */
  get depth(): number {
    return this.#ready.urgent.size + this.#ready.normal.size;
  }

  /** Keys and notes that are held, of any sort: none at rest, when all that was added is done and has cooled down. */
  get held(): number {
    const now = this.#timers.now();
    const { urgent, normal } = this.#throttles;
    const { size: addedAt } = this.#addedAt;
    const notes = this.#again.size + this.#later.size + this.#paused.size + this.#failures.size;
    return (
      this.depth + addedAt + this.#working.size + this.#workingOf.size + notes + urgent.known(now) + normal.known(now)
    );
  }

  add(key: string, priority: Priority = 'normal'): void {
    if (this.#closed) return;
    if (this.#working.has(key)) {
      this.#again.set(key, higher(priority, this.#again.get(key)));
      return;
    }
    const { urgent, normal } = this.#ready;
    if (urgent.has(key) || (normal.has(key) && priority === 'normal')) return;
    const wait = this.#throttles[priority].waitMs(key, this.#timers.now());
    if (wait === 0) this.#makeReady(key, priority);
    // One that waits already in the other row has its turn there.
    else if (!normal.has(key)) this.#pause(key, priority, wait);
  }

  #makeReady(key: string, priority: Priority): void {
    this.#paused.get(key)?.cancel();
    this.#paused.delete(key);
    // Its turn may be long in coming where it waits now: what was planned to be urgent still is.
    if (this.#later.get(key)?.priority !== 'urgent' || priority === 'urgent') this.#forgetLater(key);
    if (!this.#ready.normal.delete(key)) this.#noteAdded(key);
    this.#ready[priority].add(key);
    this.#handOut();
  }

  /** Gives what is ready to those that wait. */
  #handOut(): void {
    // The first ones: whoever has waited longest.
    for (const taker of [...this.#waiting]) {
      const key = this.#next(taker.least);
      if (key === undefined) continue;
      this.#waiting.splice(this.#waiting.indexOf(taker), 1);
      taker.give(key);
    }
  }

  /** Takes the next key that may be worked on now. */
  #next(least: Priority): string | undefined {
    for (const priority of this.#order(least)) {
      const key = this.#ready[priority].take((namespace) => this.#mayHaveMore(namespace));
      if (key === undefined) continue;
      if (least === 'normal') this.#urgentSinceNormal = priority === 'urgent' ? this.#urgentSinceNormal + 1 : 0;
      this.#noteTaken(key, priority);
      return key;
    }
    return undefined;
  }

  #mayHaveMore(namespace: string): boolean {
    return this.#workingOf.of(namespace) < this.#mostOfNamespace;
  }

  /** The earlier of two pauses counts. */
  #pause(key: string, priority: Priority, ms: number): void {
    const at = this.#timers.now() + ms;
    const before = this.#paused.get(key);
    if (before !== undefined && before.at <= at) return;
    before?.cancel();
    this.#paused.set(key, { at, priority, cancel: this.#timers.after(ms, () => this.#makeReady(key, priority)) });
  }

  #noteAdded(key: string): void {
    this.#observer.added();
    this.#addedAt.set(key, this.#timers.now());
  }

  #noteTaken(key: string, priority: Priority): void {
    const now = this.#timers.now();
    this.#forgetLater(key);
    this.#throttles[priority].taken(key, now);
    this.#observer.waited((now - (this.#addedAt.get(key) ?? now)) / 1000);
    this.#addedAt.delete(key);
    this.#working.set(key, { since: now, priority });
    this.#workingOf.add(namespaceOfKey(key));
  }

  #noteDone(key: string): void {
    const turn = this.#working.get(key);
    if (turn === undefined) return;
    this.#observer.worked((this.#timers.now() - turn.since) / 1000);
    this.#working.delete(key);
    this.#workingOf.remove(namespaceOfKey(key));
  }

  /** Adds the key after `ms`, unless it is due sooner anyway. */
  addAfter(key: string, ms: number): void {
    this.#plan(key, ms, 'normal');
  }

  /**
   * What the key was taken for is not done: it comes again after `ms`, as urgently. To be called between taking it and being
   * done with it.
   */
  again(key: string, ms: number): void {
    this.#plan(key, ms, this.#working.get(key)?.priority ?? 'normal');
  }

  /** The earlier of two times counts, and the higher of two priorities. */
  #plan(key: string, ms: number, wanted: Priority): void {
    if (this.#closed) return;
    const planned = this.#later.get(key);
    const now = this.#timers.now();
    const at = Math.min(now + ms, planned?.at ?? Infinity);
    const priority = higher(wanted, planned?.priority);
    planned?.cancel();
    const add = (): void => {
      this.#later.delete(key);
      this.add(key, priority);
    };
    this.#later.set(key, { at, priority, cancel: this.#timers.after(at - now, add) });
  }

  /** The next key, once there is one that is at least so urgent; undefined when the queue is closed. */
  take(least: Priority = 'normal'): Promise<string | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    return new Promise((give) => {
      this.#waiting.push({ least, give });
      this.#handOut();
    });
  }

  /** Where a taker looks first. */
  #order(least: Priority): readonly Priority[] {
    if (least === 'urgent') return ['urgent'];
    return this.#urgentSinceNormal < urgentInARow ? ['urgent', 'normal'] : ['normal', 'urgent'];
  }

  /**
   * Everything that the key was added for until now is being worked on: it does not come again for that. To be called
   * between taking it and being done with it.
   */
  seen(key: string): void {
    const turn = this.#working.get(key);
    if (turn !== undefined) this.#working.set(key, { ...turn, priority: higher(turn.priority, this.#again.get(key)) });
    this.#again.delete(key);
  }

  /** To be called for each key taken, whatever came of it. */
  done(key: string): void {
    this.#noteDone(key);
    const priority = this.#again.get(key);
    this.#again.delete(key);
    if (priority !== undefined) this.add(key, priority);
    this.#handOut();
  }

  /** Comes again as urgently, later with each failure in a row. Returns the delay in milliseconds. */
  retry(key: string): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.#observer.retried();
    const ms = backoffMs(failures, retry, this.#random());
    this.again(key, ms);
    return ms;
  }

  /** Forgets the failures of a key that has succeeded. */
  succeeded(key: string): void {
    this.#failures.delete(key);
  }

  /** Nothing is handed out any more. */
  close(): void {
    this.#closed = true;
    for (const { cancel } of [...this.#later.values(), ...this.#paused.values()]) cancel();
    this.#later.clear();
    this.#paused.clear();
    for (const { give } of this.#waiting.splice(0)) give(undefined);
  }

  #forgetLater(key: string): void {
    this.#later.get(key)?.cancel();
    this.#later.delete(key);
  }
}
