// Strangers at the admin port and at the control socket.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { startAdmin } from '../../../src/runtime/http/admin.ts';
import { guardedServer } from '../../../src/runtime/http/server.ts';
import { anyBytes, exchange, hostileRequests, plainly, type Connect } from '../../hostile-http.ts';

const unused = (): never => {
  throw new Error('not asked for here');
};

/** An admin port on which /livez and /status fail inside. */
function admin(): Promise<Server> {
  return startAdmin({
    address: '127.0.0.1:0',
    health: unused,
    report: unused,
    applicationMetrics: () => Promise.resolve('# EOF\n'),
    readyWorkers: () => 1,
    applicationCheck: () => undefined,
  });
}

const opener = (server: Server): Connect =>
  plainly({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });

const ask = (open: Connect, target: string): Promise<string> =>
  exchange(open, `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`, 'wait');

async function stillAnswers(open: Connect): Promise<void> {
  assert.match(await ask(open, '/metrics/application'), /^HTTP\/1\.1 200 OK\r\n[^]*# EOF\n$/);
}

describe('the admin port', () => {
  for (const [what, bytes] of Object.entries(hostileRequests)) {
    test(`goes on after ${what}`, async () => {
      const server = await admin();
      assert.match(
        await exchange(opener(server), Buffer.from(bytes, 'latin1')),
        /^($|HTTP\/1\.1 (100|200|400|404|405|413|417|431) )/,
      );
      await stillAnswers(opener(server));
      server.close();
    });
  }

  test('goes on after whatever bytes there are', async () => {
    const server = await admin();
    await fc.assert(
      fc.asyncProperty(anyBytes, async (bytes) => {
        await exchange(opener(server), bytes);
        await stillAnswers(opener(server));
      }),
      { numRuns: 150 },
    );
    server.close();
  });

  test('goes on after an answer that failed', async () => {
    const server = await admin();
    assert.equal(await ask(opener(server), '/livez'), '');
    await stillAnswers(opener(server));
    server.close();
  });
});

test('the admin port answers while strangers hold more connections than it takes, and say nothing or half of something', async () => {
  const server = await admin();
  const open = opener(server);
  const strangers = Array.from({ length: 200 }, (_, i) => {
    const socket = open().on('error', () => undefined);
    if (i % 2 === 0) socket.write('GET /readyz HTTP/1.1\r\n');
    return socket;
  });
  await Promise.all(strangers.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
  await stillAnswers(open);
  for (const socket of strangers) socket.destroy();
  server.close();
});

test('a connection that cannot be accepted is told, and the server goes on', async () => {
  const errors: unknown[] = [];
  const server = guardedServer(
    { mostConnections: 2 },
    async (_, response) => {
      await Promise.resolve();
      response.end('ok');
    },
    (error) => errors.push(error),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const full = new Error('accept EMFILE');
  server.emit('error', full);
  server.emit('error', full);
  assert.deepEqual(errors, [full, full]);
  assert.match(await ask(opener(server), '/'), /\r\n\r\nok$/);
  server.close();
});
