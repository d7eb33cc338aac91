// Requests per second, and the 99th percentile of the latency at 70 % of what the peer can do.
import { join } from 'node:path';
import type { Contest } from '../figure.ts';
import { p99AtRate, throughput } from '../load.ts';
import { apps, gunicorn, nodeCluster, ours, pm2, uvicorn, type Server } from '../server.ts';

// One, on a core of its own: how connections fall to several workers is chance, and a figure of its own.
const workers = 1;
const seconds = 1;
const runs = 31;
/** Servers are started anew after so many runs: a process keeps what luck it had with its memory. */
const runsPerStart = 8;

interface Rival {
  readonly own: (logged: boolean) => Promise<Server>;
  readonly peers: Readonly<Record<string, (logged: boolean) => Promise<Server>>>;
  readonly keepAlive: boolean;
}

const log = (logged: boolean): object => ({ logging: { level: 'warn', accessLog: logged } });
const gunicornLog = (logged: boolean): string[] => (logged ? ['--access-logfile', '-'] : []);
const threads = ['-k', 'gthread', '--threads', '4', '--keep-alive', '5'];

const gthread: Rival = {
  own: (logged) =>
    ours({
      app: { wsgi: 'hello:app' },
      workers: { count: workers, class: 'gthread', threads: 4, keepAlive: '5s' },
      ...log(logged),
    }),
  peers: { gunicorn: (logged) => gunicorn(['-w', String(workers), ...threads, ...gunicornLog(logged)]) },
  keepAlive: true,
};

const rivals: Readonly<Record<string, Rival>> = {
  sync: {
    own: (logged) => ours({ app: { wsgi: 'hello:app' }, workers: { count: workers }, ...log(logged) }),
    peers: { gunicorn: (logged) => gunicorn(['-w', String(workers), ...gunicornLog(logged)]) },
    keepAlive: false,
  },
  gthread,
  fast: {
    own: (logged) =>
      ours({
        app: { wsgi: 'hello:app' },
        workers: { count: workers, class: 'fast', threads: 4, keepAlive: '5s' },
        ...log(logged),
      }),
    peers: { 'gunicorn gthread': (logged) => gunicorn(['-w', String(workers), ...threads, ...gunicornLog(logged)]) },
    keepAlive: true,
  },
  uvicorn: {
    own: (logged) => ours({ app: { asgi: 'hello_asgi:app' }, workers: { count: workers }, ...log(logged) }),
    peers: {
      uvicorn: (logged) =>
        uvicorn(['--workers', String(workers), ...(logged ? ['--log-level', 'info'] : ['--no-access-log'])]),
    },
    keepAlive: true,
  },
  express: {
    own: (logged) => ours({ app: { node: join(apps, 'server.cjs') }, workers: { count: workers }, ...log(logged) }),
    peers: { 'node:cluster': (logged) => nodeCluster(workers, logged), pm2: (logged) => pm2(workers, logged) },
    keepAlive: true,
  },
};

/** A server that stays for some measurements. */
function kept(start: () => Promise<Server>, warmUp: string): { get: () => Promise<Server>; end: () => Promise<void> } {
  let server: Server | undefined;
  let uses = 0;
  const end = async (): Promise<void> => {
    const ending = server;
    server = undefined;
    await ending?.[Symbol.asyncDispose]();
  };
  return {
    get: async () => {
      if (uses++ % runsPerStart === 0) await end();
      if (server === undefined) {
        server = await start();
        await server.answering();
        await throughput(server.url(warmUp), 1);
      }
      return server;
    },
    end,
  };
}

type Measure = (server: Server) => Promise<number>;

function sideBySide(
  figure: string,
  unit: string,
  { rival, path, logged, measure }: { rival: Rival; path: string; logged: boolean; measure: Measure },
): Contest {
  const own = kept(() => rival.own(logged), path);
  const peers = Object.entries(rival.peers).map(([name, start]) => [name, kept(() => start(logged), path)] as const);
  return {
    figure,
    unit,
    runs,
    ours: async () => measure(await own.get()),
    peers: Object.fromEntries(peers.map(([name, { get }]) => [name, async () => measure(await get())])),
    close: async () => {
      await Promise.all([own, ...peers.map(([, one]) => one)].map(({ end }) => end()));
    },
  };
}

/** The client itself manages no more than so many requests per second on a core. */
const clientLimit = { fresh: 3_000, kept: 4_000 };
const latencySeconds = 3;

/**
 * Ours and the first peer on the same core at the same time, half of the load each: what holds up the machine for a while
 * is what the 99th percentile shows, and it has to hit both alike.
 */
async function latency(figure: string, rival: Rival, given?: { path: string; rate: number }): Promise<Contest> {
  const [[peer, first] = []] = Object.entries(rival.peers);
  if (peer === undefined || first === undefined) throw new Error('a contest needs a peer');
  const { path = '/' } = given ?? {};
  const own = kept(() => rival.own(false), path);
  const theirs = kept(() => first(false), path);
  const possible = async (): Promise<number> => throughput((await theirs.get()).url(), seconds);
  const limit = rival.keepAlive ? clientLimit.kept : clientLimit.fresh;
  const rate = given?.rate ?? Math.min(limit, 0.7 * (await possible())) / 2;
  const measure = async (server: Server): Promise<number> =>
    p99AtRate(server.url(path), rate, latencySeconds, rival.keepAlive);
  /** What the other one of a pair has been measured to have. */
  let waiting: number | undefined;
  const together = async (mine: 0 | 1): Promise<number> => {
    if (waiting !== undefined) {
      const value = waiting;
      waiting = undefined;
      return value;
    }
    const servers = [await own.get(), await theirs.get()] as const;
    const values = await Promise.all([measure(servers[0]), measure(servers[1])]);
    waiting = values[mine === 0 ? 1 : 0];
    return values[mine];
  };
  return {
    figure,
    unit: `ms at ${Math.round(rate)}/s each`,
    runs: 21,
    ours: () => together(0),
    peers: { [peer]: () => together(1) },
    close: async () => {
      await Promise.all([own.end(), theirs.end()]);
    },
  };
}

/** The application writes 20 lines of JSON a request: 10,000 a second of each server. */
const logging = { path: '/log', rate: 500 };

/** By name of the figure. */
export function throughputContests(): Readonly<Record<string, () => Promise<Contest>>> {
  const measure: Measure = (server) => throughput(server.url(), seconds);
  const measure2ms: Measure = (server) => throughput(server.url('/2ms'), seconds);
  const contests = Object.fromEntries(
    Object.entries(rivals).flatMap(([name, rival]): [string, () => Promise<Contest>][] => {
      const rps = (suffix: string, options: { path: string; logged: boolean; measure: Measure }) => {
        const figure = `rps_${name}${suffix}`;
        const make = async (): Promise<Contest> => sideBySide(figure, 'requests/s', { rival, ...options });
        return [figure, make] satisfies [string, unknown];
      };
      return [
        rps('', { path: '/', logged: false, measure }),
        rps('_2ms', { path: '/2ms', logged: false, measure: measure2ms }),
        rps('_log', { path: '/', logged: true, measure }),
        [`p99_${name}`, () => latency(`p99_${name}`, rival)],
      ];
    }),
  );
  return {
    ...contests,
    p99_json_log: () => latency('p99_json_log', gthread, logging),
  };
}
