// How Node applications listen: in any form, and as often as they like, as in plain Node and under node:cluster.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { freePort } from '../free-port.ts';
import { nodeApplications, PlainNode, assertSaid } from '../runtime/plain-node.ts';
import { Runtime, skip, type Options } from '../runtime/runtime-process.ts';

const prelude = `
const http = require('node:http'), net = require('node:net'), { once } = require('node:events');
const { PORT, OTHER } = process.env;
const server = http.createServer((request, response) => response.end('ok'));
const listening = () => console.log('listening', server.listening, server.address()?.port === Number(PORT));
`;

/** How it listens on PORT; what it says is compared with plain Node. */
const forms: Readonly<Record<string, string>> = {
  'a string': `server.listen(PORT, listening);`,
  'a number and a host': `server.listen(Number(PORT), '127.0.0.1', listening);`,
  'a number, a host and a backlog': `server.listen(Number(PORT), '0.0.0.0', 8, listening);`,
  'the name of a host': `server.listen(PORT, 'localhost', listening);`,
  'an object, with the callback as an event': `server.on('listening', listening).listen({ port: PORT });`,
  'an exclusive port': `server.listen({ port: PORT, exclusive: true }, listening);`,
  'a signal that is aborted': `
const abort = new AbortController();
server.listen({ port: PORT, signal: abort.signal }, () => { listening(); abort.abort(); });
server.on('close', () => {
  console.log('closed', server.listening);
  http.createServer((request, response) => response.end('ok')).listen(PORT, () => console.log('another'));
});`,
  'listen, close, listen': `
server.listen(PORT, () => {
  listening();
  server.close((error) => {
    console.log('closed', error?.code, server.address());
    server.listen(PORT, listening);
  });
});`,
  'a port that is taken by itself': `
server.listen(PORT, () => {
  listening();
  http.createServer().on('error', (error) => console.log(error.code, error.syscall, error.port === Number(PORT))).listen(PORT);
});`,
  'listening twice': `
server.listen(PORT, () => { listening(); try { server.listen(PORT); } catch (error) { console.log(error.code); } });`,
  'a probe of its own': `
const probe = net.createServer();
probe.once('error', (error) => console.log('taken', error.code));
probe.listen({ port: PORT }, () => probe.close(() => server.listen(PORT, listening)));`,
  'detect-port': `
import('detect-port').then(async ({ detect }) => {
  const port = await detect(Number(PORT));
  console.log('free', port === Number(PORT));
  server.listen(port, listening);
});`,
  'get-port': `
import('get-port').then(async ({ default: getPort }) => {
  const port = await getPort({ port: Number(PORT) });
  console.log('free', port === Number(PORT));
  server.listen(port, listening);
});`,
  portfinder: `
require('portfinder').getPortPromise({ port: Number(PORT) }).then((port) => {
  console.log('free', port === Number(PORT));
  server.listen(port, listening);
});`,
  'a server of connections in front': `
const front = net.createServer((socket) => server.emit('connection', socket));
front.listen(PORT, () => console.log('front', front.address().port === Number(PORT)));`,
  'a handle of another server': `
const first = net.createServer();
first.listen(PORT, () => server.listen(first, listening));`,
};

/** What it says last, where that is something else. */
const last: Readonly<Record<string, string>> = {
  'a signal that is aborted': 'another\n',
  'a port that is taken by itself': 'EADDRINUSE',
  'listening twice': 'ALREADY_LISTEN',
  'listen, close, listen': 'null\nlistening',
  'a server of connections in front': 'front true',
};

/** Ports besides PORT, of two workers. */
const others: Readonly<Record<string, string>> = {
  'a second port': `server.listen(PORT); http.createServer((_, response) => response.end('other')).listen(OTHER);`,
  'a second port before PORT': `
const other = http.createServer((_, response) => response.end('other')).listen(OTHER, () => {
  console.log('other', other.address().port === Number(OTHER));
  server.listen(PORT);
});`,
  'a second port of one address': `
http.createServer((_, response) => response.end('other')).listen(OTHER, '127.0.0.1');
server.listen(PORT);`,
  'a second port that it looks for': `
import('get-port').then(async ({ default: getPort }) => {
  const port = await getPort({ port: Number(OTHER) });
  http.createServer((_, response) => response.end('other')).listen(port);
  server.listen(PORT);
});`,
  'a second port twice': `
const other = http.createServer((_, response) => response.end('other')).listen(OTHER, () => {
  http.createServer().on('error', (error) => console.log(error.code, error.syscall)).listen(OTHER);
  server.listen(PORT);
});`,
};

/** What each worker says. */
const says: Readonly<Record<string, string>> = {
  'a second port before PORT': 'other true',
  'a second port twice': 'EADDRINUSE listen',
};

const file = (name: string): string => `${name.replaceAll(/\W/g, '-')}.cjs`;

