// HTTPS, HTTP/2, WebSockets and kept connections of Node applications, to the end of their worker.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectHttp2, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { writeFileSync } from 'node:fs';
import { Agent, get } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { assertSaid, holdingHandler, nodeApplications } from '../runtime/plain-node.ts';
import { Runtime, skip, type Options } from '../runtime/runtime-process.ts';

const prelude = `
const fs = require('node:fs'), { PORT } = process.env;
const tls = { key: fs.readFileSync(__dirname + '/key.pem'), cert: fs.readFileSync(__dirname + '/cert.pem') };
${holdingHandler}
const ends = (server) => process.on('SIGTERM', () => server.close((error) => { console.log('closed', error?.code); process.exit(); }));
`;

const root = nodeApplications({
  'https.cjs': `${prelude} ends(require('node:https').createServer(tls, handler).listen(PORT));`,
  'http2.cjs': `${prelude} ends(require('node:http2').createSecureServer(tls, handler).listen(PORT));`,
  'http2-and-1.cjs': `${prelude} ends(require('node:http2').createSecureServer({ ...tls, allowHTTP1: true }, handler).listen(PORT));`,
  'h2c.cjs': `${prelude} ends(require('node:http2').createServer(handler).listen(PORT));`,
  'streams.cjs': `${prelude}
const server = require('node:http2').createServer().listen(PORT);
server.on('stream', (stream) => { stream.respond({ ':status': 404, 'content-length': 2 }); stream.end('no'); });
ends(server);`,
  'upgrade.cjs': `${prelude}
const server = require('node:http').createServer(handler).listen(PORT);
server.on('upgrade', (request, socket) => {
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nconnection: upgrade\\r\\nupgrade: echo\\r\\n\\r\\n');
  socket.on('data', (data) => socket.write(data));
});
process.on('SIGTERM', () => { console.log('term'); process.exit(); });`,
  'http.cjs': `${prelude} ends(require('node:http').createServer(handler).listen(PORT));`,
  'own-keep-alive.cjs': `${prelude}
const server = require('node:http').createServer(handler);
server.keepAliveTimeout = 1000;
server.listen(PORT);`,
});
execFileSync(
  'openssl',
  ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=localhost'].concat([
    '-days',
    '2',
    '-keyout',
    join(root, 'key.pem'),
    '-out',
    join(root, 'cert.pem'),
  ]),
  { stdio: 'ignore' },
);

const oneWorker = (file: string): Options => ({
  root,
  app: { node: file },
  live: { workers: { count: 1, gracefulTimeout: '10s' } },
  fixed: { drain: { minimum: '100ms', maximum: '300ms' } },
});

interface Answer {
  readonly status: number;
  readonly text: string;
}

function ask(session: ClientHttp2Session, path = '/'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': path });
    let [text, status] = ['', 0];
    stream.on(
      'response',
      (headers: IncomingHttpHeaders & { ':status'?: number }) => (status = headers[':status'] ?? 0),
    );
    stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    stream.on('error', reject).on('end', () => resolve({ status, text }));
  });
}

function getTls(runtime: Runtime, agent: Agent, path = '/'): Promise<string> {
  return new Promise((resolve, reject) => {
    get(`https://127.0.0.1:${runtime.port}${path}`, { agent, rejectUnauthorized: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve(text));
    }).on('error', reject);
  });
}

const busy = (runtime: Runtime): Promise<void> =>
  runtime.until('in flight', async () => (await runtime.status()).workers.list.some((worker) => worker.busy > 0));
const retired = (runtime: Runtime): Promise<void> =>
  runtime.until('retired', async () => (await runtime.status()).workers.list.some(({ state }) => state === 'draining'));

/** Milliseconds from the order to end until the end. */
async function endsWithin(runtime: Runtime, ms: number): Promise<void> {
  const begun = performance.now();
  assert.equal(await runtime.exited, 0, runtime.output);
  assert.ok(performance.now() - begun < ms, `${performance.now() - begun} ms\n${runtime.output}`);
}

describe('HTTPS', { skip, concurrency: 2 }, () => {
  for (const file of ['https.cjs', 'http2-and-1.cjs']) {
    test(`${file}: what is in flight is answered, what is idle is closed, and requests are counted`, async () => {
      await using runtime = await Runtime.ready(oneWorker(file));
      const [idle, used] = [new Agent({ keepAlive: true }), new Agent({ keepAlive: true })];
      assert.equal(await getTls(runtime, idle), 'ok');
      // One that has not sent a request yet, and one that has not sent anything.
      const fresh = connectTls(runtime.port, '127.0.0.1', { rejectUnauthorized: false });
      const silent = connect(runtime.port, '127.0.0.1');
      await Promise.all([once(fresh, 'secureConnect'), once(silent, 'connect')]);
      const release = join(runtime.dir, 'release');
      const held = getTls(runtime, used, `/held?${release}`);
      await busy(runtime);
      assert.equal((await runtime.status()).counters.begun, 2);
      runtime.child.kill('SIGTERM');
      await retired(runtime);
      writeFileSync(release, '');
      assert.equal(await held, 'held');
      await endsWithin(runtime, 4_000);
      await assertSaid(runtime, ['closed undefined']);
      for (const client of [idle, used, fresh, silent]) client.destroy();
    });
  }
});

