// What the admin port tells. Codes and numbers only: the port is open to the pod network, while stderr, stacks and paths
// belong into the log.
import type { AcceptQueue } from '../linux/accept-queue.ts';
import type { Boots, Counters } from '../machine/accounting.ts';
import { isReady, readyCount, type Phase, type Settings, type State, type WorkerKind } from '../machine/state.ts';
import type { Row } from '../processes/shared-memory.ts';

interface WorkerReport {
  readonly id: number;
  readonly pid: number | null;
  readonly state: WorkerKind;
  readonly ageSeconds: number;
  readonly requests: number;
  readonly busy: number;
  /** Open now. */
  readonly connections: number;
  /** Resident. */
  readonly memoryBytes: number;
  readonly generation: number;
  /** Whether Python runs with its global interpreter lock; null for what is not Python. */
  readonly gil: boolean | null;
}

export interface Report {
  readonly version: string;
  /** Revision of the live settings in force. */
  readonly settings: string;
  readonly phase: Phase['kind'];
  readonly ready: boolean;
  readonly reload: State['reload']['kind'];
  readonly workers: { readonly desired: number; readonly ready: number; readonly list: readonly WorkerReport[] };
  /** Workers that ended without having been asked to, by error code, since the container started. */
  readonly restarts: Readonly<Record<string, number>>;
  /** Workers replaced although they were well, by reason. */
  readonly replaced: Readonly<Record<string, number>>;
  readonly requestTimeouts: number;
  /** Requests that were in the hands of workers that died. */
  readonly requestsLost: number;
  /** Connections that workers had open when they died, with and without a request. */
  readonly connectionsLost: number;
  readonly lastFailure: string | null;
  readonly acceptQueue: number;
  /** Of the whole network namespace. */
  readonly acceptQueueDrops: number;
  /** Since the container started, ended workers included. */
  readonly counters: Counters;
  /** How long workers took from their start until they were ready. */
  readonly boots: Boots;
}

/** What probes ask for, from the state alone: they come often, and the rest has to be read from files. */
export interface Health {
  readonly phase: Phase['kind'];
  readonly workers: { readonly desired: number; readonly ready: number };
  readonly lastFailure: string | null;
}

export function health(state: State): Health {
  return {
    phase: state.phase.kind,
    workers: { desired: state.settings.workers, ready: readyCount(state) },
    lastFailure: state.lastFailure?.code ?? null,
  };
}

export interface Sampled {
  readonly total: Counters;
  readonly bySlot: ReadonlyMap<number, Row>;
  readonly memoryBySlot: ReadonlyMap<number, number>;
  readonly acceptQueue: AcceptQueue;
}

export function report(
  state: State,
  sampled: Sampled,
  identity: { version: string; settings: string },
  now: number,
): Report {
  const { phase, workers, lastFailure } = health(state);
  return {
    version: identity.version,
    settings: identity.settings,
    phase,
    ready: isReady(state),
    reload: state.reload.kind,
    workers: {
      ...workers,
      list: state.workers.map((worker) => {
        const { counters, connections = 0, gil = null } = sampled.bySlot.get(worker.slot) ?? {};
        return {
          id: worker.id,
          pid: worker.pid ?? null,
          state: worker.kind,
          ageSeconds: Math.round((now - worker.since) / 1000),
          requests: counters?.ended ?? 0,
          busy: Math.max(0, (counters?.begun ?? 0) - (counters?.ended ?? 0)),
          connections,
          memoryBytes: sampled.memoryBySlot.get(worker.slot) ?? 0,
          generation: worker.generation,
          gil,
        };
      }),
    },
    restarts: state.restarts,
    replaced: state.replaced,
    requestTimeouts: state.requestTimeouts,
    requestsLost: state.accounts.requestsLost,
    connectionsLost: state.accounts.connectionsLost,
    lastFailure,
    acceptQueue: sampled.acceptQueue.length,
    acceptQueueDrops: sampled.acceptQueue.drops,
    counters: sampled.total,
    boots: state.accounts.boots,
  };
}

/** What the control socket tells beyond that: what runs, since when, and within which limits. */
export interface About {
  readonly application: string;
  /** Of wsgi workers; null for others. */
  readonly class: string | null;
  readonly listen: readonly string[];
  /** ISO 8601. */
  readonly startedAt: string;
  /** When a worker failed last, ISO 8601; null for never. */
  readonly lastFailureAt: string | null;
  /** Times in seconds, memory in bytes; null for no limit. */
  readonly limits: {
    readonly bootTimeout: number;
    readonly heartbeatTimeout: number;
    readonly requestTimeout: number | null;
    readonly gracefulTimeout: number;
    readonly workerMemory: number | null;
  };
}

interface Times {
  readonly startedAt: string;
  readonly lastFailureAt: string | undefined;
}

interface Configured {
  readonly app: { readonly kind: string; readonly target: string; readonly class?: string };
  readonly listen: readonly string[];
}

export function about({ app, listen }: Configured, settings: Settings, times: Times): About {
  const { bootTimeoutMs, heartbeatTimeoutMs, requestTimeoutMs, gracefulTimeoutMs, recycle } = settings;
  return {
    application: `${app.kind} ${app.target}`,
    class: app.kind === 'wsgi' ? (app.class ?? null) : null,
    listen,
    startedAt: times.startedAt,
    lastFailureAt: times.lastFailureAt ?? null,
    limits: {
      bootTimeout: bootTimeoutMs / 1000,
      heartbeatTimeout: heartbeatTimeoutMs / 1000,
      requestTimeout: requestTimeoutMs === 0 ? null : requestTimeoutMs / 1000,
      gracefulTimeout: gracefulTimeoutMs / 1000,
      workerMemory: recycle.memoryBytes ?? null,
    },
  };
}

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** Why it is not. */
  readonly why: string;
}

export function readyChecks(of: Health, neededWorkers: number): Check[] {
  const last = of.lastFailure === null ? '' : `, last failure ${of.lastFailure}`;
  const needed = Math.max(1, Math.min(neededWorkers, of.workers.desired));
  return [
    { name: 'phase', ok: of.phase === 'serving', why: of.phase },
    {
      name: 'workers',
      ok: of.workers.ready >= needed,
      why: `${of.workers.ready} of ${of.workers.desired} ready, ${needed} needed${last}`,
    },
  ];
}

/**
 * Live means that the supervisor's loop turns, which an answer proves: it restarts workers by itself and ends the
 * process when none gets ready. Workers that are all busy are no reason to restart the container.
 */
export function liveChecks(of: Health): Check[] {
  return [{ name: 'supervisor', ok: of.phase !== 'stopped', why: of.phase }];
}
