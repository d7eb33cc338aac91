// Counts the requests of every HTTP server of the application, logs them, and makes answers close their connections once
// this worker or its pod ends. Node announces requests itself: nothing of the application is changed for it.
import { subscribe } from 'node:diagnostics_channel';
import { IncomingMessage, ServerResponse } from 'node:http';
import { requestLine } from './access-log.ts';
import { LogLines } from './log-lines.ts';
import { requestId } from './request-id.ts';
import type { Begun, WorkerRow } from './row.ts';

export interface RequestOptions {
  readonly row: WorkerRow;
  readonly worker: number;
  readonly logFd: number;
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

export function watchRequests({ row, worker, logFd }: RequestOptions): void {
  const lines = new LogLines(logFd);
  const log = (request: IncomingMessage, response: ServerResponse, { path }: Begun, seconds: number): void => {
    const format = row.accessLog;
    if (format === 'off') return;
    const line = requestLine(
      {
        worker,
        pid: process.pid,
        time: new Date().toISOString(),
        id: single(request.headers['x-request-id']),
        traceparent: single(request.headers['traceparent']),
        method: request.method ?? '',
        path,
        status: response.statusCode,
        bytes: bodyBytes(response),
        ms: Math.round(seconds * 1e6) / 1e3,
        remote: request.socket.remoteAddress ?? '',
        userAgent: request.headers['user-agent'],
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
    if (row.accessLog !== 'off') log(this.req, this, begun, seconds);
  }

  subscribe('http.server.request.start', (message) => {
    if (!isStart(message)) return;
    const { request, response } = message;
    if (row.accessLog !== 'off') request.headers['x-request-id'] ??= requestId();
    if (row.draining || row.retiring) response.shouldKeepAlive = false;
    response[inHand] = row.begin(request.method ?? '', pathOf(request.url ?? ''));
    response.on('close', ended);
  });
}
