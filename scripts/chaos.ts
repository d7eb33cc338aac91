// npm run test:chaos [-- python | node]: for each kind two minutes of the real thing under load, with workers killed, stopped and made to eat memory, reloads,
// TTIN and TTOU, and slow clients. Afterwards the wanted workers are there, no zombie and no descriptor is left, and no
// request was lost but those in the hands of workers that died, as the workers themselves have counted them.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { constantLoad } from '../bench/load.ts';
import { applications, Runtime, type Options } from '../test/runtime/runtime-process.ts';
import { buildRuntime } from './build.ts';
import { ensurePythonPackages } from './python-packages.ts';

const durationMs = Number(process.env['CHAOS_SECONDS'] ?? 120) * 1_000;
const pauseMs = 400;
const wanted = 4;

const wsgi = `
import time
def app(environ, start_response):
    if environ["PATH_INFO"] == "/eat":
        app.eaten = bytearray(96 << 20)
    time.sleep(0.005)
    start_response("200 OK", [("content-length", "2")])
    return [b"ok"]
`;

const node = `
let eaten;
require('node:http')
  .createServer((request, response) => {
    if (request.url === '/eat') eaten = Buffer.alloc(96 << 20, 1);
    setTimeout(() => response.writeHead(200, { 'content-length': 2 }).end('ok'), 5);
  })
  .listen(process.env.PORT);
`;

interface Kind extends Pick<Options, 'app' | 'workers'> {
  /** Above this a worker is replaced; it has half of it, and /eat takes it beyond. */
  readonly memory: string;
}

const kinds: Readonly<Record<string, Kind>> = {
  python: { app: { wsgi: 'app:app' }, workers: { class: 'gthread', threads: 4 }, memory: '120Mi' },
  node: { app: { node: 'server.cjs' }, memory: '160Mi' },
};

function children(pid: number): number[] {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).flatMap((task) =>
    readFileSync(`${tasks}/${task}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number),
  );
}

function descendants(pid: number): number[] {
  const own = children(pid);
  return own.concat(own.flatMap(descendants));
}

const isZombie = (pid: number): boolean => / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));

/** Sends its request a byte at a time, and reads no answer. */
function slowClient(port: number): Socket {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  const bytes = 'GET / HTTP/1.1\r\nhost: a\r\n'.split('');
  const timer = setInterval(() => {
    const next = bytes.shift();
    if (next === undefined) socket.destroy();
    else socket.write(next);
  }, 50);
  return socket.on('close', () => clearInterval(timer));
}

await buildRuntime();
await ensurePythonPackages();

async function chaos(t: TestContext, { memory, ...kind }: Kind): Promise<void> {
  await using runtime = await Runtime.ready({
    root: applications({ 'app.py': wsgi, 'server.cjs': node }),
    ...kind,
    live: {
      workers: { count: wanted, heartbeatTimeout: '3s', recycle: { requests: 2_000, jitter: 500, memory } },
      logging: { level: 'warn' },
    },
  });
  const init = runtime.child.pid ?? 0;
  const [supervisor = 0] = children(init);
  const open = (): number => readdirSync(`/proc/${supervisor}/fd`).length;
  const loads = [
    constantLoad({ url: runtime.url(), rate: 60, connections: 'fresh' }),
    constantLoad({ url: runtime.url(), rate: 60, connections: 8 }),
  ];
  const before = open();
  const done: Record<string, number> = {};
  const pick = async (): Promise<number> => {
    const ready = await runtime.readyWorkers();
    return ready[Math.floor(Math.random() * ready.length)]?.pid ?? 0;
  };
  const signal = async (name: NodeJS.Signals): Promise<void> => {
    const pid = await pick();
    if (pid > 0) process.kill(pid, name);
    if (name === 'SIGSTOP')
      void delay(1_000)
        .then(() => process.kill(pid, 'SIGCONT'))
        .catch(() => undefined);
  };
  const actions: Record<string, () => unknown> = {
    kill: () => signal('SIGKILL'),
    stop: () => signal('SIGSTOP'),
    reload: () => runtime.child.kill('SIGHUP'),
    ttin: () => runtime.child.kill('SIGTTIN'),
    ttou: () => runtime.child.kill('SIGTTOU'),
    eat: () => runtime.fetch('/eat').catch(() => 0),
    slow: () => slowClient(runtime.port),
  };
  const until = performance.now() + durationMs;
  while (performance.now() < until) {
    const names = Object.keys(actions);
    const name = names[Math.floor(Math.random() * names.length)] ?? '';
    await actions[name]?.();
    done[name] = (done[name] ?? 0) + 1;
    await delay(pauseMs * (0.5 + Math.random()));
  }
  const results = await Promise.all(loads.map((load) => load.stop()));
  const lost = results.reduce((sum, result) => sum + result.lost, 0);
  const answered = results.reduce((sum, result) => sum + result.latenciesMs.length, 0);
  // What TTIN and TTOU have made of the number is undone, and all come to rest.
  runtime.child.kill('SIGHUP');
  await delay(3_000);
  await runtime.until('at rest', async () => {
    const { workers, reload } = await runtime.status();
    return reload === 'none' && workers.ready === wanted && workers.list.length === wanted;
  });
  const status = await runtime.status();
  t.diagnostic(
    `${JSON.stringify(done)}; ${answered} answered, ${lost} lost; workers died with ${status.connectionsLost} connections, ${status.requestsLost} of them with a request begun; ${JSON.stringify(results.map(({ why }) => why))}`,
  );
  t.diagnostic(`deaths ${JSON.stringify(status.restarts)}, replaced ${JSON.stringify(status.replaced)}`);
  assert.equal(descendants(init).filter(isZombie).length, 0, 'no zombie');
  assert.ok(open() <= before + 4, `${open()} descriptors are open, ${before} were at the beginning`);
  // A connection carries one request at a time: begun, or sent and not read yet, or none.
  assert.ok(lost <= status.connectionsLost, `${lost} lost, workers died with ${status.connectionsLost} connections`);
  assert.ok(answered > (durationMs / 1_000) * 60);
}

const [only] = process.argv.slice(2);
if (only !== undefined && !Object.hasOwn(kinds, only)) {
  throw new Error(`there is no kind ${only}, but ${Object.keys(kinds).join(' and ')}`);
}
for (const [name, kind] of Object.entries(kinds)) {
  if (only === undefined || only === name)
    await test(`${durationMs / 1_000} s of chaos: ${name}`, (t) => chaos(t, kind));
}
