// The end of a worker, in order: no new connections, answers that close theirs, idle connections closed, and once nothing is
// left TERM, of which the application makes what it makes of it in plain Node. All before is invisible to it.
import type { Connections } from './connections.ts';
import type { ListeningSockets } from './listen.ts';
import type { WorkerRow } from './row.ts';

/** How long a worker that retires alone keeps connections open that clients were told are kept. */
const lingerMs = 2_000;
/** So long before the supervisor's deadline the application gets TERM, whatever is left. */
const closingMs = 1_500;

export interface RetirementOptions {
  readonly row: WorkerRow;
  readonly gracefulMs: number;
  readonly sockets: ListeningSockets;
  readonly connections: Connections;
}

/** Watches for the supervisor's word; `tick` is to be called some times a second. */
export class Retirement {
  readonly #options: RetirementOptions;
  #since: number | undefined;
  #ended = false;

  constructor(options: RetirementOptions) {
    this.#options = options;
  }

  /** @param now milliseconds */
  tick(now: number): void {
    const { row, gracefulMs, sockets, connections } = this.#options;
    if (row.draining) connections.notice();
    if (this.#ended || !row.retiring) return;
    if (this.#since === undefined) {
      this.#since = now;
      sockets.stop();
      connections.notice();
    }
    const spent = now - this.#since;
    if (spent >= (row.draining ? 0 : lingerMs)) connections.closeIdle();
    const deadline = gracefulMs - Math.min(closingMs, gracefulMs / 2);
    if (connections.size === 0 || spent >= deadline) this.#end();
  }

  #end(): void {
    this.#ended = true;
    if (process.listenerCount('SIGTERM') > 0) process.kill(process.pid, 'SIGTERM');
    else process.exit(0);
  }
}
