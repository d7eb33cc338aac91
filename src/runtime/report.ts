// What the admin port tells. Codes and numbers only: the port is open to the pod network, while stderr, stacks and paths
// belong into the log.
import { isReady, readyCount, type Phase, type State, type WorkerKind } from './state.ts';
import type { Counters } from './shared-memory.ts';

interface WorkerReport {
  readonly id: number;
  readonly pid: number | null;
  readonly state: WorkerKind;
  readonly ageSeconds: number;
  readonly requests: number;
  readonly busy: number;
}

export interface Report {
  readonly version: string;
  /** Revision of the live settings in force. */
  readonly settings: string;
  readonly phase: Phase['kind'];
  readonly ready: boolean;
  readonly workers: { readonly desired: number; readonly ready: number; readonly list: readonly WorkerReport[] };
  /** Workers that ended without having been asked to, by error code, since the container started. */
  readonly restarts: Readonly<Record<string, number>>;
  readonly lastFailure: string | null;
  readonly acceptQueue: number;
  /** Since the container started, ended workers included. */
  readonly counters: Counters;
}

export interface Sampled {
  readonly total: Counters;
  readonly bySlot: ReadonlyMap<number, Counters>;
  readonly acceptQueue: number;
}

export function report(
  state: State,
  sampled: Sampled,
  identity: { version: string; settings: string },
  now: number,
): Report {
  return {
    version: identity.version,
    settings: identity.settings,
    phase: state.phase.kind,
    ready: isReady(state),
    workers: {
      desired: state.settings.workers,
      ready: readyCount(state),
      list: state.workers.map((worker) => {
        const counters = sampled.bySlot.get(worker.slot);
        return {
          id: worker.id,
          pid: worker.pid ?? null,
          state: worker.kind,
          ageSeconds: Math.round((now - worker.since) / 1000),
          requests: counters?.ended ?? 0,
          busy: Math.max(0, (counters?.begun ?? 0) - (counters?.ended ?? 0)),
        };
      }),
    },
    restarts: state.restarts,
    lastFailure: state.lastFailure?.code ?? null,
    acceptQueue: sampled.acceptQueue,
    counters: sampled.total,
  };
}

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** Why it is not. */
  readonly why: string;
}

export function readyChecks(of: Report, neededWorkers: number): Check[] {
  const last = of.lastFailure === null ? '' : `, last failure ${of.lastFailure}`;
  return [
    { name: 'phase', ok: of.phase === 'serving', why: of.phase },
    {
      name: 'workers',
      ok: of.workers.ready >= Math.min(neededWorkers, of.workers.desired),
      why: `${of.workers.ready} of ${of.workers.desired} ready, ${neededWorkers} needed${last}`,
    },
  ];
}

/**
 * Live means that the supervisor's loop turns, which an answer proves: it restarts workers by itself and ends the
 * process when none gets ready. Workers that are all busy are no reason to restart the container.
 */
export function liveChecks(of: Report): Check[] {
  return [{ name: 'supervisor', ok: of.phase !== 'stopped', why: of.phase }];
}
