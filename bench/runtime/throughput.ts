// Requests per second, and the 99th percentile of the latency at 70 % of what the peer can do.
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Contest } from '../figure.ts';
import { constantLoad, percentile, throughput } from '../load.ts';
import { apps, gunicorn, nodeCluster, ours, pm2, uvicorn, type Server } from '../server.ts';

const workers = 2;
const seconds = 3;
const runs = 9;

interface Rival {
  readonly own: (logged: boolean) => Promise<Server>;
  readonly peers: Readonly<Record<string, (logged: boolean) => Promise<Server>>>;
  /** Kept connections of the client at constant rate, or fresh ones. */
  readonly connections: number | 'fresh';
}

const log = (logged: boolean): object => ({ logging: { level: 'warn', accessLog: logged } });
const gunicornLog = (logged: boolean): string[] => (logged ? ['--access-logfile', '-'] : []);

export const rivals: Readonly<Record<string, Rival>> = {
  sync: {
    own: (logged) => ours({ app: { wsgi: 'hello:app' }, workers: { count: workers }, ...log(logged) }),
    peers: { gunicorn: (logged) => gunicorn(['-w', String(workers), ...gunicornLog(logged)]) },
    connections: 'fresh',
  },
  gthread: {
    own: (logged) =>
      ours({
        app: { wsgi: 'hello:app' },
        workers: { count: workers, class: 'gthread', threads: 4, keepAlive: '5s' },
        ...log(logged),
      }),
    peers: {
      gunicorn: (logged) =>
        gunicorn([
          '-w',
          String(workers),
          '-k',
          'gthread',
          '--threads',
          '4',
          '--keep-alive',
          '5',
          ...gunicornLog(logged),
        ]),
    },
    connections: 8,
  },
  uvicorn: {
    own: (logged) => ours({ app: { asgi: 'hello_asgi:app' }, workers: { count: workers }, ...log(logged) }),
    peers: {
      uvicorn: (logged) =>
        uvicorn(['--workers', String(workers), ...(logged ? ['--log-level', 'info'] : ['--no-access-log'])]),
    },
    connections: 16,
  },
  express: {
    own: (logged) => ours({ app: { node: join(apps, 'server.cjs') }, workers: { count: workers }, ...log(logged) }),
    peers: { 'node:cluster': () => nodeCluster(workers), pm2: () => pm2(workers) },
    connections: 16,
  },
};

async function rate(start: () => Promise<Server>, path: string): Promise<number> {
  await using server = await start();
  await server.answering();
  await throughput(server.url(path), 1);
  // Awaited here: the server ends with this function.
  return await throughput(server.url(path), seconds);
}

async function p99(start: () => Promise<Server>, perSecond: number, connections: number | 'fresh'): Promise<number> {
  await using server = await start();
  await server.answering();
  await throughput(server.url(), 1);
  const load = constantLoad({ url: server.url(), rate: perSecond, connections });
  await delay(seconds * 1_000);
  return percentile((await load.stop()).latenciesMs, 0.99);
}

/** The client itself manages no more than so many requests per second on this machine. */
const clientLimit = 1_500;

export async function throughputContests(name: string): Promise<(() => Promise<Contest>)[]> {
  const rival = rivals[name];
  if (rival === undefined) throw new Error(`there is no ${name}`);
  const variant = (suffix: string, path: string, logged: boolean) => async (): Promise<Contest> => ({
    figure: `rps_${name}${suffix}`,
    unit: 'requests/s',
    runs,
    ours: () => rate(() => rival.own(logged), path),
    peers: Object.fromEntries(
      Object.entries(rival.peers).map(([peer, start]) => [peer, () => rate(() => start(logged), path)]),
    ),
  });
  const latency = async (): Promise<Contest> => {
    const [first] = Object.values(rival.peers);
    if (first === undefined) throw new Error('a contest needs a peer');
    const perSecond = Math.min(clientLimit, 0.7 * (await rate(() => first(false), '/')));
    return {
      figure: `p99_${name}`,
      unit: 'ms',
      runs,
      ours: () => p99(() => rival.own(false), perSecond, rival.connections),
      peers: { peer: () => p99(() => first(false), perSecond, rival.connections) },
    };
  };
  return [variant('', '/', false), variant('_2ms', '/2ms', false), variant('_log', '/', true), latency];
}
