// What is seen of one framework behind one server.
import { setTimeout as delay } from 'node:timers/promises';
import type { Runtime } from '../runtime/runtime-process.ts';
import { client, Load, textOf } from './clients.ts';
import type { Framework } from './frameworks.ts';
import { behindRuntime, documented, type Place, type Server } from './server.ts';
import type { SentryServer } from './sentry-server.ts';
import { echoes } from './web-socket.ts';

export const rows = [
  'starts and serves',
  'streams',
  'echoes on a WebSocket',
  'writes whole lines',
  'reloads without a loss',
  'ends without a loss',
  'exits with 0',
  'finishes its clean-up at a reload',
  'finishes its clean-up at TERM',
  'sends its last spans',
  'sends its last event',
  'counts in all processes',
] as const;

export type Row = (typeof rows)[number];

/** Why a row does not hold; nothing if it does. A row that is not observed here is missing. */
export type Observed = Map<Row, string | undefined>;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function observe(observed: Observed, row: Row, look: () => Promise<void> | void): Promise<void> {
  try {
    await look();
    observed.set(row, undefined);
  } catch (error) {
    observed.set(row, messageOf(error));
  }
}

function equal(actual: unknown, expected: unknown, what: string): void {
  if (actual !== expected) throw new Error(`${what}: ${String(actual)} instead of ${String(expected)}`);
}

const occurrences = (text: string, pattern: RegExp): number => [...text.matchAll(pattern)].length;

/** Waits for what another process does, which nothing else announces. */
async function until(what: string, milliseconds: number, probe: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = performance.now() + milliseconds;
  while (performance.now() < deadline) {
    if (await probe()) return;
    await delay(20);
  }
  throw new Error(`not ${what} within ${milliseconds / 1000} s`);
}

class Session {
  readonly framework: Framework;
  readonly server: Server;
  readonly observed: Observed = new Map();
  readonly #sentry: SentryServer;
  /** Requests of `/` that were answered. */
  greeted = 0;

  constructor(framework: Framework, server: Server, sentry: SentryServer) {
    this.framework = framework;
    this.server = server;
    this.#sentry = sentry;
  }

  async get(path: string): Promise<readonly { readonly text: string; readonly at: number }[]> {
    using one = client(this.framework.protocol, this.server.port, 'fresh');
    const parts = await one.get(path);
    if (path === '/') this.greeted += 1;
    return parts;
  }

  /** @throws unless it serves within 60 s */
  async starts(): Promise<void> {
    await observe(this.observed, 'starts and serves', async () => {
      let last = '';
      const answers = async (): Promise<boolean> => {
        if (this.server.child.exitCode !== null) throw new Error(`it exited: ${this.server.output.slice(-1000)}`);
        try {
          last = textOf(await this.get('/'));
          return true;
        } catch (error) {
          last = messageOf(error);
          return false;
        }
      };
      await until('serving', 60_000, answers).catch((error: unknown) => {
        throw new Error(`${messageOf(error)}: ${last} ${this.server.output.slice(-1000)}`);
      });
      if (!last.includes(this.framework.greeting)) throw new Error(`it answers ${last.slice(0, 200)}`);
    });
  }

  async serves(): Promise<void> {
    const { observed, server } = this;
    const { streams, socket } = this.framework;
    if (streams) {
      await observe(observed, 'streams', async () => {
        const parts = await this.get('/stream');
        const at = (text: string): number => parts.find((part) => part.text.includes(text))?.at ?? NaN;
        const between = at('three') - at('one');
        if (!(between > 250))
          throw new Error(`${between} ms between the first part and the third, which are sent 500 ms apart`);
      });
    }
    if (socket !== undefined) await observe(observed, 'echoes on a WebSocket', () => echoes(socket, server.port));
    await observe(observed, 'writes whole lines', async () => {
      await this.get('/log');
      const whole = (): number => occurrences(server.output, /line \d+ x{1000} whole/g);
      await until('all in the log', 5000, () => whole() >= 100).catch((error: unknown) => {
        throw new Error(`${messageOf(error)}: ${whole()} of 100 lines`);
      });
    });
  }

  /** What the framework alone does, before its server is told to end. */
  async beforeEnd(): Promise<void> {
    switch (this.framework.own) {
      case 'counts in all processes':
        return observe(this.observed, 'counts in all processes', async () => {
          const counted = /^orders_total (\d+)/m.exec(textOf(await this.get('/metrics')))?.[1];
          equal(Number(counted), this.greeted, 'requests in the metrics');
        });
      case 'sends its last event':
        await this.get('/failure').catch(() => {
          /* an answer of 500 is what it is for */
        });
        return undefined;
      case 'sends its last spans':
      case undefined:
        return undefined;
    }
  }

