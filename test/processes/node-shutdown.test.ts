// How Node applications end: each does on TERM, once nothing is in flight any more, what it does in plain Node.
import assert from 'node:assert/strict';
import { Agent, get } from 'node:http';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { freePort } from '../free-port.ts';
import { assertSaid, holdingHandler, nodeApplications, PlainNode } from '../runtime/plain-node.ts';
import { Runtime, skip } from '../runtime/runtime-process.ts';

const prelude = `
const http = require('node:http'), fs = require('node:fs'), { promisify } = require('node:util');
${holdingHandler}
const { PORT } = process.env;
const start = (listener = handler) => http.createServer(listener).listen(PORT, () => console.log('listening'));
process.on('exit', (code) => console.log('exit', code));
`;

const forms: Readonly<Record<string, string>> = {
  'close with a callback, then exit': `
const server = start();
process.on('SIGTERM', () => {
  console.log('term', server.listening, server.address()?.port === Number(PORT));
  server.close((error) => { console.log('closed', error?.code); process.exit(error ? 1 : 0); });
});`,
  'a promise of close, then the loop empties': `
const server = start();
process.on('SIGTERM', async () => {
  await promisify(server.close.bind(server))();
  console.log('closed', server.listening);
});`,
  'await using': `
const server = start();
process.on('SIGTERM', async () => { await server[Symbol.asyncDispose](); console.log('closed'); });`,
  'an exit code of its own': `
start();
process.once('SIGTERM', () => { console.log('failed to save'); process.exit(3); });`,
  'several handlers, the last of which closes': `
const server = start();
process.on('SIGTERM', () => console.log('one'));
process.on('SIGTERM', () => { console.log('two'); setTimeout(() => server.close(() => console.log('closed')), 50); });`,
  'getConnections, then closing twice': `
const server = start();
process.on('SIGTERM', () => server.getConnections((error, count) => {
  console.log('open', error?.code, count);
  server.close((first) => console.log('closed', first?.code));
  server.close((second) => console.log('closed again', second?.code));
}));`,
  'a server that listens once more': `
const server = start();
process.on('SIGTERM', () => server.close(() => {
  console.log('closed');
  server.listen(PORT, () => server.close((error) => console.log('closed again', error?.code)));
}));`,
  'a server that is not waited for': `
start().unref();
const timer = setInterval(() => {}, 1000);
process.on('SIGTERM', () => { clearInterval(timer); console.log('no timer'); });`,
  '@godaddy/terminus': `
const { createTerminus } = require('@godaddy/terminus');
createTerminus(start(), {
  signals: ['SIGTERM'], timeout: 1000, useExit0: true,
  beforeShutdown: async () => console.log('before'),
  onSignal: async () => console.log('signal'),
  onShutdown: async () => console.log('shutdown'),
  logger: (message, error) => console.log('logged', message, error.message),
});`,
  'http-terminator': `
const { createHttpTerminator } = require('http-terminator');
const terminator = createHttpTerminator({ server: start(), gracefulTerminationTimeout: 500 });
process.on('SIGTERM', async () => { await terminator.terminate(); console.log('terminated'); });`,
  stoppable: `
const server = require('stoppable')(start(), 500);
process.on('SIGTERM', () => server.stop((error, gracefully) => console.log('stopped', error, gracefully)));`,
  'http-graceful-shutdown': `
require('http-graceful-shutdown')(start(), {
  timeout: 1000, preShutdown: async () => console.log('pre'), onShutdown: async () => console.log('on'), finally: () => console.log('finally'),
});`,
  lightship: `
(async () => {
  const { createLightship } = await import('lightship');
  const lightship = await createLightship({ detectKubernetes: false, shutdownDelay: 0, terminate: () => console.log('terminate') });
  const server = start();
  lightship.registerShutdownHandler(async () => { await promisify(server.close.bind(server))(); console.log('closed'); });
  lightship.signalReady();
})();`,
};

const root = nodeApplications(
  Object.fromEntries(Object.entries(forms).map(([name, source], i) => [`${i}.cjs`, `// ${name}\n${prelude}${source}`])),
);

/** A request on a kept connection. */
function request(runtime: Runtime, agent: Agent, path = '/'): Promise<string> {
  return new Promise((resolve, reject) => {
    get(runtime.url(path), { agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve(text));
    }).on('error', reject);
  });
}

/** The order to end reaches the application by the end of its pod or by a reload. */
const ends = {
  'the pod': { signal: 'SIGTERM', retired: async (runtime: Runtime) => (await runtime.status()).phase === 'stopping' },
  'a reload': {
    signal: 'SIGHUP',
    retired: async (runtime: Runtime) =>
      (await runtime.status()).workers.list.some(({ state }) => state === 'draining'),
  },
} as const;

/** A reload loads the application a second time. */
const once = (said: string[]): string[] => {
  const [first, ...rest] = said;
  return first === 'listening' && rest[0] === 'listening' ? rest : said;
};

describe('TERM, as in plain Node', { skip, concurrency: 2 }, () => {
  for (const [i, name] of Object.keys(forms).entries()) {
    const file = `${i}.cjs`;
    for (const [what, { signal, retired }] of Object.entries(ends)) {
      test(`${name}, with a request in flight and an idle connection, by the end of ${what}`, async () => {
        await using plain = new PlainNode({ root, file, port: await freePort() });
        await plain.until('listening');
        plain.child.kill('SIGTERM');
        const expected = await plain.end();

        await using runtime = await Runtime.ready({
          root,
          app: { node: file },
          live: { workers: { count: 1, gracefulTimeout: '10s' } },
          fixed: { drain: { minimum: '100ms', maximum: '300ms' } },
        });
        const [idle, busy] = [new Agent({ keepAlive: true }), new Agent({ keepAlive: true })];
        assert.equal(await request(runtime, idle), 'ok');
        const release = join(runtime.dir, 'release');
        const held = request(runtime, busy, `/held?${release}`);
        await runtime.until('in flight', async () =>
          (await runtime.status()).workers.list.some(({ busy: n }) => n > 0),
        );
        runtime.child.kill(signal);
        await runtime.until('retired', () => retired(runtime));
        await assertSaid(runtime, ['listening'], (said) => once(said).slice(0, 1));
        writeFileSync(release, '');
        assert.equal(await held, 'held');
        await runtime.until('ended', () => runtime.log().some(({ msg }) => String(msg).startsWith('worker ended')));
        idle.destroy();
        busy.destroy();
        await assertSaid(runtime, expected.said, once);
        const bad = runtime.log().filter(({ msg }) => msg === 'worker ended badly');
        const code = expected.code ?? 0;
        assert.deepEqual(
          bad.map(({ cause }) => cause),
          code === 0 ? [] : [`the worker ended with exit code ${code}`],
        );
        assert.deepEqual((signal === 'SIGHUP' && (await runtime.status()).requestsLost) || 0, 0);
      });
    }
  }
});
