import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { describe, test } from 'node:test';
import { askPod, type PodAnswer } from '../../../src/operator/observe/pod-status.ts';

async function ask(server: Server, host = '127.0.0.1'): Promise<PodAnswer> {
  server.listen(0, host);
  await once(server, 'listening');
  try {
    return await askPod(host, (server.address() as AddressInfo).port);
  } finally {
    server.close();
  }
}

const answering = (listener: RequestListener): Server => createServer(listener);

describe('the answer of a pod', () => {
  test('is its JSON, whatever it calls it', async () => {
    const server = answering((request, response) => {
      response.setHeader('content-type', 'text/html');
      response.end(JSON.stringify({ path: request.url }));
    });
    assert.deepEqual((await ask(server)).json, { path: '/status' });
  });

  test('may come from an IPv6 address', async () => {
    const server = answering((request, response) => response.end(JSON.stringify(request.headers.host?.split(']')[0])));
    assert.equal((await ask(server, '::1')).json, '[::1');
  });

  const none: Record<string, RequestListener> = {
    'is garbage': (_, response) => response.end('{"workers":'),
    'is a refusal': (_, response) => response.writeHead(503).end('{}'),
    'leads elsewhere': (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end('{}'),
    'breaks off': (_, response) => {
      response.writeHead(200, { 'content-length': '10' }).write('{}');
      response.destroy();
    },
  };
  for (const [name, listener] of Object.entries(none)) {
    test(`counts as none when it ${name}`, async () => {
      assert.equal((await ask(answering(listener))).json, undefined);
    });
  }

  test('is read up to 64 KiB', async () => {
    let sent = 0;
    const server = answering((_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(16_384))) sent += 16_384;
      };
      response.on('drain', more);
      more();
    });
    const { json, bytes } = await ask(server);
    assert.equal(json, undefined);
    assert.ok(bytes < 256 * 1_024, `${bytes} bytes`);
  });

  test('does not keep anybody who sends it byte by byte', async () => {
    const server = answering((_, response) => {
      const timer = setInterval(() => response.write(' '), 50);
      response.on('close', () => clearInterval(timer));
    });
    const started = performance.now();
    assert.equal((await ask(server)).json, undefined);
    assert.ok(performance.now() - started < 4_000);
  });

  test('counts as none when nobody listens, or somebody who speaks no HTTP', async () => {
    const server = createTcpServer((socket) => socket.end('hello\r\n'));
    assert.deepEqual(await ask(server), { json: undefined, bytes: 0 });
    assert.deepEqual(await askPod('127.0.0.1', 1), { json: undefined, bytes: 0 });
    for (const address of ['no address', '127.0.0.1\r\nx: y', '']) {
      assert.deepEqual(await askPod(address, 1), { json: undefined, bytes: 0 });
    }
  });
});
