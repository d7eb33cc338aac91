// Takes keys from the queue and reconciles them, several at a time, never one key twice at once.
import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ApiError } from './errors.ts';
import type { Priority, WorkQueue } from './queue.ts';

export type Outcome =
  | { readonly kind: 'done' }
  /** Nothing will tell when to look again, so look after this time. */
  | { readonly kind: 'requeue'; readonly afterMs: number; readonly why: string };

/** A conflict is no failure: what was decided on has changed meanwhile, and is decided on again. */
export type Result = 'success' | 'requeue_after' | 'conflict' | 'error';

/** One reconcile of one key. */
export interface Turn {
  readonly key: string;
  /** Different for each, by which its lines in a log are found. */
  readonly id: string;
}

export interface ControllerOptions {
  readonly queue: WorkQueue;
  /** Keys at a time. */
  readonly concurrency: number;
  /** So many more, for urgent keys alone: they need not wait until one of the others is done. */
  readonly urgentConcurrency?: number;
  readonly reconcile: (turn: Turn) => Promise<Outcome>;
  /** Called after each reconcile. What it throws is nobody's: the next key is taken all the same. */
  readonly onResult: (turn: Turn, result: Result, seconds: number, error?: unknown) => void;
}

/** The watch tells soon what has changed; this is for when it does not. */
const afterConflictMs = 100;

const isConflict = (error: unknown): boolean => error instanceof ApiError && error.status === 409;

interface Ended {
  readonly result: Result;
  readonly error?: unknown;
}

export class Controller {
  readonly #options: ControllerOptions;

  constructor(options: ControllerOptions) {
    this.#options = options;
  }

  /** Runs until the queue is closed and what was begun is done. */
  async run(): Promise<void> {
    const { concurrency, urgentConcurrency = 0 } = this.#options;
    const takers = Array.from({ length: concurrency }, () => this.#takeAll('normal'));
    const urgentTakers = Array.from({ length: urgentConcurrency }, () => this.#takeAll('urgent'));
    await Promise.all([...takers, ...urgentTakers]);
  }

  async #takeAll(least: Priority): Promise<void> {
    const { queue } = this.#options;
    for (let key = await queue.take(least); key !== undefined; key = await queue.take(least)) {
      try {
        await this.#handle(key);
      } finally {
        queue.done(key);
      }
      // A reconcile that finds nothing to do awaits nothing of the outside: thousands of them in a row would keep watches,
      // the lease and probes waiting until the last one is done.
      await nextTurn();
    }
  }

  async #handle(key: string): Promise<void> {
    const turn = { key, id: randomUUID() };
    const started = performance.now();
    const { result, error } = await this.#reconcile(turn);
    try {
      this.#options.onResult(turn, result, (performance.now() - started) / 1000, error);
    } catch {
      /* A log or a metric that cannot be written: there is nowhere left to tell, and a taker less for good is worse. */
    }
  }

  async #reconcile(turn: Turn): Promise<Ended> {
    const { queue, reconcile } = this.#options;
    try {
      const outcome = await reconcile(turn);
      queue.succeeded(turn.key);
      switch (outcome.kind) {
        case 'done':
          return { result: 'success' };
        case 'requeue':
          queue.addAfter(turn.key, outcome.afterMs);
          return { result: 'requeue_after' };
      }
    } catch (error) {
      if (isConflict(error)) {
        queue.again(turn.key, afterConflictMs);
        return { result: 'conflict', error };
      }
      queue.retry(turn.key);
      return { result: 'error', error };
    }
  }
}
