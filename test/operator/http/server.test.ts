import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Socket, type AddressInfo, type Server } from 'node:net';
import { describe, test } from 'node:test';
import { Connections } from '../../../src/operator/http/connections.ts';
import { healthHandler } from '../../../src/operator/http/admin.ts';
import { parseTarget, plain, startServer, type Handler } from '../../../src/operator/http/server.ts';
import { anyBytes, exchange, hostileRequests, overTls, plainly, type Connect } from '../../hostile-http.ts';
import { certificate } from '../../kube/api-server.ts';

const health = healthHandler({ registry: undefined, isReady: () => true });

interface Running extends AsyncDisposable {
  readonly server: Server;
  readonly open: Connect;
  readonly errors: unknown[];
}

async function serve(protocol: 'http' | 'https', handler: Handler = health): Promise<Running> {
  const errors: unknown[] = [];
  const { cert, key } = certificate();
  const tls = protocol === 'https' ? { tls: { cert: Buffer.from(cert), key: Buffer.from(key) } } : {};
  const server = await startServer({
    port: 0,
    host: '127.0.0.1',
    handler,
    onError: (error) => errors.push(error),
    ...tls,
  });
  const { port } = server.address() as AddressInfo;
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  return {
    server,
    open: protocol === 'https' ? overTls(port) : plainly({ port, host: '127.0.0.1' }),
    errors,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const ask = (open: Connect, method: string, target: string): Promise<string> =>
  exchange(open, `${method} ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`, 'wait');

async function stillAnswers(open: Connect): Promise<void> {
  assert.match(await ask(open, 'GET', '/livez'), /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nok$/);
}

describe('a target', () => {
  const cases: Record<string, [path: string, query: string] | undefined> = {
    '/metrics': ['/metrics', ''],
    '/debug/profile?seconds=3': ['/debug/profile', 'seconds=3'],
    '/a?b?c': ['/a', 'b%3Fc='],
    '//': ['//', ''],
    '//host/metrics': ['//host/metrics', ''],
    '/%': ['/%', ''],
    'http://any.test:80/metrics?x=1': ['/metrics', 'x=1'],
    'HTTPS://any.test': ['/', ''],
    'http://any.test?x=1': ['/', 'x=1'],
    'http://[': ['/', ''],
    'http://': undefined,
    'http:///metrics': undefined,
    'ftp://any.test/metrics': undefined,
    '*': undefined,
    '': ['/', ''],
    'any.test:443': undefined,
  };
  for (const [target, want] of Object.entries(cases)) {
    test(`${JSON.stringify(target)} is ${want === undefined ? 'none' : want.join(' ? ')}`, () => {
      const parsed = parseTarget(target);
      assert.deepEqual(parsed && [parsed.path, parsed.query.toString()], want);
    });
  }

  test('never throws, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (target) => (parseTarget(target)?.path ?? '/').startsWith('/')),
    );
  });
});

for (const protocol of ['http', 'https'] as const) {
  describe(`a server of the operator over ${protocol}`, () => {
    for (const [what, request] of Object.entries(hostileRequests)) {
      test(`goes on after ${what}`, async () => {
        await using running = await serve(protocol);
        const answer = await exchange(running.open, Buffer.from(request, 'latin1'));
        assert.match(answer, /^($|HTTP\/1\.1 (100|200|400|404|405|413|417|431) )/);
        await stillAnswers(running.open);
        assert.deepEqual(running.errors, []);
      });
    }

    test('goes on after whatever bytes there are', async () => {
      await using running = await serve(protocol);
      await fc.assert(
        fc.asyncProperty(anyBytes, async (bytes) => {
          await exchange(running.open, bytes);
          await stillAnswers(running.open);
        }),
        { numRuns: 150 },
      );
      assert.deepEqual(running.errors, []);
    });

    test('goes on after bytes that are not even of its protocol', async () => {
      await using running = await serve(protocol);
      const raw = plainly({ port: (running.server.address() as AddressInfo).port, host: '127.0.0.1' });
      await fc.assert(
        fc.asyncProperty(anyBytes, async (bytes) => void (await exchange(raw, bytes))),
        { numRuns: 50 },
      );
      await stillAnswers(running.open);
    });
  });
}

