// What the runtime itself takes of memory and CPU, and how evenly work is spread over workers.
import { readFileSync } from 'node:fs';
import { Agent, get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import type { Contest } from '../figure.ts';
import { constantLoad, throughput } from '../load.ts';
import { apps, gunicorn, nodeCluster, ours, puma, uvicorn, type Server } from '../server.ts';

const quiet = { logging: { level: 'warn' } };
const mebibyte = 1_024;

/** A field of /proc/PID/smaps_rollup in MiB. */
function rollup(pid: number, field: 'Rss' | 'Pss' | 'Private_Dirty'): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) / mebibyte;
}

/** Its command line, a word each. */
function words(pid: number): string[] {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
}

function supervisor(server: Server): number {
  const found = server.tree().find((pid) => words(pid)[1]?.endsWith('runtime.mjs') === true);
  if (found === undefined) throw new Error('there is no supervisor');
  return found;
}

const four = { app: { wsgi: 'hello:app' }, workers: { count: 4 }, ...quiet };

/** Of the supervisor, or of gunicorn's master, after load. */
async function memory(start: () => Promise<Server>, of: (server: Server) => number): Promise<number> {
  await using server = await start();
  await server.answering();
  await throughput(server.url(), 3);
  return of(server);
}

const master = (server: Server): number => server.child.pid ?? 0;

/** CPU that a process has used, in hundredths of a second. */
function ticks(pid: number): number {
  const [, ...fields] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const [user = 0, system = 0] = (fields[0] ?? '').split(' ').slice(11, 13).map(Number);
  return user + system;
}

/** Of the supervisor for each line of JSON that it passes on. */
async function logCpu(): Promise<number> {
  await using server = await ours({ app: { wsgi: 'hello:app' }, workers: { count: 2 }, ...quiet });
  await server.answering();
  const pid = supervisor(server);
  const [rate, seconds, linesARequest] = [500, 10, 20];
  const load = constantLoad({ url: server.url('/log'), rate, connections: 16 });
  await delay(1_000);
  const before = ticks(pid);
  await delay(seconds * 1_000);
  const used = ticks(pid) - before;
  await load.stop();
  return (used * 1e4) / (rate * seconds * linesARequest);
}

async function supervisorCpu(): Promise<number> {
  await using server = await ours({ app: { wsgi: 'hello:app' }, workers: { count: 8 }, ...quiet });
  await server.answering();
  await delay(3_000);
  const pid = supervisor(server);
  const before = ticks(pid);
  const seconds = 30;
  for (let i = 0; i < seconds / 2; i++) {
    for (const path of ['/livez', '/readyz']) await (await fetch(`http://127.0.0.1:${server.adminPort}${path}`)).text();
    await delay(2_000);
  }
  // A tick is a hundredth of a second.
  return (ticks(pid) - before) / seconds;
}

/** Of all processes together, each shared page counted once. */
async function allPss(start: () => Promise<Server>): Promise<number> {
  await using server = await start();
  await server.answering();
  await throughput(server.url(), 3);
  return server.tree().reduce((sum, pid) => sum + rollup(pid, 'Pss'), 0);
}

async function body(url: string, agent: Agent): Promise<string> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { agent }, resolve).on('error', reject);
  });
  return textOf(response);
}

/** Coefficient of variation of the requests that each of four workers had. */
async function variation(start: () => Promise<Server>, connection: 'close' | 'keep-alive'): Promise<number> {
  await using server = await start();
  await server.answering();
  const counts = new Map<string, number>();
  // The first requests find every worker cold.
  const cold = new Agent({ keepAlive: false, maxSockets: 8 });
  await Promise.all(Array.from({ length: 400 }, () => body(server.url('/pid'), cold)));
  const client = async (): Promise<void> => {
    const agent = new Agent({ keepAlive: connection === 'keep-alive', maxSockets: 1 });
    for (let i = 0; i < 500; i++) {
      const pid = await body(server.url('/pid'), agent);
      counts.set(pid, (counts.get(pid) ?? 0) + 1);
    }
    agent.destroy();
  };
  await Promise.all(Array.from({ length: 8 }, client));
  const values = [...counts.values(), ...Array.from({ length: 4 - counts.size }, () => 0)];
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) / mean;
}

