// What strangers send to an HTTP server: by hand, and by chance.
import fc from 'fast-check';
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** Opens a connection to the server. */
export type Connect = () => Socket;

export const plainly = (where: NetConnectOpts): Connect => {
  return () => connect(where);
};
export const overTls = (port: number): Connect => {
  return () => connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
};

/**
 * Sends the bytes and returns what was answered until the connection was closed.
 * @param then whether nothing more is sent, or the other side is waited for
 */
export function exchange(open: Connect, bytes: string | Uint8Array, then: 'end' | 'wait' = 'end'): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = open();
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    // A server may cut off what it does not like.
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
    if (then === 'end') socket.end(bytes);
    else socket.write(bytes);
  });
}

const get = (target: string, ...headers: string[]): string =>
  [`GET ${target} HTTP/1.1`, 'Host: x', 'Connection: close', ...headers, '', ''].join('\r\n');

/** By what they are. */
export const hostileRequests: Readonly<Record<string, string>> = {
  'a target of two slashes': get('//'),
  'a target with an authority and no scheme': get('//evil.test/livez'),
  'an absolute target that is no URL': get('http://['),
  'an absolute target with a port that is none': get('http://x:99999999/livez'),
  'a star': get('*'),
  'no target': 'GET  HTTP/1.1\r\nHost: x\r\n\r\n',
  'a target that is an escape cut short': get('/%'),
  'a target with an escape that is no UTF-8': get('/%ff%fe'),
  'a target with a null byte': get('/\0'),
  'a target in bytes that are no ASCII': get('/\u00e4\u00ff'),
  'a query that is an escape cut short': get('/livez?%=%&seconds=%zz'),
  'a question mark alone': get('?'),
  'a long target': get(`/${'a'.repeat(100_000)}`),
  'a long header': get('/', `X: ${'a'.repeat(100_000)}`),
  'many headers': get('/', ...Array.from({ length: 5_000 }, (_, i) => `X-${i}: 1`)),
  'a header without a name': get('/', ': x'),
  'a header with a null byte': get('/', 'X: \0'),
  'two lengths': get('/', 'Content-Length: 1', 'Content-Length: 2'),
  'a length that is none': get('/', 'Content-Length: -1'),
  'a length and chunks': get('/', 'Content-Length: 5', 'Transfer-Encoding: chunked'),
  'chunks that are none': `${get('/', 'Transfer-Encoding: chunked')}zz\r\n\r\n`,
  'a chunk of endless length': `${get('/', 'Transfer-Encoding: chunked')}ffffffffffffffffff\r\n`,
  'a body that never comes': get('/', 'Content-Length: 1000000'),
  'an expectation': get('/', 'Expect: 100-continue'),
  'an expectation that nobody knows': get('/', 'Expect: rain'),
  CONNECT: 'CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n',
  'CONNECT to nothing': 'CONNECT / HTTP/1.1\r\nHost: x\r\n\r\n',
  'an upgrade to a WebSocket': get('/', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: x'),
  'an upgrade to HTTP/2': get('/', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AA'),
  'the preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  TRACE: 'TRACE / HTTP/1.1\r\nHost: x\r\n\r\n',
  'OPTIONS of everything': 'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n',
  'a method that nobody knows': 'BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n',
  'no host': 'GET / HTTP/1.1\r\n\r\n',
  'a host that is none': 'GET / HTTP/1.1\r\nHost: [\r\n\r\n',
  'HTTP/0.9': 'GET /\r\n\r\n',
  'HTTP/9.9': 'GET / HTTP/9.9\r\nHost: x\r\n\r\n',
  TLS: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  nothing: '',
  'many requests at once': get('/').replace('Connection: close\r\n', '').repeat(200),
};

const word = fc.constantFrom(
  ...[
    'GET',
    'POST',
    'CONNECT',
    'TRACE',
    'PRI',
    'get',
    '',
    '/',
    '//',
    '*',
    '?',
    '#',
    '%',
    '%00',
    '%2e%2e',
    'http://[',
    'http://',
  ],
  ...[
    'HTTP/1.1',
    'HTTP/1.0',
    'HTTP/2.0',
    ' ',
    '\t',
    '\r\n',
    '\n',
    '\r',
    '\r\n\r\n',
    ':',
    '\0',
    '\u00ff',
    'a'.repeat(20_000),
  ],
  ...['Host: x', 'Host: [', 'Content-Length: 5', 'Content-Length: 99999999999999999999', 'Transfer-Encoding: chunked'],
  ...[
    'Connection: upgrade',
    'Upgrade: websocket',
    'Expect: 100-continue',
    'Authorization: Bearer \u00e9',
    '/livez',
    '/status',
  ],
);

/** Bytes, requests put together of the wrong parts, and right ones with a byte or two of something else. */
export const anyBytes: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 500 }),
  fc.array(word, { maxLength: 12 }).map((words) => Buffer.from(words.join(''), 'latin1')),
  fc.array(word, { maxLength: 4 }).map((words) => Buffer.from(get(words.join('')), 'latin1')),
  fc.string({ unit: 'binary', maxLength: 60 }).map((target) => Buffer.from(get(target))),
  fc
    .tuple(
      fc.constantFrom(...Object.values(hostileRequests)),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }),
    )
    .map(([text, edits]) => {
      const bytes = Buffer.from(text.slice(0, 2_000), 'latin1');
      for (const [at, byte] of edits) if (bytes.length > 0) bytes[at % bytes.length] = byte;
      return bytes;
    }),
);
