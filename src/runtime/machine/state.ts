// The supervisor's state: plain data, changed by step() alone.
import type { ErrorCode } from '../errors.ts';
import { noAccounts, type Accounts, type Left } from './accounting.ts';

/** Why a worker or the whole runtime came to an end. */
export interface Failure {
  readonly code: ErrorCode;
  /** One sentence; may hold the application's own words, so it is for the log, never for the admin port. */
  readonly cause: string;
}

/** Why a worker that is well is replaced. */
export type ReplaceReason = 'reload' | 'requests' | 'memory' | 'lifetime' | 'overdue' | 'asked';

interface WorkerIdentity {
  /** Never used twice in the life of the pod. */
  readonly id: number;
  /** Place in the shared memory, from 0; free again once the worker has been reaped. */
  readonly slot: number;
  /** Which of the workers that are wanted it is, from 0; a worker that takes another's place has it already beside it. */
  readonly place: number;
  /** Unknown until the process exists. */
  readonly pid: number | undefined;
  /** When the worker entered its present state. */
  readonly since: number;
  /** The reload that it belongs to. */
  readonly generation: number;
}

/** A worker beats so many times in its heartbeat timeout. */
export const beatsInTimeout = 4;

export type Worker = WorkerIdentity &
  (
    | {
        readonly kind: 'starting';
        readonly deadline: number;
        /** When it counts as ready without having said so; Infinity when it has to say so, or does not run yet. */
        readonly readyAt: number;
        readonly failure: Failure | undefined;
        /** The worker that is retired once this one is ready. */
        readonly replaces: number | undefined;
      }
    | {
        readonly kind: 'ready';
        readonly lastBeat: number;
        /** From 0 to below 1: spreads the recycling of workers that began together. */
        readonly spread: number;
        readonly replace: ReplaceReason | undefined;
      }
    /** Was asked to finish what it has and end. */
    | { readonly kind: 'draining'; readonly killAt: number }
    /** Was told to write its stacks and die. */
    | { readonly kind: 'aborting'; readonly killAt: number; readonly failure: Failure }
    | { readonly kind: 'killed'; readonly failure: Failure }
  );

export type WorkerKind = Worker['kind'];

export interface Exit {
  readonly code: number;
  readonly failure: Failure | undefined;
}

export type Phase =
  /** What comes before all workers is still being done. */
  | { readonly kind: 'preparing' }
  /** No worker has been ready yet. */
  | { readonly kind: 'booting' }
  | { readonly kind: 'serving' }
  /** Asked to end, still accepting: endpoints and load balancers lag behind. */
  | {
      readonly kind: 'draining';
      readonly since: number;
      readonly quiet: boolean;
      /** Whether the hook that goes before the end still runs. */
      readonly hook: 'running' | 'done';
    }
  /** Workers were asked to end; none is started any more. */
  | { readonly kind: 'stopping'; readonly exit: Exit }
  | { readonly kind: 'stopped'; readonly exit: Exit };

type Reload =
  | { readonly kind: 'none' }
  /** Workers of older generations are replaced, one after the other. */
  | { readonly kind: 'running' }
  /** A new worker failed; the old ones stay. */
  | { readonly kind: 'failed'; readonly failure: Failure };

/** Times in milliseconds. */
export interface Settings {
  /** 0 while paused. */
  readonly workers: number;
  readonly readyWorkers: number;
  readonly bootTimeoutMs: number;
  readonly heartbeatTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly gracefulTimeoutMs: number;
  readonly drainMinimumMs: number;
  readonly drainMaximumMs: number;
  readonly recycle: {
    readonly requests: number;
    readonly jitter: number;
    readonly memoryBytes: number | undefined;
    readonly lifetimeMs: number;
  };
  readonly kind: KindRules;
  /**
   * What follows when a worker does not start: another attempt after a while, and the end after too many; or nothing until
   * a reload, for which someone corrects the application.
   */
  readonly afterFailedStart: 'retry' | 'wait-for-reload';
}

/** What is different between kinds of workers. */
export interface KindRules {
  /**
   * What becomes of a worker with a request that is over its time: `abort` where it has no other, `replace` where others
   * may finish meanwhile, `none` where the worker ends that request alone.
   */
  readonly overdue: 'abort' | 'replace' | 'none';
  /** `optional`: silence counts only once it has beaten; `between-requests`: a worker with a request in hand may be silent. */
  readonly heartbeat: 'always' | 'between-requests' | 'optional';
  /** `when-running`: it will not say so itself. */
  readonly ready: 'when-told' | 'when-running';
  /** Whether a hook command runs before the end. */
  readonly hookBeforeStop: boolean;
}

export interface State {
  readonly phase: Phase;
  readonly settings: Settings;
  readonly workers: readonly Worker[];
  readonly nextId: number;
  readonly generation: number;
  readonly reload: Reload;
  /** Workers that failed one after the other with none of them living long enough between. */
  readonly failures: number;
  /** No worker is started before this time; Infinity until the next reload. */
  readonly startNotBefore: number;
  /** Since when fewer than one worker has been ready. */
  readonly noneReadySince: number | undefined;
  /** All that workers had said until then is known. */
  readonly heard: number;
  readonly lastFailure: Failure | undefined;
  /** Ended workers by cause, over the life of the pod; those that ended as asked are not counted. */
  readonly restarts: Readonly<Partial<Record<ErrorCode, number>>>;
  /** Workers replaced although they were well, by reason. */
  readonly replaced: Readonly<Partial<Record<ReplaceReason, number>>>;
  /** Requests that were ended, alone or with their worker, because they were over their time. */
  readonly requestTimeouts: number;
  readonly accounts: Accounts;
}