  async afterEnd(cleanUps: number, before: number): Promise<void> {
    const { observed, server, framework } = this;
    const seen = { begun: 0, finished: 0 };
    await observe(observed, 'finishes its clean-up at TERM', () => {
      seen.begun = occurrences(server.output, /clean-up begins/g) - before;
      seen.finished = occurrences(server.output, /clean-up finished/g) - before;
      equal(`${seen.begun} begun, ${seen.finished} finished`, `${cleanUps} begun, ${cleanUps} finished`, 'clean-ups');
    });
    if (framework.own === 'sends its last spans') {
      await observe(observed, 'sends its last spans', () => {
        equal(occurrences(server.output, /span GET \/(?![a-z])/g), this.greeted, 'spans');
      });
    }
    if (framework.own === 'sends its last event') {
      await observe(observed, 'sends its last event', () => {
        equal(this.#sentry.taken('a failure to report'), 1, 'events');
      });
    }
  }
}

const finished = (server: Server): number => occurrences(server.output, /clean-up finished/g);

async function reload(session: Session, runtime: Runtime): Promise<void> {
  const { framework, observed } = session;
  const load = new Load(framework.protocol, runtime.port);
  const old = new Set((await runtime.readyWorkers()).map(({ pid }) => pid));
  await observe(observed, 'reloads without a loss', async () => {
    await delay(300);
    runtime.child.kill('SIGHUP');
    // New workers serve before the old ones end, and those keep their connections open for a while.
    await until('reloaded', 12_000, async () => {
      const { list, desired } = (await runtime.status()).workers;
      return list.length === desired && list.every(({ pid, state }) => state === 'ready' && !old.has(pid));
    });
    await load.stop();
    equal(
      load.lost.length,
      0,
      `lost of ${load.answered + load.lost.length} requests (${load.lost.slice(0, 3).join('; ')})`,
    );
  });
  await load.stop();
  session.greeted += load.answered;
  await observe(observed, 'finishes its clean-up at a reload', async () => {
    await until('in the log', 1000, () => finished(runtime) === framework.count).catch(() => {
      throw new Error(`clean-ups: ${finished(runtime)} finished instead of ${framework.count}`);
    });
  });
}

/** How long clients go on to send requests after TERM: less than the runtime's drain at least takes. */
const noticedAfterMs = 700;

async function end(session: Session, server: Server): Promise<void> {
  server.child.kill('SIGTERM');
  const code = await Promise.race([server.exited, delay(10_000, 'still running after 10 s', { ref: false })]);
  await observe(session.observed, 'exits with 0', () => equal(code, 0, 'exit'));
}

async function endUnderLoad(session: Session, runtime: Runtime): Promise<void> {
  const load = new Load(session.framework.protocol, runtime.port);
  await observe(session.observed, 'ends without a loss', async () => {
    await delay(300);
    load.slow();
    const ended = end(session, runtime);
    await delay(noticedAfterMs);
    await load.stop();
    await ended;
    equal(
      load.lost.length,
      0,
      `lost of ${load.answered + load.lost.length} requests (${load.lost.slice(0, 3).join('; ')})`,
    );
  });
  session.greeted += load.answered;
}

export async function seenBehindRuntime(framework: Framework, place: Place, sentry: SentryServer): Promise<Observed> {
  await using runtime = await behindRuntime(framework, place);
  const session = new Session(framework, runtime, sentry);
  await session.starts();
  if (session.observed.get('starts and serves') !== undefined) return session.observed;
  await until('all workers ready', 60_000, async () => {
    const { ready, desired } = (await runtime.status()).workers;
    return ready === desired;
  });
  await session.serves();
  await reload(session, runtime);
  await session.beforeEnd();
  const before = finished(runtime);
  await endUnderLoad(session, runtime);
  await session.afterEnd(framework.count, before);
  return session.observed;
}

/** Without a load: the documented servers refuse connections from TERM on, which is for others to keep from clients. */
export async function seenAsDocumented(framework: Framework, place: Place, sentry: SentryServer): Promise<Observed> {
  await using server = await documented(framework, place);
  const session = new Session(framework, server, sentry);
  await session.starts();
  if (session.observed.get('starts and serves') !== undefined) return session.observed;
  await session.serves();
  await session.beforeEnd();
  await end(session, server);
  await session.afterEnd(framework.processes, 0);
  return session.observed;
}
