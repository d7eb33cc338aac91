// Load on loopback: wrk for how much goes through, vegeta for how long it takes at a rate, and a client of our own that
// keeps what happened to each request.
import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { join } from 'node:path';
import { run } from '../e2e/cluster/command.ts';
import { binDir } from '../e2e/cluster/layout.ts';
import { onClientCore } from './cores.ts';

/** Requests per second over so many connections. */
export async function throughput(url: string, seconds: number, connections = 16): Promise<number> {
  const output = await run([...onClientCore, 'wrk', '-t1', `-c${connections}`, `-d${seconds}s`, url]);
  const [, rate] = /Requests\/sec:\s+([\d.]+)/.exec(output) ?? [];
  const [, failed = '0'] = /Non-2xx or 3xx responses: (\d+)/.exec(output) ?? [];
  if (rate === undefined || Number(failed) > 0) throw new Error(`wrk: ${output}`);
  return Number(rate);
}

const vegetaReport = z.object({ latencies: z.object({ '99th': z.number() }), success: z.number() });

/** 99th percentile of the latency at so many requests per second, sent when it is time to and not when answers come. */
export async function p99AtRate(url: string, rate: number, seconds: number, keepAlive: boolean): Promise<number> {
  const vegeta = join(binDir, 'vegeta');
  const attack = `${vegeta} attack -rate=${Math.round(rate)}/s -duration=${seconds}s -keepalive=${keepAlive} -timeout=10s`;
  const command = `${attack} -connections=64 | ${vegeta} report -type=json`;
  const output = await run([...onClientCore, 'sh', '-c', command], { input: `GET ${url}\n` });
  const report = vegetaReport.parse(JSON.parse(output));
  if (report.success < 1) throw new Error(`vegeta: ${output}`);
  return report.latencies['99th'] / 1e6;
}

export interface Sent {
  readonly latenciesMs: readonly number[];
  /** Longest time between two answers. */
  readonly stallMs: number;
  readonly lost: number;
  /** How often what went wrong. */
  readonly why: Readonly<Record<string, number>>;
}

export interface ConstantLoad {
  readonly url: string;
  /** Per second. */
  readonly rate: number;
  /** Kept, or a fresh one a request. */
  readonly connections: number | 'fresh';
}

/** Sends when it is time to, whether earlier requests have been answered or not. */
export function constantLoad({ url, rate, connections }: ConstantLoad): { stop: () => Promise<Sent> } {
  const agent =
    connections === 'fresh' ? new Agent() : new Agent({ keepAlive: true, maxSockets: connections, scheduling: 'fifo' });
  const latenciesMs: number[] = [];
  const underWay = new Set<Promise<void>>();
  const why: Record<string, number> = {};
  const state = { stopped: false, lost: 0, answeredAt: performance.now(), stallMs: 0, sent: 0 };
  const send = (due: number): Promise<void> =>
    new Promise((resolve) => {
      const lose = (error: NodeJS.ErrnoException): void => {
        const reason = error.code ?? error.message;
        why[reason] = (why[reason] ?? 0) + 1;
        state.lost++;
        resolve();
      };
      const outgoing = request(url, { agent, signal: AbortSignal.timeout(15_000) }, (response) => {
        response.on('error', lose).resume();
        response.on('end', () => {
          const now = performance.now();
          if ((response.statusCode ?? 500) >= 500) return lose(new Error(`status ${response.statusCode}`));
          latenciesMs.push(now - due);
          state.stallMs = Math.max(state.stallMs, now - state.answeredAt);
          state.answeredAt = now;
          return resolve();
        });
      });
      outgoing.on('error', lose).end();
    });
  const started = performance.now();
  const sending = (async () => {
    while (!state.stopped) {
      const due = Math.floor(((performance.now() - started) / 1000) * rate);
      for (; state.sent < due; state.sent++) {
        const answer = send(started + (state.sent * 1000) / rate);
        underWay.add(answer);
        void answer.finally(() => underWay.delete(answer));
      }
      await delay(1);
    }
  })();
  return {
    stop: async () => {
      state.stopped = true;
      await sending;
      await Promise.all(underWay);
      agent.destroy();
      return { latenciesMs, stallMs: state.stallMs, lost: state.lost, why };
    },
  };
}
