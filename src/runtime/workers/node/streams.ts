// The requests of servers of HTTP/2.
import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Server } from 'node:net';

interface Stream extends Omit<ServerHttp2Stream, 'sentHeaders'> {
  /** Undefined before the answer. */
  readonly sentHeaders?: OutgoingHttpHeaders & { readonly ':status'?: number };
}

type Begins = (stream: Stream, headers: IncomingHttpHeaders) => void;

/** Of a session of HTTP/2; its module costs time at the start, and is the application's to load. */
export interface Session {
  readonly destroyed: boolean;
  goaway(code: number, lastStream: number): void;
  close(): void;
  once(event: 'close', listener: () => void): void;
  prependListener(event: 'stream', begins: Begins): void;
}

/** Servers of other protocols may have sessions too. */
function isSession(value: unknown): value is Session {
  return typeof value === 'object' && value !== null && 'goaway' in value && 'prependListener' in value;
}

export function eachSession(server: Server, begins: (session: Session) => void): void {
  server.prependListener('session', (session: unknown) => {
    if (isSession(session)) begins(session);
  });
}

/** @returns what is to be called with each server, once */
export function eachStream(begins: Begins): (server: Server) => void {
  return (server) => {
    eachSession(server, (session) => session.prependListener('stream', begins));
  };
}
