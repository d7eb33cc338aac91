// What of a request's time counts against workers.requestTimeout, for Node applications.
import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { nodeApplications } from '../runtime/plain-node.ts';
import { Runtime, skip } from '../runtime/runtime-process.ts';

const handler = `
const { PORT } = process.env;
const handler = async (request, response) => {
  if (request.url === '/stream') {
    response.writeHead(200);
    for (let i = 0; i < 8; i++) { response.write('.'); await new Promise((next) => setTimeout(next, 500)); }
    return response.end();
  }
  if (request.url === '/upload') {
    let length = 0;
    for await (const chunk of request) length += chunk.length;
    return response.end(String(length));
  }
  if (request.url === '/events') {
    let length = 0;
    return request.on('data', (chunk) => (length += chunk.length)).on('end', () => response.end(String(length)));
  }
  if (request.url === '/deaf') return undefined;
  if (request.url === '/stuck') { request.resume(); return undefined; }
  response.end('ok');
};
`;

const root = nodeApplications({
  'http.cjs': `${handler} require('node:http').createServer(handler).listen(PORT);`,
  'h2c.cjs': `${handler} require('node:http2').createServer(handler).listen(PORT);`,
});

const start = (file: string): Promise<Runtime> =>
  Runtime.ready({
    root,
    app: { node: file },
    live: { workers: { count: 1, requestTimeout: '1s', gracefulTimeout: '1s' } },
  });

/** Two bytes a second. */
const pieces = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

async function slowly(stream: NodeJS.WritableStream): Promise<void> {
  for (const piece of pieces) {
    stream.write(piece);
    await delay(500);
  }
  stream.end();
}

async function text(stream: AsyncIterable<unknown>): Promise<string> {
  let all = '';
  for await (const chunk of stream) all += String(chunk);
  return all;
}

function upload(runtime: Runtime, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(runtime.url(path), { method: 'POST' }, (response) => resolve(text(response)));
    request.on('error', reject);
    void slowly(request);
  });
}

async function overHttp2(runtime: Runtime, path: string, body: boolean): Promise<string> {
  const session = connectHttp2(`http://127.0.0.1:${runtime.port}`);
  const stream = session.request({ ':path': path, ':method': body ? 'POST' : 'GET' });
  if (body) void slowly(stream);
  const answer = await text(stream);
  session.close();
  return answer;
}

/** Each takes more than three times the limit. */
const fine: Readonly<Record<string, [file: string, get: (runtime: Runtime) => Promise<string>, answer: string]>> = {
  'an answer that has begun': ['http.cjs', async (runtime) => (await fetch(runtime.url('/stream'))).text(), '........'],
  'an answer that has begun, of HTTP/2': ['h2c.cjs', (runtime) => overHttp2(runtime, '/stream', false), '........'],
  'an upload by a slow client': ['http.cjs', (runtime) => upload(runtime, '/upload'), '7'],
  'an upload by a slow client, by events': ['http.cjs', (runtime) => upload(runtime, '/events'), '7'],
  'an upload by a slow client, of HTTP/2': ['h2c.cjs', (runtime) => overHttp2(runtime, '/upload', true), '7'],
};

describe('the request timeout', { skip, concurrency: 4 }, () => {
  for (const [name, [file, get, answer]] of Object.entries(fine)) {
    test(`leaves ${name} alone`, async () => {
      await using runtime = await start(file);
      assert.equal(await get(runtime), answer);
      const { replaced, requestTimeouts } = await runtime.status();
      assert.deepEqual({ replaced, requestTimeouts }, { replaced: {}, requestTimeouts: 0 });
    });
  }

  for (const path of ['/stuck', '/deaf']) {
    test(`replaces a worker with a request that is not answered: ${path}`, async () => {
      await using runtime = await start('http.cjs');
      const socket = connect(runtime.port, '127.0.0.1').on('error', () => undefined);
      // All of it for the one that reads, and not all for the one that does not.
      socket.write(`POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: ${path === '/stuck' ? 1 : 2}\r\n\r\na`);
      await runtime.until('replaced', async () => (await runtime.status()).replaced['overdue'] === 1);
      socket.destroy();
    });
  }
});