describe('a server of the operator', () => {
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'CONNECT']) {
    test(`answers ${method} with what it does answer`, async () => {
      await using running = await serve('http');
      const answer = await ask(running.open, method, '/livez');
      assert.match(answer, /^HTTP\/1\.1 405 Method Not Allowed\r\n/);
      assert.match(answer, /\r\nallow: GET, HEAD\r\n/i);
    });
  }

  test('answers HEAD as GET, without the body', async () => {
    await using running = await serve('http');
    assert.match(
      await ask(running.open, 'HEAD', '/livez'),
      /^HTTP\/1\.1 200 OK\r\n[^]*content-length: 2\r\n[^]*\r\n\r\n$/,
    );
  });

  test('keeps a connection for the next request', async () => {
    await using running = await serve('http');
    const twice = 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2);
    assert.equal((await exchange(running.open, twice)).split('HTTP/1.1 200').length, 3);
  });

  const failures: Record<string, Handler> = {
    'at once': () => {
      throw new Error('of the handler');
    },
    later: () => Promise.reject(new Error('of the handler')),
    'by an answer that cannot be sent': () => ({ ...plain(200, ''), headers: { x: 'a\r\nb' } }),
    'by a status that is none': () => plain(7, ''),
  };
  for (const [how, handler] of Object.entries(failures)) {
    test(`answers with 500 when a handler fails ${how}, and tells it`, async () => {
      await using running = await serve('http', handler);
      assert.match(await ask(running.open, 'GET', '/'), /^HTTP\/1\.1 500 /);
      assert.equal(running.errors.length, 1);
    });
  }

  test('answers a probe while strangers hold more connections than it takes, and say nothing', async () => {
    await using running = await serve('http');
    const strangers = Array.from({ length: 200 }, () => running.open().on('error', () => undefined));
    await Promise.all(strangers.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
    await stillAnswers(running.open);
    for (const socket of strangers) socket.destroy();
  });

  test('takes connections from the address that has most of them', () => {
    const closed: string[] = [];
    const socket = (remoteAddress: string, remotePort: number): Socket => {
      const one = new Socket();
      Object.defineProperties(one, { remoteAddress: { value: remoteAddress }, remotePort: { value: remotePort } });
      return one.once('close', () => closed.push(remoteAddress));
    };
    const connections = new Connections(8);
    // Requests that nobody reads the answers of.
    for (let port = 1; port <= 8; port++) {
      const stranger = socket('10.1.1.1', port);
      connections.add(stranger);
      connections.busy(stranger);
    }
    connections.add(socket('10.0.0.1', 1));
    for (let port = 9; port <= 200; port++) connections.add(socket('10.1.1.1', port));
    return new Promise<void>((resolve) => {
      setImmediate(() => {
        assert.equal(closed.length, 193);
        assert.ok(!closed.includes('10.0.0.1'), 'the kubelet keeps its connection');
        resolve();
      });
    });
  });

  test('finishes an answer that is under way, whoever comes then', async () => {
    const asked = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    await using running = await serve('http', async ({ path }) => {
      if (path !== '/slow') return plain(200, 'ok');
      asked.resolve();
      await finish.promise;
      return plain(200, 'slow');
    });
    const slow = ask(running.open, 'GET', '/slow');
    await asked.promise;
    const strangers = Array.from({ length: 100 }, () => running.open().on('error', () => undefined));
    await Promise.all(strangers.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
    finish.resolve();
    assert.match(await slow, /\r\n\r\nslow$/);
    for (const socket of strangers) socket.destroy();
  });

  test('answers a probe also while all connections that it takes wait for answers', async () => {
    const never = Promise.withResolvers<void>();
    const waiting: string[] = [];
    await using running = await serve('http', async ({ path }) => {
      if (path === '/livez') return plain(200, 'ok');
      waiting.push(path);
      await never.promise;
      return plain(200, '');
    });
    const strangers = Array.from({ length: 64 }, () => {
      const socket = running.open().on('error', () => undefined);
      socket.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
      return socket;
    });
    while (waiting.length < 64) await new Promise((resolve) => setImmediate(resolve));
    await stillAnswers(running.open);
    for (const socket of strangers) socket.destroy();
    never.resolve();
  });

  test('says that a port is taken', async () => {
    await using running = await serve('http');
    const { port } = running.server.address() as AddressInfo;
    await assert.rejects(
      startServer({ port, host: '127.0.0.1', handler: health, onError: () => undefined }),
      /EADDRINUSE/,
    );
  });
});
