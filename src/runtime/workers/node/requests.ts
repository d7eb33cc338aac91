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

export interface RequestOptions {
  readonly row: WorkerRow;
  readonly progress: Progress;
  readonly worker: number;
  readonly logFd: number;
}

/** What the access log tells of a request, whatever its protocol. */
interface Logged {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly method: string;
  readonly status: number;
  readonly bytes: number | undefined;
  readonly remote: string | undefined;
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
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

/** @returns what counts the requests of a server of HTTP/2, which Node does not announce in all versions */
export function watchRequests({ row, progress, worker, logFd }: RequestOptions): (server: Server) => void {
  const lines = new LogLines(logFd);
  const log = ({ headers, method, status, bytes, remote }: Logged, { path }: Begun, seconds: number): void => {
    const format = row.accessLog;
    if (format === 'off') return;
    const line = requestLine(
      {
        worker,
        pid: process.pid,
        time: new Date().toISOString(),
        id: single(headers['x-request-id']),
        traceparent: single(headers['traceparent']),
        method,
        path,
        status,
        bytes,
        ms: Math.round(seconds * 1e6) / 1e3,
        remote: remote ?? '',
        userAgent: single(headers['user-agent']),
      },
      format,
    );
    lines.write(line);
  };

  // One function for all answers, and what it needs on the answer itself: a closure a request costs more than the rest.
  function ended(this: Watched): void {
    const { [inHand]: begun } = this;
    if (begun === undefined) return;
    this[inHand] = undefined;
    const seconds = row.end(begun, this.headersSent ? this.statusCode : 0);
    if (row.accessLog === 'off') return;
    const { headers, method = '', socket } = this.req;
    const logged = { headers, method, status: this.statusCode, bytes: bodyBytes(this), remote: socket.remoteAddress };
    log(logged, begun, seconds);
  }

  subscribe('http.server.request.start', (message) => {
    if (!isStart(message)) return;
    const { request, response } = message;
    if (row.accessLog !== 'off') request.headers['x-request-id'] ??= requestId();
    if (row.draining || row.retiring) response.shouldKeepAlive = false;
    const begun = row.begin(request.method ?? '', pathOf(request.url ?? ''));
    response[inHand] = begun;
    progress.follow(begun, response);
    response.on('close', ended);
  });

  return eachStream((stream, headers) => {
    if (row.accessLog !== 'off') headers['x-request-id'] ??= requestId();
    const { ':method': method = '', ':path': path = '' } = headers;
    const begun = row.begin(method, pathOf(path));
    progress.follow(begun, stream);
    const remote = stream.session?.socket.remoteAddress;
    stream.once('close', () => {
      const { ':status': status = 0, 'content-length': length } = stream.sentHeaders ?? {};
      const seconds = row.end(begun, status);
      const bytes = length === undefined ? undefined : Number(length);
      log({ headers, method, status, bytes, remote }, begun, seconds);
    });
  });
}
