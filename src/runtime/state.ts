// The supervisor's state: plain data, changed by step() alone.
import type { ErrorCode } from './errors.ts';

/** Why a worker or the whole runtime came to an end. */
export interface Failure {
  readonly code: ErrorCode;
  /** One sentence; may hold the application's own words, so it is for the log, never for the admin port. */
  readonly cause: string;
}

interface WorkerIdentity {
  /** Never used twice in the life of the pod. */
  readonly id: number;
  /** Place in the shared memory, from 0; free again once the worker has been reaped. */
  readonly slot: number;
  /** Unknown until the process exists. */
  readonly pid: number | undefined;
  /** When the worker entered its present state. */
  readonly since: number;
}

export type Worker = WorkerIdentity &
  (
    | { readonly kind: 'starting'; readonly deadline: number; readonly failure: Failure | undefined }
    | { readonly kind: 'ready'; readonly lastBeat: number }
    /** Was asked to finish what it has and end. */
    | { readonly kind: 'draining'; readonly killAt: number }
    /** Was sent ABRT, on which it writes its stacks and dies. */
    | { readonly kind: 'aborting'; readonly killAt: number; readonly failure: Failure }
    | { readonly kind: 'killed'; readonly failure: Failure }
  );

export type WorkerKind = Worker['kind'];

export interface Exit {
  readonly code: number;
  readonly failure: Failure | undefined;
}

export type Phase =
  /** No worker has been ready yet. */
  | { readonly kind: 'booting' }
  | { readonly kind: 'serving' }
  /** Asked to end, still accepting: endpoints and load balancers lag behind. */
  | { readonly kind: 'draining'; readonly since: number; readonly quiet: boolean }
  /** Workers were asked to end; none is started any more. */
  | { readonly kind: 'stopping'; readonly exit: Exit }
  | { readonly kind: 'stopped'; readonly exit: Exit };

/** Times in milliseconds. */
export interface Settings {
  readonly workers: number;
  readonly readyWorkers: number;
  readonly bootTimeoutMs: number;
  readonly heartbeatTimeoutMs: number;
  readonly gracefulTimeoutMs: number;
  readonly drainMinimumMs: number;
  readonly drainMaximumMs: number;
}

export interface State {
  readonly phase: Phase;
  readonly settings: Settings;
  readonly workers: readonly Worker[];
  readonly nextId: number;
  /** Workers that failed one after the other with none of them living long enough between. */
  readonly failures: number;
  /** No worker is started before this time. */
  readonly startNotBefore: number;
  /** Since when fewer than one worker has been ready. */
  readonly noneReadySince: number | undefined;
  readonly lastFailure: Failure | undefined;
  /** Ended workers by cause, over the life of the pod; those that ended as asked are not counted. */
  readonly restarts: Readonly<Partial<Record<ErrorCode, number>>>;
}

export type Event =
  | { readonly kind: 'started' }
  | { readonly kind: 'spawned'; readonly id: number; readonly pid: number }
  | { readonly kind: 'spawn-failed'; readonly id: number; readonly cause: string }
  | { readonly kind: 'ready'; readonly id: number }
  | { readonly kind: 'heartbeat'; readonly id: number }
  /** The worker names the reason why it is about to end. */
  | { readonly kind: 'failing'; readonly id: number; readonly failure: Failure }
  | { readonly kind: 'exited'; readonly id: number; readonly code: number | null; readonly signal: string | null }
  /** TERM: drain and end. */
  | { readonly kind: 'terminate' }
  /** INT or QUIT: end now, requests in hand are lost. */
  | { readonly kind: 'quit' }
  /** TTIN or TTOU */
  | { readonly kind: 'scale'; readonly by: 1 | -1 }
  | { readonly kind: 'configured'; readonly settings: Settings }
  /** Whether requests have stopped coming, sampled while draining. */
  | { readonly kind: 'traffic'; readonly quiet: boolean }
  | { readonly kind: 'tick' };

export type Effect =
  | { readonly kind: 'spawn'; readonly id: number; readonly slot: number }
  | { readonly kind: 'signal'; readonly pid: number; readonly signal: 'SIGTERM' | 'SIGQUIT' | 'SIGABRT' | 'SIGKILL' }
  /** From now on answers say `Connection: close`, and traffic is to be sampled. */
  | { readonly kind: 'announce-drain' }
  | { readonly kind: 'worker-ready'; readonly id: number; readonly bootMs: number }
  | {
      readonly kind: 'worker-ended';
      readonly id: number;
      readonly slot: number;
      readonly failure: Failure | undefined;
      readonly restartInMs: number | undefined;
    }
  | { readonly kind: 'worker-aborted'; readonly id: number; readonly failure: Failure }
  | { readonly kind: 'phase'; readonly phase: Phase['kind'] }
  | { readonly kind: 'exit'; readonly exit: Exit };

export function initialState(settings: Settings, now: number): State {
  return {
    phase: { kind: 'booting' },
    settings,
    workers: [],
    nextId: 1,
    failures: 0,
    startNotBefore: now,
    noneReadySince: now,
    lastFailure: undefined,
    restarts: {},
  };
}

/** Whether the worker is one of those that are wanted. */
export function counts(worker: Worker): boolean {
  return worker.kind === 'starting' || worker.kind === 'ready';
}

export function readyCount(state: State): number {
  return state.workers.filter((worker) => worker.kind === 'ready').length;
}

/** Whether the pod should get traffic. */
export function isReady(state: State): boolean {
  return (
    state.phase.kind === 'serving' && readyCount(state) >= Math.min(state.settings.readyWorkers, state.settings.workers)
  );
}
