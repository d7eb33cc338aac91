// The one way in: every request to the operator comes through here, and none can throw through it. What is served is a handler,
// which sees parsed requests only.
import {
  createServer,
  STATUS_CODES,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { Connections } from './connections.ts';

export interface Request {
  readonly method: 'GET' | 'HEAD';
  /** As it was sent, beginning with a slash; nothing is decoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<IncomingHttpHeaders>;
  /** IP address that the request comes from. */
  readonly from: string;
}

export interface Answer {
  readonly status: number;
  /** Media type. */
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What it throws is reported and answered with 500. */
export type Handler = (request: Request) => Answer | Promise<Answer>;

export interface ServerOptions {
  readonly port: number;
  /** Default: all addresses */
  readonly host?: string;
  /** In PEM; without it the server speaks plain HTTP. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer };
  readonly handler: Handler;
  readonly onError: (error: unknown) => void;
}

export const plain = (status: number, body: string): Answer => ({ status, type: 'text/plain; charset=utf-8', body });

/** Probes and scrapers are few, small and quick; anything else must not take memory or sockets from the operator. */
const limits = {
  maxHeaderSize: 16_384,
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5_000,
  /** Only so often are the limits above looked at. */
  connectionsCheckingInterval: 1_000,
  /** Of TLS. */
  handshakeTimeout: 5_000,
};
/** A connection on which nothing moves, longer than a CPU profile takes. */
const idleMs = 90_000;
const mostConnections = 64;

/**
 * Path and query of a request's target (RFC 9112, 3.2): `/path?query`, or the same after a scheme and an authority. Undefined for
 * everything else.
 */
export function parseTarget(target: string): Pick<Request, 'path' | 'query'> | undefined {
  const [, origin = target] = /^https?:\/\/[^/?#]+(.*)$/is.exec(target) ?? [];
  const local = origin === '' || origin.startsWith('?') ? `/${origin}` : origin;
  if (!local.startsWith('/')) return undefined;
  const at = local.indexOf('?');
  const [path, query] = at === -1 ? [local, ''] : [local.slice(0, at), local.slice(at + 1)];
  return { path, query: new URLSearchParams(query) };
}

const notAllowed: Answer = { ...plain(405, 'only GET and HEAD are answered\n'), headers: { allow: 'GET, HEAD' } };

async function answer({ method, url = '', headers, socket }: IncomingMessage, handler: Handler): Promise<Answer> {
  if (method !== 'GET' && method !== 'HEAD') return notAllowed;
  const target = parseTarget(url);
  return target === undefined
    ? plain(400, 'the target is no path\n')
    : handler({ method, ...target, headers, from: socket.remoteAddress ?? '' });
}

function headersOf({ type, body, headers }: Answer): Record<string, string | number> {
  return { ...headers, 'content-type': type, 'content-length': Buffer.byteLength(body), 'cache-control': 'no-store' };
}

async function respond(request: IncomingMessage, response: ServerResponse, options: ServerOptions): Promise<void> {
  try {
    const given = await answer(request, options.handler);
    // A body that nobody reads would stand before the next request.
    if (!request.complete) response.setHeader('connection', 'close');
    response.writeHead(given.status, headersOf(given)).end(given.body);
  } catch (error) {
    options.onError(error);
    const failed = plain(500, 'the operator failed at this request; its log tells why\n');
    if (response.headersSent) response.destroy();
    else response.writeHead(failed.status, headersOf(failed)).end(failed.body);
  }
}

/** For CONNECT, whose connection is nobody's any more. */
function refuse(socket: Duplex): void {
  const { status, body } = notAllowed;
  const lines = Object.entries({ ...headersOf(notAllowed), connection: 'close' }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  socket.on('error', () => socket.destroy());
  socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n'));
}

/** Resolves once the port listens. @throws Error when it cannot */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { port, host, tls, onError } = options;
  const connections = new Connections(mostConnections);
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const done = connections.busy(request.socket);
    response.on('close', done).on('error', onError);
    void respond(request, response, options).catch(onError);
  };
  const server = tls === undefined ? createServer(limits, listener) : createTlsServer({ ...limits, ...tls }, listener);
  server.on('connection', (socket) => connections.add(socket));
  server.on('connect', (_, socket) => refuse(socket));
  server.setTimeout(idleMs);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, ...(host !== undefined && { host }) }, resolve);
  });
  // No more file descriptors, for one: that passes.
  server.removeAllListeners('error').on('error', onError);
  return server;
}
