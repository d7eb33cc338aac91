// Strangers at the admin port and at the control socket.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, test } from 'node:test';
import type { Server } from '../../../src/runtime/host/host.ts';
import { nodeHost } from '../../../src/runtime/host/node/host.ts';
import { startAdmin } from '../../../src/runtime/http/admin.ts';
import { anyBytes, exchange, hostileRequests, plainly, type Connect } from '../../hostile-http.ts';

const unused = (): never => {
  throw new Error('not asked for here');
};

/** An admin port on which /livez and /status fail inside. */
function admin(): Promise<Server> {
  return startAdmin({
    http: nodeHost().http,
    address: '127.0.0.1:0',
    health: unused,
    report: unused,
    applicationMetrics: () => Promise.resolve('# EOF\n'),
    readyWorkers: () => 1,
    applicationCheck: () => undefined,
  });
}

const opener = ({ port }: Server): Connect => plainly({ port, host: '127.0.0.1' });

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