describe('HTTP/2', { skip, concurrency: 2 }, () => {
  for (const file of ['http2.cjs', 'http2-and-1.cjs', 'h2c.cjs']) {
    const address = (runtime: Runtime): string =>
      `${file === 'h2c.cjs' ? 'http' : 'https'}://127.0.0.1:${runtime.port}`;
    test(`${file}: a client is told to go, and what it has begun is answered`, async () => {
      await using runtime = await Runtime.ready({
        ...oneWorker(file),
        fixed: { drain: { minimum: '100ms', maximum: '1s' } },
      });
      const idle = connectHttp2(address(runtime), { rejectUnauthorized: false });
      const session = connectHttp2(address(runtime), { rejectUnauthorized: false });
      assert.deepEqual(await ask(idle), { status: 200, text: 'ok' });
      const release = join(runtime.dir, 'release');
      const held = ask(session, `/held?${release}`);
      await busy(runtime);
      assert.equal((await runtime.status()).counters.begun, 2);
      const told = Promise.all([once(session, 'goaway'), once(idle, 'goaway')]);
      runtime.child.kill('SIGTERM');
      const [[code, lastStream]] = (await told) as [[number, number], unknown];
      // Nothing that is on its way is refused.
      assert.deepEqual([code, lastStream], [0, 2 ** 31 - 1]);
      await retired(runtime);
      writeFileSync(release, '');
      assert.deepEqual(await held, { status: 200, text: 'held' });
      await endsWithin(runtime, 4_000);
      await assertSaid(runtime, ['closed undefined']);
      session.destroy();
      idle.destroy();
    });

    test(`${file}: a reload loses no request of a client that goes when it is told`, async () => {
      await using runtime = await Runtime.ready({
        ...oneWorker(file),
        live: { workers: { count: 2, gracefulTimeout: '10s' } },
      });
      const state = { stopped: false, answers: new Set<number>() };
      /** One connection: until it is told to go, or a request was refused, which says that it may be sent elsewhere. */
      const connection = async (): Promise<void> => {
        const session = connectHttp2(address(runtime), { rejectUnauthorized: false });
        const told = { to: 'stay' };
        session.on('goaway', () => (told.to = 'go'));
        while (!state.stopped && told.to === 'stay') {
          try {
            state.answers.add((await ask(session)).status);
          } catch (error) {
            assert.match(String(error), /NGHTTP2_REFUSED_STREAM|GOAWAY/);
            told.to = 'go';
          }
        }
        session.close();
      };
      const client = async (): Promise<void> => {
        while (!state.stopped) await connection();
      };
      const clients = Promise.all([client(), client(), client()]);
      runtime.child.kill('SIGHUP');
      await runtime.until('reloaded', async () => {
        const { replaced, workers } = await runtime.status();
        return replaced['reload'] === 2 && workers.list.length === 2;
      });
      state.stopped = true;
      await clients;
      assert.deepEqual([...state.answers], [200]);
    });
  }

  test('streams without requests are counted by their status, and are in the access log', async () => {
    await using runtime = await Runtime.ready({
      ...oneWorker('streams.cjs'),
      live: { workers: { count: 1 }, logging: { accessLog: true } },
    });
    const session = connectHttp2(`http://127.0.0.1:${runtime.port}`);
    assert.deepEqual(await ask(session, '/missing?a=b'), { status: 404, text: 'no' });
    await runtime.until('logged', () => runtime.log().some(({ msg }) => msg === 'request'));
    const { request } = runtime.log().find(({ msg }) => msg === 'request') as { request: Record<string, unknown> };
    const { method, path, status, bytes, remote } = request;
    assert.deepEqual(
      { method, path, status, bytes, remote },
      { method: 'GET', path: '/missing', status: 404, bytes: 2, remote: '127.0.0.1' },
    );
    assert.match((await runtime.admin('/metrics')).body, /appserver_responses_total\{status="4xx"\} 1/);
    session.close();
  });
});

describe('connections', { skip, concurrency: 2 }, () => {
  test('one that was upgraded works until the graceful timeout, and then TERM comes', async () => {
    await using runtime = await Runtime.ready({
      ...oneWorker('upgrade.cjs'),
      live: { workers: { count: 1, gracefulTimeout: '3s' } },
    });
    const socket = connect(runtime.port, '127.0.0.1').setEncoding('utf8');
    socket.write('GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n');
    await once(socket, 'data');
    runtime.child.kill('SIGTERM');
    await retired(runtime);
    socket.write('hello');
    assert.deepEqual(await once(socket, 'data'), ['hello']);
    await assertSaid(runtime, []);
    assert.equal(await runtime.exited, 0);
    await assertSaid(runtime, ['term']);
    socket.destroy();
  });

  test('one that has just come may still send its request, and one that sends none does not hold up the end', async () => {
    await using runtime = await Runtime.ready(oneWorker('http.cjs'));
    runtime.child.kill('SIGTERM');
    const [late, silent] = [connect(runtime.port, '127.0.0.1'), connect(runtime.port, '127.0.0.1')];
    await Promise.all([once(late, 'connect'), once(silent, 'connect')]);
    await retired(runtime);
    // Longer than the worker takes to see that it is to end.
    await delay(300);
    late.setEncoding('utf8').write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    const [answer] = (await once(late, 'data')) as [string];
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n(?:.*\r\n)*connection: close\r\n/i);
    await endsWithin(runtime, 4_000);
    await assertSaid(runtime, ['closed undefined']);
    late.destroy();
    silent.destroy();
  });

  const kept: Readonly<Record<string, [file: string, seconds: string]>> = {
    'is kept for workers.keepAlive': ['http.cjs', '7'],
    'is kept for as long as the application says': ['own-keep-alive.cjs', '1'],
  };
  for (const [name, [file, seconds]] of Object.entries(kept)) {
    test(`an idle one ${name}`, async () => {
      await using runtime = await Runtime.ready({ ...oneWorker(file), workers: { keepAlive: '7s' } });
      const response = await fetch(runtime.url());
      assert.equal(await response.text(), 'ok');
      assert.equal(response.headers.get('keep-alive'), `timeout=${seconds}`);
    });
  }
});
