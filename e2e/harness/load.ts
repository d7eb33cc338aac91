// A client with a constant rate: it sends when it is time to, whether earlier requests have been answered or not, as
// users do. Only to addresses inside the cluster's network namespaces.
import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

export interface Load {
  readonly url: string;
  /** Requests per second. */
  readonly rate: number;
  /** Fresh opens a connection a request; keep-alive uses `connections` of them again and again. */
  readonly connections: 'fresh' | number;
  /** Default 10 s. */
  readonly timeoutMs?: number;
}

export interface LoadResult {
  readonly sent: number;
  readonly answered: number;
  /** What came of each request without a complete answer below 500, with the second at which it was sent. */
  readonly lost: readonly string[];
  /** Values of the answer's `revision`. */
  readonly revisions: ReadonlySet<string>;
  readonly slowestMs: number;
}

/** Stops with the test that started it, whatever becomes of that. */
export interface RunningLoad extends AsyncDisposable {
  /** Sends no more, waits for what is under way. */
  stop(): Promise<LoadResult>;
}

function send(url: string, agent: Agent, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { agent, signal: AbortSignal.timeout(timeoutMs) }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.on('error', reject);
      response.on('end', () => {
        const status = response.statusCode ?? 0;
        if (response.complete && status < 500) resolve(body);
        else reject(new Error(response.complete ? `status ${status}` : 'answer cut off'));
      });
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

export function startLoad({ url, rate, connections, timeoutMs = 10_000 }: Load): RunningLoad {
  const agent =
    connections === 'fresh'
      ? new Agent({ keepAlive: false })
      : new Agent({ keepAlive: true, maxSockets: connections, scheduling: 'fifo' });
  const started = performance.now();
  const ending = new AbortController();
  const underWay = new Set<Promise<void>>();
  const lost: string[] = [];
  const revisions = new Set<string>();
  let sent = 0;
  let answered = 0;
  let slowestMs = 0;

  const one = async (): Promise<void> => {
    const at = performance.now();
    try {
      const body = await send(url, agent, timeoutMs);
      answered++;
      const revision = /"revision":"([^"]*)"/.exec(body)?.[1];
      if (revision !== undefined) revisions.add(revision);
    } catch (error) {
      lost.push(
        `at ${((at - started) / 1000).toFixed(2)} s after ${(performance.now() - at).toFixed(0)} ms: ${String(error)}`,
      );
    }
    slowestMs = Math.max(slowestMs, performance.now() - at);
  };

  const sending = (async () => {
    while (!ending.signal.aborted) {
      // Bounded: a client that was held up does not make up for more than a second at once.
      const due = Math.min(Math.floor(((performance.now() - started) / 1000) * rate) - sent, rate);
      for (let i = 0; i < due; i++) {
        sent++;
        const answer = one();
        underWay.add(answer);
        void answer.finally(() => underWay.delete(answer));
      }
      await delay(Math.min(5, 500 / rate));
    }
  })();

  const stop = async (): Promise<LoadResult> => {
    ending.abort();
    await sending;
    await Promise.all(underWay);
    agent.destroy();
    return { sent, answered, lost, revisions, slowestMs };
  };
  return {
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
    },
  };
}