function balance(
  figure: string,
  own: object,
  peers: Readonly<Record<string, () => Promise<Server>>>,
  connection: 'close' | 'keep-alive',
): Contest {
  return {
    figure,
    unit: 'coefficient of variation',
    runs: 9,
    ours: () => variation(() => ours({ ...own, ...quiet }), connection),
    peers: Object.fromEntries(Object.entries(peers).map(([name, start]) => [name, () => variation(start, connection)])),
  };
}

const node = { app: { node: join(apps, 'server.cjs') }, workers: { count: 4 } };
const gthread = { app: { wsgi: 'hello:app' }, workers: { count: 4, class: 'gthread', threads: 4 } };
const asgi = { app: { asgi: 'hello_asgi:app' }, workers: { count: 4 } };
const pumaThreads = (): Promise<Server> => puma(['-w', '4', '-t', '4:4']);
const gthreadPeers = {
  gunicorn: () => gunicorn(['-w', '4', '-k', 'gthread', '--threads', '4', '--keep-alive', '75']),
  puma: pumaThreads,
};
const nodePeers = { cluster: () => nodeCluster(4), puma: pumaThreads };
const asgiPeers = { uvicorn: () => uvicorn(['--workers', '4']) };
const django = { app: { wsgi: 'hello_django:app' }, workers: { count: 4, preload: true }, ...quiet };

export const footprint: Readonly<Record<string, () => Promise<Contest>>> = {
  supervisor_private_dirty_mb: async () => ({
    figure: 'supervisor_private_dirty_mb',
    unit: 'MiB',
    runs: 3,
    ours: () =>
      memory(
        () => ours(four),
        (server) => rollup(supervisor(server), 'Private_Dirty'),
      ),
    peers: {
      gunicorn: () =>
        memory(
          () => gunicorn(['-w', '4']),
          (server) => rollup(master(server), 'Private_Dirty'),
        ),
    },
  }),
  supervisor_rss_mb: async () => ({
    figure: 'supervisor_rss_mb',
    unit: 'MiB',
    runs: 3,
    ours: () =>
      memory(
        () => ours(four),
        (server) => rollup(supervisor(server), 'Rss'),
      ),
    peers: {
      gunicorn: () =>
        memory(
          () => gunicorn(['-w', '4']),
          (server) => rollup(master(server), 'Rss'),
        ),
    },
  }),
  supervisor_cpu_pct: async () => ({
    figure: 'supervisor_cpu_pct',
    unit: '% of a core',
    runs: 3,
    ours: supervisorCpu,
    peers: {},
  }),
  log_cpu_us: async () => ({
    figure: 'log_cpu_us',
    unit: 'µs a line of JSON, at 10,000 a second',
    runs: 3,
    ours: logCpu,
    peers: {},
  }),
  django_preload_pss_mb: async () => ({
    figure: 'django_preload_pss_mb',
    unit: 'MiB',
    runs: 9,
    ours: () => allPss(() => ours(django)),
    peers: { gunicorn: () => allPss(() => gunicorn(['-w', '4', '--preload'], 'hello_django:app')) },
  }),
  balance_cv_gthread_fresh: async () => balance('balance_cv_gthread_fresh', gthread, gthreadPeers, 'close'),
  balance_cv_gthread_keepalive: async () =>
    balance('balance_cv_gthread_keepalive', gthread, gthreadPeers, 'keep-alive'),
  balance_cv_sync: async () =>
    balance(
      'balance_cv_sync',
      { app: { wsgi: 'hello:app' }, workers: { count: 4 } },
      { gunicorn: () => gunicorn(['-w', '4']) },
      'close',
    ),
  balance_cv_asgi_fresh: async () => balance('balance_cv_asgi_fresh', asgi, asgiPeers, 'close'),
  balance_cv_asgi_keepalive: async () => balance('balance_cv_asgi_keepalive', asgi, asgiPeers, 'keep-alive'),
  balance_cv_node_fresh: async () => balance('balance_cv_node_fresh', node, nodePeers, 'close'),
  balance_cv_node_keepalive: async () => balance('balance_cv_node_keepalive', node, nodePeers, 'keep-alive'),
};
