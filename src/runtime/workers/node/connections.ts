// The open connections of the application's servers, and the end of those that nothing is in flight on.
import type { Server, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { WorkerRow } from './row.ts';
import { eachSession, type Session } from './streams.ts';

/** So long a new connection may take to send the first byte of a request, before it counts as idle. */
const freshMs = 2_000;
/** The highest number of a stream: the client may still begin all that it likes. */
const anyStream = 2 ** 31 - 1;

interface ClosesIdle {
  closeIdleConnections(): void;
}

function closesIdle(server: Server): server is Server & ClosesIdle {
  return 'closeIdleConnections' in server && typeof server.closeIdleConnections === 'function';
}

export class Connections {
  readonly #row: WorkerRow;
  readonly #now: () => number;
  /** With whether they listen on the inherited sockets. */
  readonly #servers = new Map<Server, boolean>();
  readonly #open = new Set<Socket>();
  /** Of those, how many came by the inherited sockets. */
  #inherited = 0;
  /** Of HTTP/1, those that have perhaps not sent anything yet, with the time since when they could, in milliseconds. */
  readonly #fresh = new Map<Socket, number>();
  readonly #sessions = new Set<Session>();
  #noticed = false;

  /** @param now milliseconds of a clock */
  constructor(row: WorkerRow, now: () => number) {
    this.#row = row;
    this.#now = now;
  }

  get size(): number {
    return this.#open.size;
  }

  /** @param inherited whether what it accepts is counted for the supervisor and the other workers */
  watch(server: Server, inherited: boolean): void {
    const again = this.#servers.has(server);
    this.#servers.set(server, inherited);
    if (again) return;
    const http1 = closesIdle(server);
    server.prependListener('connection', (socket: Socket) => {
      this.#opened(socket, this.#servers.get(server) ?? false);
      if (http1) this.#freshOne(socket);
    });
    // Of the bytes of such a socket, only those count that were encrypted.
    server.prependListener('secureConnection', (socket: TLSSocket) => {
      if (http1 && socket.alpnProtocol !== 'h2') this.#freshOne(socket);
    });
    eachSession(server, (session) => {
      this.#sessions.add(session);
      session.once('close', () => this.#sessions.delete(session));
    });
  }

  /** Tells clients of HTTP/2 to go elsewhere with what they have not begun; what is on its way is answered. */
  notice(): void {
    if (this.#noticed) return;
    this.#noticed = true;
    for (const session of this.#sessions) if (!session.destroyed) session.goaway(0, anyStream);
  }

  /** Connections that nothing is in flight on; those of protocols that are not known are left alone. */
  closeIdle(): void {
    for (const session of this.#sessions) session.close();
    const young = this.#closeFresh();
    // Some versions of Node take one that has not sent anything for idle, and it may have come a moment ago.
    if (young) return;
    for (const server of this.#servers.keys()) if (closesIdle(server)) server.closeIdleConnections();
  }

  /** @returns whether one is left that may still send a request */
  #closeFresh(): boolean {
    const now = this.#now();
    for (const [socket, since] of this.#fresh) {
      if (socket.bytesRead > 0 || socket.destroyed) this.#fresh.delete(socket);
      else if (now - since >= freshMs) socket.destroy();
    }
    return this.#fresh.size > 0;
  }

  #freshOne(socket: Socket): void {
    this.#fresh.set(socket, this.#now());
    socket.once('close', () => this.#fresh.delete(socket));
  }

  #opened(socket: Socket, inherited: boolean): void {
    this.#open.add(socket);
    this.#count(inherited ? 1 : 0);
    socket.once('close', () => {
      this.#open.delete(socket);
      this.#count(inherited ? -1 : 0);
    });
  }

  #count(change: number): void {
    this.#inherited += change;
    this.#row.connections = this.#inherited;
  }
}
