// The end of a worker, in order: no new connections, answers that close theirs, idle connections closed, and when nothing
// is left the application's own handlers of TERM, which then find nothing in hand.
import { Server as HttpServer } from 'node:http';
import { Server, type Socket } from 'node:net';
import type { WorkerRow } from './row.ts';

/** How long a worker that retires alone keeps connections open that clients were told are kept. */
const lingerMs = 2_000;
/** So long before the supervisor's deadline what is left is closed. */
const closingMs = 1_500;

/** Watches for the supervisor's word; `tick` is to be called some times a second. */
export class Retirement {
  readonly #row: WorkerRow;
  readonly #gracefulMs: number;
  readonly #servers = new Set<Server>();
  readonly #connections = new Set<Socket>();
  #since: number | undefined;
  #ended = false;

  constructor(row: WorkerRow, gracefulMs: number) {
    this.#row = row;
    this.#gracefulMs = gracefulMs;
  }

  watch(server: Server): void {
    this.#servers.add(server);
    server.prependListener('connection', (socket: Socket) => {
      this.#connections.add(socket);
      this.#row.connections = this.#connections.size;
      socket.once('close', () => {
        this.#connections.delete(socket);
        this.#row.connections = this.#connections.size;
      });
    });
  }

  /** @param now milliseconds */
  tick(now: number): void {
    if (this.#ended || !this.#row.retiring) return;
    if (this.#since === undefined) {
      this.#since = now;
      for (const server of this.#servers) stopAccepting(server);
    }
    const spent = now - this.#since;
    if (spent >= (this.#row.draining ? 0 : lingerMs)) {
      for (const server of this.#servers) if (server instanceof HttpServer) server.closeIdleConnections();
    }
    const deadline = this.#gracefulMs - Math.min(closingMs, this.#gracefulMs / 2);
    if (this.#connections.size === 0 || spent >= deadline) this.#end();
  }

  #end(): void {
    this.#ended = true;
    if (process.listenerCount('SIGTERM') > 0) process.kill(process.pid, 'SIGTERM');
    else process.exit(0);
  }
}

/** The way of plain servers: that of HTTP servers closes idle connections too, under clients that may be using them. */
function stopAccepting(server: Server): void {
  Server.prototype.close.call(server);
}
