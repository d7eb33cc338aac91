// Takes keys from the queue and reconciles them, several at a time, never one key twice at once.
import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Priority, WorkQueue } from './queue.ts';

export type Outcome =
  | { readonly kind: 'done' }
  /** Nothing will tell when to look again, so look after this time. */
  | { readonly kind: 'recheck'; readonly afterMs: number; readonly why: string };

/** A failure that trying again cannot mend; only a change can. */
export class TerminalError extends Error {
  constructor(message: string, options?: { cause: unknown }) {
    super(message, options);
    this.name = 'TerminalError';
  }
}

export type Result = 'success' | 'requeue_after' | 'error' | 'terminal_error';

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
  /** Called after each reconcile. */
  readonly onResult: (turn: Turn, result: Result, seconds: number, error?: unknown) => void;
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
      await this.#handle(key);
      queue.done(key);
      // A reconcile that finds nothing to do awaits nothing of the outside: thousands of them in a row would keep watches,
      // the lease and probes waiting until the last one is done.
      await nextTurn();
    }
  }

  async #handle(key: string): Promise<void> {
    const { queue, reconcile, onResult } = this.#options;
    const turn = { key, id: randomUUID() };
    const started = performance.now();
    const seconds = (): number => (performance.now() - started) / 1000;
    try {
      const outcome = await reconcile(turn);
      queue.succeeded(key);
      switch (outcome.kind) {
        case 'done':
          return onResult(turn, 'success', seconds());
        case 'recheck':
          queue.addAfter(key, outcome.afterMs);
          return onResult(turn, 'requeue_after', seconds());
      }
    } catch (error) {
      if (error instanceof TerminalError) {
        queue.succeeded(key);
        return onResult(turn, 'terminal_error', seconds(), error);
      }
      queue.retry(key);
      onResult(turn, 'error', seconds(), error);
    }
  }
}
