// One request as raw bytes, and what comes back.
import { connect } from 'node:net';

export interface Answer {
  /** 0 where there is none. */
  readonly status: number;
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** In latin-1, without the framing of chunks; with whatever comes behind it where the server closes. */
  readonly body: string;
}

/** After this time without an answer the client has no more to say. */
const quietMs = 2_000;
const longestMs = 20_000;

function headersOf(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
}

/** The answer, once it is complete. `closed`: nothing more comes. */
function parseAnswer(received: string, closed: boolean): Answer | undefined {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return closed ? { status: 0, headers: {}, body: '' } : undefined;
  const [first = '', ...lines] = received.slice(0, end).split('\r\n');
  const status = Number(first.split(' ')[1]);
  const rest = received.slice(end + 4);
  if (status < 200) return parseAnswer(rest, closed);
  const headers = headersOf(lines);
  const body = bodyOf(status, headers, rest, closed);
  return body === undefined ? undefined : { status, headers, body };
}

function bodyOf(
  status: number,
  headers: Readonly<Record<string, string>>,
  rest: string,
  closed: boolean,
): string | undefined {
  if (headers['transfer-encoding'] === 'chunked') return dechunk(rest) ?? (closed ? `incomplete: ${rest}` : undefined);
  if (status === 204 || status === 304) return rest;
  const length = headers['content-length'];
  // What comes behind it belongs to the next answer of a kept connection, and to this one of another.
  if (length === undefined || headers['connection'] === 'close') return closed ? rest : undefined;
  return closed || rest.length >= Number(length) ? rest.slice(0, Number(length)) : undefined;
}

function dechunk(text: string): string | undefined {
  let body = '';
  for (let rest = text; ;) {
    const end = rest.indexOf('\r\n');
    if (end < 0) return undefined;
    const size = Number.parseInt(rest.slice(0, end), 16);
    const start = end + 2;
    if (rest.length < start + size + 2) return undefined;
    if (size === 0) return body + rest.slice(start + 2);
    body += rest.slice(start, start + size);
    rest = rest.slice(start + size + 2);
  }
}

export function exchange(port: number, request: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    let received = '';
    const quiet = setTimeout(() => socket.end(), quietMs);
    const longest = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no end of the answer within ${longestMs} ms, but: ${received}`));
    }, longestMs);
    const look = (closed: boolean): void => {
      const answer = parseAnswer(received, closed);
      if (answer === undefined) return;
      clearTimeout(quiet);
      clearTimeout(longest);
      socket.destroy();
      resolve(answer);
    };
    socket.setEncoding('latin1');
    socket.on('connect', () => socket.write(request));
    socket.on('data', (chunk: string) => {
      received += chunk;
      look(false);
    });
    socket.on('end', () => look(true));
    // A server that has closed before it has read all resets the connection; what it had said may be lost by that.
    socket.on('error', () => look(true));
  });
}
