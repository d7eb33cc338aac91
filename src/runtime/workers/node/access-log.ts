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
  /** undefined when it is not wanted */
  readonly query: string | undefined;
  readonly status: number;
  /** undefined when it is not known */
  readonly bytes: number | undefined;
  readonly ms: number;
  /** The client's address. */
  readonly remote: string;
  readonly host: string | undefined;
  readonly referer: string | undefined;
  readonly userAgent: string | undefined;
}

/** A pipe takes up to so many bytes as one, and a line that is cut is no JSON: fields are cut instead, the longer ones first. */
const maxLineBytes = 4_095;
/** Of each field, in characters. With the last of them any line fits. */
const maxFields = [1_024, 512, 256, 128, 64, 32] as const;
const statusColour: Record<string, number> = { 2: 32, 3: 36, 4: 33, 5: 31 };

/** Escaped, as nothing that a client sends may act on a terminal. */
function plain(value: string): string {
  return JSON.stringify(value)
    .slice(1, -1)
    .replaceAll(/[^ -~]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function json(of: RequestRecord): string {
  const { worker, pid, time } = of;
  const request = {
    id: of.id,
    traceparent: of.traceparent,
    method: of.method,
    path: of.path,
    query: of.query,
    status: of.status,
    bytes: of.bytes,
    ms: of.ms,
    remote: of.remote,
    host: of.host,
    referer: of.referer,
    userAgent: of.userAgent,
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
    'url.path': of.path,
    'url.query': of.query,
    'url.domain': of.host?.replace(/:\d*$/, ''),
    'http.request.referrer': of.referer,
    'http.response.status_code': of.status,
    'client.address': of.remote,
    'process.pid': of.pid,
    labels: { worker: String(of.worker) },
    'http.response.body.bytes': of.bytes,
    'http.request.id': of.id,
    'user_agent.original': of.userAgent,
    ...(flags === undefined ? {} : { 'trace.id': traceId, 'span.id': spanId }),
  });
}

const target = ({ path, query }: RequestRecord): string => (query === undefined ? path : `${path}?${query}`);

/** In the columns of the runtime's own lines; see ../../text/pretty-line.ts. */
function text(of: RequestRecord, colour: boolean): string {
  const code = statusColour[String(of.status)[0] ?? ''] ?? 39;
  const paint = (one: string | number, colourCode: number): string =>
    colour ? `\u001B[${colourCode}m${one}\u001B[39m` : `${one}`;
  const id = of.id === undefined ? '' : ` id=${plain(of.id)}`;
  const start = `${of.time} ${paint('INFO ', 32)} ${String(of.worker).padStart(3)}`;
  return `${start} ${plain(of.method)} ${plain(target(of))} ${paint(of.status, code)} ${of.bytes ?? '-'} ${of.ms.toFixed(1)}ms ${plain(of.remote)}${id}`;
}

function line(of: RequestRecord, format: Exclude<AccessLogFormat, 'off'>): string {
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

function shortened(of: RequestRecord, length: number): RequestRecord {
  const cut = (value: string): string => value.slice(0, length);
  return {
    ...of,
    id: of.id && cut(of.id),
    traceparent: of.traceparent && cut(of.traceparent),
    method: cut(of.method),
    path: cut(of.path),
    query: of.query && cut(of.query),
    remote: cut(of.remote),
    host: of.host && cut(of.host),
    referer: of.referer && cut(of.referer),
    userAgent: of.userAgent && cut(of.userAgent),
  };
}

/** Without its newline. */
export function requestLine(of: RequestRecord, format: Exclude<AccessLogFormat, 'off'>): string {
  let written = '';
  for (const length of maxFields) {
    written = line(shortened(of, length), format);
    if (Buffer.byteLength(written) <= maxLineBytes) break;
  }
  return written;
}
