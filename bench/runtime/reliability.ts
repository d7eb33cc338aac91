// What happens to requests and workers at a reload, at the end, in a crash loop and after a kill.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Contest } from '../figure.ts';
import { constantLoad, type Sent } from '../load.ts';
import { gunicorn, ours, type Server } from '../server.ts';

const quiet = { logging: { level: 'warn' } };
const sync = (count: number, more: object = {}): object => ({
  app: { wsgi: 'hello:app' },
  workers: { count },
  drain: { minimum: '0s', maximum: '3s' },
  ...quiet,
  ...more,
});

async function reload(start: () => Promise<Server>): Promise<Sent> {
  await using server = await start();
  await server.answering();
  await delay(3_500);
  const load = constantLoad({ url: server.url(), rate: 100, connections: 'fresh' });
  await delay(1_000);
  server.child.kill('SIGHUP');
  await delay(10_000);
  return await load.stop();
}

const boot = { BOOT_SECONDS: '3' };
const reloads = {
  ours: () => reload(() => ours(sync(2), boot)),
  gunicorn: () => reload(() => gunicorn(['-w', '2'], 'hello:app', boot)),
};

/** Requests that wait for the one worker when TERM comes, and are answered. */
async function queuedAnswered(start: () => Promise<Server>): Promise<number> {
  await using server = await start();
  await server.answering();
  const answers = Array.from({ length: 12 }, () =>
    fetch(server.url('/slow'), { headers: { connection: 'close' } }).then(
      (response) => response.status === 200,
      () => false,
    ),
  );
  await delay(100);
  server.child.kill('SIGTERM');
  return (await Promise.all(answers)).filter(Boolean).length;
}

/** From the end of the drain window to the exit, with one idle connection that the client keeps. */
async function drainIdle(start: () => Promise<Server>, windowMs: number): Promise<number> {
  const server = await start();
  await server.answering();
  const agent = new Agent({ keepAlive: true });
  await new Promise((resolve) => {
    get(server.url(), { agent }, (response) => response.resume().on('end', resolve));
  });
  const began = performance.now();
  server.child.kill('SIGTERM');
  await server.exited;
  agent.destroy();
  await server[Symbol.asyncDispose]();
  return performance.now() - began - windowMs;
}

async function boots(start: (env: Record<string, string>) => Promise<Server>): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'appserver-bench-boots-'));
  const file = join(dir, 'boots');
  writeFileSync(file, '');
  const server = await start({ BOOTS: file });
  await delay(10_000);
  const count = readFileSync(file, 'utf8').length;
  server.child.kill('SIGKILL');
  await server.exited;
  rmSync(dir, { recursive: true });
  return count;
}

/** From kill -9 of the one worker to the first answer of its replacement: median of several kills. */
async function recovery(start: () => Promise<Server>): Promise<number> {
  await using server = await start();
  await server.answering();
  const pid = async (): Promise<string> =>
    (await fetch(server.url('/pid'), { headers: { connection: 'close' } })).text();
  // Proven: a worker that dies young is replaced with a delay, and that is as it should be.
  await delay(3_000);
  const victim = await pid();
  const began = performance.now();
  process.kill(Number(victim), 'SIGKILL');
  for (;;) {
    try {
      if ((await pid()) !== victim) return performance.now() - began;
    } catch {
      /* the request was in its hands */
    }
  }
}

const gthread = (more: object): object => ({
  app: { wsgi: 'hello:app' },
  workers: { count: 1, class: 'gthread', threads: 2, keepAlive: '75s', gracefulTimeout: '12s' },
  ...quiet,
  ...more,
});
const drainWindowMs = 1_000;

export const reliability: Readonly<Record<string, () => Promise<Contest>>> = {
  reload_stall_ms: async () => ({
    figure: 'reload_stall_ms',
    unit: 'ms',
    runs: 3,
    ours: async () => (await reloads.ours()).stallMs,
    peers: { gunicorn: async () => (await reloads.gunicorn()).stallMs },
  }),
  reload_lost: async () => ({
    figure: 'reload_lost',
    unit: 'requests',
    runs: 3,
    ours: async () => (await reloads.ours()).lost,
    peers: { gunicorn: async () => (await reloads.gunicorn()).lost },
  }),
  term_queued_answered: async () => ({
    figure: 'term_queued_answered',
    unit: 'of 12',
    runs: 9,
    ours: () => queuedAnswered(() => ours(sync(1))),
    peers: { gunicorn: () => queuedAnswered(() => gunicorn(['-w', '1'])) },
  }),
  drain_idle_keepalive_ms: async () => ({
    figure: 'drain_idle_keepalive_ms',
    unit: 'ms',
    runs: 9,
    ours: () => drainIdle(() => ours(gthread({ drain: { minimum: '1s', maximum: '1s' } })), drainWindowMs),
    peers: {
      gunicorn: () =>
        drainIdle(
          () =>
            gunicorn(['-w', '1', '-k', 'gthread', '--threads', '2', '--keep-alive', '75', '--graceful-timeout', '12']),
          0,
        ),
    },
  }),
  crashloop_boots_10s: async () => ({
    figure: 'crashloop_boots_10s',
    unit: 'boots',
    runs: 3,
    ours: () => boots((env) => ours({ app: { wsgi: 'dies:app' }, workers: { count: 1 }, ...quiet }, env)),
    peers: { gunicorn: () => boots((env) => gunicorn(['-w', '1'], 'dies:app', env)) },
  }),
  recovery_ms: async () => ({
    figure: 'recovery_ms',
    unit: 'ms',
    runs: 9,
    ours: () => recovery(() => ours(sync(1))),
    peers: { gunicorn: () => recovery(() => gunicorn(['-w', '1'])) },
  }),
  recovery_ms_preload: async () => ({
    figure: 'recovery_ms_preload',
    unit: 'ms',
    runs: 9,
    ours: () => recovery(() => ours(sync(1, { workers: { count: 1, preload: true } }))),
    peers: { gunicorn: () => recovery(() => gunicorn(['-w', '1', '--preload'])) },
  }),
};