const root = nodeApplications({
  ...Object.fromEntries(
    [...Object.entries(forms), ...Object.entries(others)].map(([name, source]) => [file(name), prelude + source]),
  ),
  'closes.cjs': `${prelude}
server.on('request', (request) => {
  if (request.url !== '/close') return;
  server.close();
  setTimeout(() => server.listen(PORT), 1000);
});
server.listen(PORT);`,
  'hard-coded.cjs': `${prelude} server.listen(OTHER);`,
  'hard-coded-busy.cjs': `${prelude} server.listen(OTHER); setInterval(() => {}, 1000);`,
  'elsewhere-first.cjs': `${prelude} http.createServer().listen(OTHER); setTimeout(() => server.listen(PORT, listening), 2000);`,
  'server.ts': `import http from 'node:http'; const port: string = process.env.PORT ?? ''; http.createServer((_, response) => response.end('ok')).listen(port);`,
  'tsx.cjs': `process.argv.splice(1, 1, 'tsx'); import('./node_modules/tsx/dist/cli.mjs');`,
  'in-process-tsx.cjs': `require('tsx/cjs'); require('./server.ts');`,
  'forks.cjs': `
const { fork } = require('node:child_process');
if (process.argv[2] !== 'child') fork(__filename, ['child']).on('exit', (code) => process.exit(code));
else require('node:http').createServer().listen(process.env.PORT);`,
  'threads.cjs': `
const { Worker, isMainThread } = require('node:worker_threads');
if (isMainThread) new Worker(__filename); else require('node:http').createServer().listen(process.env.PORT);`,
  'cluster.cjs': `
const cluster = require('node:cluster');
if (cluster.isPrimary) cluster.fork();
else require('node:http').createServer((_, response) => response.end('ok')).listen(process.env.PORT);`,
  'pool.cjs': `${prelude}
const { fork, execFile } = require('node:child_process'), { Worker } = require('node:worker_threads');
if (process.send === undefined) {
  fork(__filename, ['a'], { execArgv: ['--no-warnings'] }).on('message', (message) => {
    console.log('child', JSON.stringify(message));
    execFile(process.execPath, ['-p', 'process.argv.length + (process.env.PATH === undefined ? 0 : 1)'], (error, stdout, stderr) => {
      console.log('ran', error?.code, stdout.trim(), stderr);
      new Worker('console.log("thread", Object.keys(process.env).filter((name) => name.startsWith("APPSERVER_NODE")).length)', { eval: true, stdout: true })
        .on('exit', () => server.listen(PORT, listening)).stdout.pipe(process.stdout);
    });
  });
} else process.send([process.argv.slice(2), Object.keys(process.env).filter((name) => name.startsWith('APPSERVER_NODE'))], () => process.disconnect());`,
  'in-use.cjs': `${prelude} http.createServer().listen(OTHER, () => server.listen(PORT));`,
});

const one: Pick<Options, 'root' | 'live'> = { root, live: { workers: { count: 1 } } };

async function answers(port: number): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } });
  return response.text();
}

describe('listening on PORT', { skip, concurrency: 2 }, () => {
  for (const name of Object.keys(forms)) {
    test(`${name}: as in plain Node`, async () => {
      const port = await freePort();
      await using plain = new PlainNode({ root, file: file(name), port });
      await plain.serves(port);
      await plain.until(last[name] ?? 'listening true true\n');
      plain.child.kill('SIGKILL');
      const { said } = await plain.end();

      await using runtime = await Runtime.ready({ ...one, app: { node: file(name) } });
      for (let i = 0; i < 3; i++) assert.equal(await answers(runtime.port), 'ok');
      await assertSaid(runtime, said);
      assert.deepEqual((await runtime.status()).restarts, {});
      runtime.child.kill('SIGTERM');
      assert.equal(await runtime.exited, 0);
    });
  }

  test('a server that the application closes takes readiness with it, until it listens again', async () => {
    await using runtime = await Runtime.ready({ ...one, app: { node: 'closes.cjs' } });
    await answers(runtime.port).catch(() => '');
    void fetch(runtime.url('/close')).catch(() => undefined);
    await runtime.until('not ready', async () => (await runtime.admin('/readyz')).status === 503);
    await runtime.until('ready', async () => (await runtime.admin('/readyz')).status === 200);
    assert.equal(await answers(runtime.port), 'ok');
    assert.deepEqual((await runtime.status()).restarts, {});
  });
});

describe('other ports', { skip, concurrency: 2 }, () => {
  for (const name of Object.keys(others)) {
    test(`${name}: shared by two workers as under node:cluster`, async () => {
      const [port, other] = [await freePort(), await freePort()];
      const env = { OTHER: String(other) };
      const served = async (of: number): Promise<string[]> => [await answers(of), await answers(other)];
      let expected: string[];
      {
        await using cluster = new PlainNode({ root, file: file(name), port, cluster: true, env });
        await cluster.serves(port);
        await cluster.serves(other);
        expected = await served(port);
      }
      await using runtime = await Runtime.ready({ root, app: { node: file(name) }, env });
      assert.deepEqual(await served(runtime.port), expected);
      await assertSaid(runtime, says[name] === undefined ? [] : [says[name], says[name]]);
      assert.deepEqual((await runtime.status()).restarts, {});
    });
  }
});

