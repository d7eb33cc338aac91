// A process that waits for the next worker that it is to stand for: starting one takes longer than forking a worker, and a
// worker that has died need not wait for it.
import type { Child, Start } from '../host/host.ts';
import { startChild, type ChildCallbacks, type Spawning } from './child-process.ts';

interface Waiting {
  readonly child: Child;
  /** Who hears of it once it has been taken. */
  on: ChildCallbacks | undefined;
}

export class Standby {
  readonly #host: Spawning;
  readonly #command: () => Start;
  #waiting: Waiting | undefined;

  /** @param command does nothing before it is told on its stdin what */
  constructor(host: Spawning, command: () => Start) {
    this.#host = host;
    this.#command = command;
  }

  /** See that there is one. */
  prepare(): void {
    if (this.#waiting !== undefined) return;
    let waiting: Waiting | undefined;
    const gone = (): void => {
      if (this.#waiting === waiting) this.#waiting = undefined;
    };
    const child = startChild(this.#host, this.#command(), {
      spawned: () => undefined,
      // Nobody waits for it: the next worker is started without.
      failed: gone,
      notified: (line) => waiting?.on?.notified(line),
      output: (stream, line) => waiting?.on?.output(stream, line),
      exited: (code, signal) => {
        gone();
        waiting?.on?.exited(code, signal);
      },
    });
    if (child === undefined) return;
    waiting = { child, on: undefined };
    this.#waiting = waiting;
  }

  /** @returns undefined when there is none; nothing has been called then */
  take(on: ChildCallbacks): Child | undefined {
    const waiting = this.#waiting;
    if (waiting === undefined) return undefined;
    this.#waiting = undefined;
    waiting.on = on;
    on.spawned(waiting.child.pid);
    return waiting.child;
  }
}
