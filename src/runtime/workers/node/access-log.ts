// One line of the access log, as the Node worker writes it; ../python/appserver_worker/access_log.py writes the same.
import type { AccessLogFormat } from '../../shared/shared-memory-layout.ts';

export interface RequestRecord {
  readonly worker: number;
  readonly pid: number;
  /** ISO 8601. */
  readonly time: string;
  readonly id: string | undefined;
  readonly traceparent: string | undefined;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** undefined when it is not known */
  readonly bytes: number | undefined;
  readonly ms: number;
  readonly remote: string;
  readonly userAgent: string | undefined;
}

const maxField = 1_024;
const statusColour: Record<string, number> = { 2: 32, 3: 36, 4: 33, 5: 31 };

function cut(value: string | undefined): string | undefined {
  return value?.slice(0, maxField);
}

/** Escaped, as nothing that a client sends may act on a terminal. */
function plain(value: string): string {
  return JSON.stringify(value.slice(0, maxField)).slice(1, -1);
}

function json(of: RequestRecord): string {
  const { worker, pid, time } = of;
  const request = {
    id: cut(of.id),
    traceparent: cut(of.traceparent),
    method: cut(of.method),
    path: cut(of.path),
    status: of.status,
    bytes: of.bytes,
    ms: of.ms,
    remote: of.remote,
    userAgent: cut(of.userAgent),
  };
  return JSON.stringify({ level: 'info', time, worker, pid, request, msg: 'request' });
}

function ecs(of: RequestRecord): string {
  const [, traceId, spanId, flags] = of.traceparent?.split('-') ?? [];
  return JSON.stringify({
    '@timestamp': of.time,
    'log.level': 'info',
    message: 'request',
    'ecs.version': '9.4.0',
    'event.dataset': 'appserver.access',
    'event.duration': Math.round(of.ms * 1e6),
    'http.request.method': of.method,
    'url.path': cut(of.path),
    'http.response.status_code': of.status,
    'client.address': of.remote,
    'process.pid': of.pid,
    labels: { worker: String(of.worker) },
    'http.response.body.bytes': of.bytes,
    'http.request.id': cut(of.id),
    'user_agent.original': cut(of.userAgent),
    ...(flags === undefined ? {} : { 'trace.id': traceId, 'span.id': spanId }),
  });
}

function text(of: RequestRecord, colour: boolean): string {
  const code = statusColour[String(of.status)[0] ?? ''] ?? 39;
  const status = colour ? `\u001B[${code}m${of.status}\u001B[39m` : String(of.status);
  const id = of.id === undefined ? '' : ` id=${plain(of.id)}`;
  return `${of.time} REQUEST ${of.method} ${plain(of.path)} ${status} ${of.bytes ?? '-'} ${of.ms.toFixed(1)}ms ${of.remote}${id} worker=${of.worker}`;
}

/** Without its newline. */
export function requestLine(of: RequestRecord, format: Exclude<AccessLogFormat, 'off'>): string {
  switch (format) {
    case 'json':
      return json(of);
    case 'ecs':
      return ecs(of);
    case 'text':
      return text(of, false);
    case 'colour':
      return text(of, true);
  }
}