describe('what cannot be served', { skip, concurrency: 2 }, () => {
  test('a port that is hard-coded: APP_LISTENS_ELSEWHERE within seconds', async () => {
    const other = await freePort();
    await using runtime = await Runtime.start({
      ...one,
      app: { node: 'hard-coded.cjs' },
      env: { OTHER: String(other) },
    });
    assert.equal(await runtime.exited, 4);
    const cause = `the application listens on ${other}, and not on PORT (${runtime.port})`;
    assert.ok(runtime.lastWords().startsWith(`APP_LISTENS_ELSEWHERE: ${cause}. `), runtime.lastWords());
  });

  test('a port that is hard-coded, by an application that has more to do: said at once, and at the end', async () => {
    const other = await freePort();
    const live = { workers: { count: 1, bootTimeout: '6s' } };
    await using runtime = await Runtime.start({
      root,
      live,
      app: { node: 'hard-coded-busy.cjs' },
      env: { OTHER: String(other) },
    });
    await runtime.until('said', () => runtime.output.includes('APP_LISTENS_ELSEWHERE: '));
    assert.doesNotMatch(runtime.output, /worker aborted/);
    await runtime.until('aborted', () => /"APP_LISTENS_ELSEWHERE".*worker aborted/.test(runtime.output));
  });

  test('an application that is on its way to PORT is waited for', async () => {
    const env = { OTHER: String(await freePort()) };
    await using runtime = await Runtime.ready({ ...one, app: { node: 'elsewhere-first.cjs' }, env });
    assert.deepEqual((await runtime.status()).restarts, {});
    assert.equal(await answers(runtime.port), 'ok');
    assert.doesNotMatch(runtime.output, /APP_LISTENS_ELSEWHERE/);
  });

  const children: Readonly<Record<string, [app: object, where: string]>> = {
    'tsx, by its command line': [
      { node: 'tsx.cjs', args: ['server.ts'] },
      'a process \\(\\d+\\) that the application starts',
    ],
    'a process that it forks': [{ node: 'forks.cjs' }, 'a process \\(\\d+\\) that the application starts'],
    'a thread': [{ node: 'threads.cjs' }, 'a thread of the application'],
  };
  for (const [name, [app, where]] of Object.entries(children)) {
    test(`${name}: APP_SERVES_IN_CHILD`, async () => {
      await using runtime = await Runtime.start({ ...one, app });
      assert.equal(await runtime.exited, 4);
      assert.match(
        runtime.lastWords(),
        new RegExp(`^APP_SERVES_IN_CHILD: ${where} listens on PORT \\(${runtime.port}\\)`),
      );
    });
  }

  test('node:cluster in the application: served, with APP_SERVES_IN_CHILD in the log', async () => {
    await using runtime = await Runtime.ready({ ...one, app: { node: 'cluster.cjs' } });
    await runtime.until('said', () =>
      runtime.output.includes('APP_SERVES_IN_CHILD: the application answers in processes of node:cluster'),
    );
    assert.equal(await answers(runtime.port), 'ok');
  });

  test('TypeScript by tsx, in the process itself', async () => {
    await using runtime = await Runtime.ready({ ...one, app: { node: 'in-process-tsx.cjs' } });
    assert.equal(await answers(runtime.port), 'ok');
  });

  test('processes and threads that do not listen: as in plain Node', async () => {
    await using plain = new PlainNode({ root, file: 'pool.cjs', port: await freePort() });
    await plain.until('listening');
    plain.child.kill('SIGKILL');
    await using runtime = await Runtime.ready({ ...one, app: { node: 'pool.cjs' } });
    await assertSaid(runtime, (await plain.end()).said);
  });

  test('trustedProxies: the log says that the application decides', async () => {
    const fixed = { trustedProxies: ['10.0.0.0/8'] };
    await using runtime = await Runtime.ready({ ...one, fixed, app: { node: file('a string') } });
    await runtime.until('said', () =>
      runtime.output.includes('a Node application decides itself which proxies it trusts'),
    );
  });

  test('a second port that another program has: APP_PORT_IN_USE', async () => {
    const other = await freePort();
    await using holder = new PlainNode({ root, file: file('a string'), port: other });
    await holder.until('listening');
    const socket = connect(other, '127.0.0.1');
    await once(socket, 'connect');
    socket.destroy();
    await using runtime = await Runtime.start({ ...one, app: { node: 'in-use.cjs' }, env: { OTHER: String(other) } });
    assert.equal(await runtime.exited, 4);
    assert.match(runtime.lastWords(), new RegExp(`^APP_PORT_IN_USE: the application cannot listen on port ${other}`));
  });
});