export interface Sample {
  readonly id: number;
  /** Requests that it has ended. */
  readonly requests: number;
  /** Resident, in bytes. */
  readonly memoryBytes: number;
  readonly oldest: { readonly text: string; readonly ageMs: number } | undefined;
}

export type Event =
  /** What comes before all workers has been done. */
  | { readonly kind: 'started' }
  /** Comes a second time when the process that serves is another than the one that was started. */
  | { readonly kind: 'spawned'; readonly id: number; readonly pid: number }
  | { readonly kind: 'spawn-failed'; readonly id: number; readonly cause: string }
  /** The program of the worker is about to run. */
  | { readonly kind: 'running'; readonly id: number }
  | { readonly kind: 'ready'; readonly id: number }
  /** The application of a worker that was ready has stopped listening. */
  | { readonly kind: 'unready'; readonly id: number }
  | { readonly kind: 'heartbeat'; readonly id: number }
  /** The worker names the reason why it is about to end. */
  | { readonly kind: 'failing'; readonly id: number; readonly failure: Failure }
  | {
      readonly kind: 'exited';
      readonly id: number;
      readonly code: number | null;
      readonly signal: string | null;
      /** Processes that the kernel has killed for memory in this container. */
      readonly oomKills: number;
      readonly left: Left;
    }
  /** TERM: drain and end. */
  | { readonly kind: 'terminate' }
  /** INT or QUIT: end now, requests in hand are lost. */
  | { readonly kind: 'quit' }
  /** The hook before the end has ended, or was ended. */
  | { readonly kind: 'hook-done' }
  /** TTIN or TTOU */
  | { readonly kind: 'scale'; readonly by: 1 | -1 }
  /** WINCH and appserver-ctl scale; 0 pauses. */
  | { readonly kind: 'set-workers'; readonly workers: number }
  | { readonly kind: 'stop-worker'; readonly id: number }
  /** HUP */
  | { readonly kind: 'reload' }
  | { readonly kind: 'configured'; readonly settings: Settings }
  | { readonly kind: 'sampled'; readonly samples: readonly Sample[] }
  /** A worker has ended one of its requests by itself. */
  | { readonly kind: 'request-timeout' }
  /** The runtime and its workers were not given the CPU for so long, or their clock stood still. */
  | { readonly kind: 'withheld'; readonly ms: number }
  /** These workers want to run and are not let. */
  | { readonly kind: 'starved'; readonly ids: readonly number[] }
  /** Nothing can be accepted any more, by whatever worker. */
  | { readonly kind: 'lost'; readonly failure: Failure }
  /** Whether requests have stopped coming, sampled while draining. */
  | { readonly kind: 'traffic'; readonly quiet: boolean }
  /** What workers had said until `heard` has been dispatched. Their silence is judged by no later moment. */
  | { readonly kind: 'tick'; readonly heard: number };

export type Effect =
  | { readonly kind: 'spawn'; readonly id: number; readonly slot: number; readonly place: number }
  /** `retire`: finish and end; `quit`: end at once; `abort`: write the stacks and die; `dump`: write the stacks. */
  | { readonly kind: 'order'; readonly order: Order; readonly id: number; readonly slot: number; readonly pid: number }
  /** From now on answers say `Connection: close`, and traffic is to be sampled. */
  | { readonly kind: 'announce-drain' }
  | { readonly kind: 'run-stop-hook' }
  | { readonly kind: 'worker-ready'; readonly id: number; readonly bootMs: number }
  | {
      readonly kind: 'worker-ended';
      readonly id: number;
      readonly slot: number;
      readonly failure: Failure | undefined;
      /** How a worker ended badly that was asked to end. */
      readonly badEnd?: string;
      readonly restartInMs: number | undefined;
    }
  | { readonly kind: 'worker-aborted'; readonly id: number; readonly slot: number; readonly failure: Failure }
  | { readonly kind: 'worker-replaced'; readonly id: number; readonly reason: ReplaceReason }
  | { readonly kind: 'reload-begun'; readonly generation: number }
  | { readonly kind: 'reload-ended'; readonly failure: Failure | undefined }
  | { readonly kind: 'phase'; readonly phase: Phase['kind'] }
  | { readonly kind: 'exit'; readonly exit: Exit };

export type Order = 'retire' | 'quit' | 'abort' | 'dump' | 'kill';

/** What was there before this process. */
interface Before {
  /** Of the first worker. */
  readonly firstId?: number;
  /** Processes that the kernel had killed for memory. */
  readonly oomKills?: number;
}

export function initialState(settings: Settings, now: number, { firstId = 1, oomKills = 0 }: Before = {}): State {
  return {
    phase: { kind: 'preparing' },
    settings,
    workers: [],
    nextId: firstId,
    generation: 0,
    reload: { kind: 'none' },
    failures: 0,
    startNotBefore: now,
    noneReadySince: now,
    heard: now,
    lastFailure: undefined,
    restarts: {},
    replaced: {},
    requestTimeouts: 0,
    accounts: noAccounts(oomKills),
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
  const { readyWorkers, workers } = state.settings;
  return state.phase.kind === 'serving' && readyCount(state) >= Math.max(1, Math.min(readyWorkers, workers));
}
