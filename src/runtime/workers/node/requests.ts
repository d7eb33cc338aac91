// Counts the requests of every server of the application, logs them, and makes answers close their connections once this
// worker or its pod ends. Node announces requests itself: nothing of the application is changed for it.
import { subscribe } from 'node:diagnostics_channel';
import { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:net';
import { requestLine } from './access-log.ts';
import { LogLines } from './log-lines.ts';
import type { Progress } from './progress.ts';
import { requestId } from './request-id.ts';
import type { Begun, WorkerRow } from './row.ts';
import { eachStream } from './streams.ts';
import { TrustedProxies } from './trusted-proxies.ts';

export interface RequestOptions {
  readonly row: WorkerRow;
  readonly progress: Progress;
  /** Of the worker. */
  readonly id: number;
  readonly logFd: number;
  readonly trustedProxies: readonly string[];
}

/** What the access log tells of a request, whatever its protocol. */
interface Logged {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly method: string;
  readonly status: number;
  readonly bytes: number | undefined;
  /** Where the connection comes from; undefined for a unix socket. */
  readonly peer: string | undefined;
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

/** The page from which the request comes has a query of its own. */
function refererOf(referer: string | undefined, withQuery: boolean): string | undefined {
  const mark = withQuery ? -1 : (referer?.indexOf('?') ?? -1);
  return mark < 0 ? referer : referer?.slice(0, mark);
}

/** What the answer's head says: Node keeps its text, but no list of headers that were given to writeHead(). */
function bodyBytes(response: ServerResponse): number | undefined {
  const head: unknown = '_header' in response ? response._header : undefined;
  const [, length] = (typeof head === 'string' && /^content-length: (\d+)/im.exec(head)) || [];
  return length === undefined ? undefined : Number(length);
}

const inHand = Symbol('appserver.inHand');

type Watched = ServerResponse & { [inHand]?: Begun | undefined };

interface Start {
  readonly request: IncomingMessage;
  readonly response: Watched;
}

/** What Node publishes when a request begins. */
function isStart(message: unknown): message is Start {
  if (typeof message !== 'object' || message === null || !('request' in message) || !('response' in message))
    return false;
  return message.request instanceof IncomingMessage && message.response instanceof ServerResponse;
}

/** Writes the line of a request that is over. */
function accessLog({
  row,
  id,
  logFd,
  trustedProxies,
}: Omit<RequestOptions, 'progress'>): (of: Logged, begun: Begun, seconds: number) => void {
  const lines = new LogLines(logFd);
  const trusted = new TrustedProxies(trustedProxies);
  return ({ headers, method, status, bytes, peer }: Logged, { path, query }: Begun, seconds: number): void => {
    const format = row.accessLog;
    if (format === 'off') return;
    const line = requestLine(
      {
        worker: id,
        pid: process.pid,
        time: new Date().toISOString(),
        id: single(headers['x-request-id']),
        traceparent: single(headers['traceparent']),
        method,
        path,
        query,
        status,
        bytes,
        ms: Math.round(seconds * 1e6) / 1e3,
        remote: trusted.client(peer, headers['x-forwarded-for']),
        host: single(headers['host'] ?? headers[':authority']),
        referer: refererOf(single(headers['referer']), row.accessLogQuery),
        userAgent: single(headers['user-agent']),
      },
      format,
    );
    lines.write(line);
  };
}

/** @returns what counts the requests of a server of HTTP/2, which Node does not announce in all versions */
export function watchRequests({ row, progress, ...options }: RequestOptions): (server: Server) => void {
  const log = accessLog({ row, ...options });

  // One function for all answers, and what it needs on the answer itself: a closure a request costs more than the rest.
  function ended(this: Watched): void {
    const { [inHand]: begun } = this;
    if (begun === undefined) return;
    this[inHand] = undefined;
    const seconds = row.end(begun, this.headersSent ? this.statusCode : 0);
    if (row.accessLog === 'off') return;
    const { headers, method = '', socket } = this.req;
    const logged = { headers, method, status: this.statusCode, bytes: bodyBytes(this), peer: socket.remoteAddress };
    log(logged, begun, seconds);
  }

  subscribe('http.server.request.start', (message) => {
    if (!isStart(message)) return;
    const { request, response } = message;
    if (row.accessLog !== 'off') request.headers['x-request-id'] ??= requestId();
    if (row.draining || row.retiring) response.shouldKeepAlive = false;
    const begun = row.begin(request.method ?? '', request.url ?? '');
    response[inHand] = begun;
    progress.follow(begun, response);
    response.on('close', ended);
  });

  return eachStream((stream, headers) => {
    if (row.accessLog !== 'off') headers['x-request-id'] ??= requestId();
    const { ':method': method = '', ':path': path = '' } = headers;
    const begun = row.begin(method, path);
    progress.follow(begun, stream);
    const peer = stream.session?.socket.remoteAddress;
    stream.once('close', () => {
      const { ':status': status = 0, 'content-length': length } = stream.sentHeaders ?? {};
      const seconds = row.end(begun, status);
      const bytes = length === undefined ? undefined : Number(length);
      log({ headers, method, status, bytes, peer }, begun, seconds);
    });
  });
}
