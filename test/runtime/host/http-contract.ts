import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server as TcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Endpoint, Http, Limits, Request, Response, Server } from '../../../src/runtime/host/host.ts';
import { exchange, plainly, type Connect } from '../../hostile-http.ts';

const limits: Limits = { mostConnections: 64, requestMs: 5_000 };
const loopback: Endpoint = { host: '127.0.0.1', port: 0 };

const echo = ({ method, target }: Request): Promise<Response> =>
  Promise.resolve({
    status: 200,
    headers: { 'content-type': 'text/plain', 'x-own': 'a' },
    body: `${method} ${target} \u00e9`,
  });

const opener = ({ port }: Server): Connect => plainly({ port, host: '127.0.0.1' });

const ask = (open: Connect, target: string, method = 'GET'): Promise<string> =>
  exchange(open, `${method} ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`, 'wait');

const ignore = (): void => undefined;

/** Answers each connection with these bytes. */
async function peer(bytes: string, hold = false): Promise<{ server: TcpServer; at: Endpoint; heard: () => string }> {
  let heard = '';
  const server = createServer((socket) => {
    socket.on('error', ignore).on('data', (chunk: Buffer) => {
      heard += chunk.toString('latin1');
      if (!heard.endsWith('\r\n\r\n')) return;
      socket.write(bytes);
      if (!hold) socket.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return { server, at: { host: '127.0.0.1', port: address.port }, heard: () => heard };
}

export function httpContract({ http }: { readonly http: Http }): void {
  const dir = mkdtempSync(join(tmpdir(), 'appserver-host-'));
  after(() => rmSync(dir, { recursive: true }));

  describe('a server', () => {
    test('answers with status, headers, length and body, to HEAD without the body', async () => {
      const server = await http.serve(loopback, limits, echo, ignore);
      const got = await ask(opener(server), '/a?b=%20#c');
      assert.match(got, /^HTTP\/1\.1 200 OK\r\n/);
      assert.match(got, /\r\ncontent-type: text\/plain\r\n/i);
      assert.match(got, /\r\nx-own: a\r\n/i);
      assert.match(got, /\r\ncontent-length: 17\r\n/i);
      assert.ok(got.endsWith('\r\n\r\nGET /a?b=%20#c \u00c3\u00a9'));
      const head = await ask(opener(server), '/a', 'HEAD');
      assert.match(head, /\r\ncontent-length: 10\r\n/i);
      assert.ok(head.endsWith('\r\n\r\n'));
      server.close();
    });

    test('keeps a connection for more than one request', async () => {
      const server = await http.serve(loopback, limits, echo, ignore);
      const one = 'GET /1 HTTP/1.1\r\nHost: x\r\n\r\n';
      const got = await exchange(opener(server), `${one}${one.replace('Host', 'Connection: close\r\nHost')}`, 'wait');
      assert.equal(got.match(/HTTP\/1\.1 200/g)?.length, 2);
      server.close();
    });

    test('listens on a path, and both sides speak there', async () => {
      const path = join(dir, 'socket');
      const server = await http.serve({ path }, limits, echo, ignore);
      const call = { method: 'POST', target: '/x', maxBodyBytes: 100 } as const;
      assert.deepEqual(await http.call({ path }, call), { status: 200, body: 'POST /x \u00e9' });
      server.close();
      await assert.rejects(http.call({ path }, call), { code: existsSync(path) ? 'ECONNREFUSED' : 'ENOENT' });
    });

    test('that cannot listen says why', async () => {
      const server = await http.serve(loopback, limits, echo, ignore);
      const taken = { host: '127.0.0.1', port: server.port };
      await assert.rejects(http.serve(taken, limits, echo, ignore), { code: 'EADDRINUSE' });
      await assert.rejects(
        http.serve({ path: join(dir, 'nowhere/x') }, limits, echo, ignore),
        (error: unknown) =>
          error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EACCES'),
      );
      server.close();
    });

    test('whose answer fails closes that connection, says so, and goes on', async () => {
      const errors: unknown[] = [];
      const broken = new Error('broken');
      const server = await http.serve(
        loopback,
        limits,
        (request) => {
          if (request.target === '/throws') throw broken;
          return request.target === '/rejects' ? Promise.reject(broken) : echo(request);
        },
        (error) => errors.push(error),
      );
      assert.equal(await ask(opener(server), '/throws'), '');
      assert.equal(await ask(opener(server), '/rejects'), '');
      assert.match(await ask(opener(server), '/'), /200 OK/);
      assert.deepEqual(errors, [broken, broken]);
      server.close();
    });

    test('closes what is not complete in time, and what asks for nothing more', async () => {
      const server = await http.serve(loopback, { ...limits, requestMs: 300 }, echo, ignore);
      const began = performance.now();
      const slow = exchange(opener(server), 'GET / HTTP/1.1\r\nHost', 'wait');
      const idle = exchange(opener(server), 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'wait');
      assert.doesNotMatch(await slow, /200/);
      assert.match(await idle, /200 OK/);
      assert.ok(performance.now() - began < 5_000);
      server.close();
    });

    test('answers a probe within a second, whatever a crowd of strangers holds open', { timeout: 60_000 }, async () => {
      const server = await http.serve(
        loopback,
        limits,
        (request) => (request.target === '/busy' ? new Promise<never>(ignore) : echo(request)),
        ignore,
      );
      const open = opener(server);
      const crowd: Socket[] = [];
      // In waves that the kernel has room for, or it would have them try again a second later.
      for (let wave = 0; wave < 12; wave++) {
        const sockets = Array.from({ length: 100 }, () => open().on('error', ignore).on('data', ignore));
        await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
        for (const [i, socket] of sockets.entries()) {
          if (i % 6 === 0) socket.write('GET /busy HTTP/1.1\r\nHost: x\r\n\r\n');
          if (i % 6 > 1) socket.write('GET / HTTP/1.1\r\n');
        }
        crowd.push(...sockets);
      }
      while (crowd.filter(({ closed }) => !closed).length > limits.mostConnections) await delay(5);
      const began = performance.now();
      assert.match(await ask(open, '/probe'), /200 OK/);
      assert.ok(performance.now() - began < 1_000, `${performance.now() - began} ms`);
      for (const socket of crowd) socket.destroy();
      server.close();
    });

    test('that is closed answers nobody', async () => {
      const server = await http.serve(loopback, limits, echo, ignore);
      const idle = exchange(opener(server), '', 'wait');
      await ask(opener(server), '/');
      server.close();
      await idle;
      assert.equal(await ask(opener(server), '/'), '');
    });
  });

  describe('a call', () => {
    const call = {
      method: 'GET',
      target: '/x',
      headers: { host: 'h', 'user-agent': 'u' },
      maxBodyBytes: 1_000,
    } as const;

    const answers: Record<string, [bytes: string, answer: { status: number; body: string }]> = {
      'with a length': ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi', { status: 200, body: 'hi' }],
      'until its end': ['HTTP/1.1 503 No\r\n\r\ncaf\u00c3\u00a9', { status: 503, body: 'caf\u00e9' }],
      'in chunks': [
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n',
        { status: 200, body: 'hi' },
      ],
      'that is a redirect': [
        'HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n',
        { status: 302, body: '' },
      ],
    };
    for (const [what, [bytes, answer]] of Object.entries(answers)) {
      test(`returns an answer ${what}`, async () => {
        const { server, at, heard } = await peer('');
        server.removeAllListeners('connection');
        server.on('connection', (socket) => socket.on('error', ignore).once('data', () => socket.end(bytes, 'latin1')));
        assert.deepEqual(await http.call(at, call), answer);
        assert.equal(heard(), '');
        server.close();
      });
    }

    test('sends what it is told, on a connection of its own', async () => {
      const { server, at, heard } = await peer('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
      await http.call(at, call);
      assert.match(heard(), /^GET \/x HTTP\/1\.1\r\n/);
      assert.match(heard(), /\r\nhost: h\r\n/i);
      assert.match(heard(), /\r\nuser-agent: u\r\n/i);
      assert.match(heard(), /\r\nconnection: close\r\n/i);
      server.close();
    });

    test('that only wants the head does not wait for the rest', async () => {
      const { server, at } = await peer('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n', true);
      assert.deepEqual(await http.call(at, { ...call, maxBodyBytes: 0 }), { status: 200, body: '' });
      server.close();
    });

    const failing: Record<string, [bytes: string, hold: boolean, code?: string]> = {
      'a body that is longer than it may be': [`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(1_001)}`, false, 'EMSGSIZE'],
      'what is no HTTP': ['SSH-2.0-x\r\n', false],
      'an answer that ends early': ['HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi', false],
      'no answer at all': ['', false],
      'an answer that does not come in time': ['', true],
    };
    for (const [what, [bytes, hold, code]] of Object.entries(failing)) {
      test(`rejects ${what}`, async () => {
        const { server, at } = await peer(bytes, hold);
        await assert.rejects(
          http.call(at, { ...call, timeoutMs: 300 }),
          (error: unknown) =>
            error instanceof Error && (code === undefined || ('code' in error && error.code === code)),
        );
        server.close();
        await delay(0);
      });
    }

    test('rejects what cannot be sent, instead of throwing', async () => {
      await assert.rejects(http.call({ host: '127.0.0.1', port: 1 }, { ...call, headers: { host: 'a\r\nb' } }));
    });

    test('names what refuses it', async () => {
      await assert.rejects(http.call({ path: join(dir, 'nothing') }, call), { code: 'ENOENT' });
    });
  });
}
