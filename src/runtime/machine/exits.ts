// How a worker's life ends: asked to finish, told to die, or dead.
import type { ErrorCode } from '../errors.ts';
import { withEnded } from './accounting.ts';
import { backoffMs } from './backoff.ts';
import type { Draft } from './draft.ts';
import { counts, type Event, type Failure, type State, type Worker } from './state.ts';

/**
 * A worker that was ready for this long has proven itself: its end is replaced at once and resets the backoff. Longer than
 * a crash loop takes for a round, and short enough that a kill soon after a reload costs no capacity.
 */
const stableMs = 2_000;
/** Time that an aborted worker has for writing its stacks. */
const abortMs = 1_000;

function identity(worker: Worker): Pick<Worker, 'id' | 'slot' | 'place' | 'pid' | 'generation'> {
  const { id, slot, place, pid, generation } = worker;
  return { id, slot, place, pid, generation };
}

/** Asks a worker to finish what it has. */
export function retire(draft: Draft, worker: Worker, order: 'retire' | 'quit'): void {
  const { now } = draft.at;
  if (counts(worker)) {
    const killAt = now + draft.state.settings.gracefulTimeoutMs;
    draft.replace({ kind: 'draining', ...identity(worker), since: now, killAt });
    draft.order(worker, order);
  } else if (worker.kind === 'draining' && order === 'quit') {
    draft.order(worker, order);
  }
}

export function abort(draft: Draft, worker: Worker, code: ErrorCode, cause: string): void {
  const { now } = draft.at;
  const failure: Failure = { code, cause };
  if (worker.kind === 'starting') failReload(draft, worker, failure);
  draft.set({ startNotBefore: nextStart(draft, worker, 0) });
  draft.replace({ kind: 'aborting', ...identity(worker), since: now, killAt: now + abortMs, failure });
  draft.effects.push({ kind: 'worker-aborted', id: worker.id, slot: worker.slot, failure });
  draft.order(worker, 'abort');
  noteReadiness(draft);
}

export function kill(draft: Draft, worker: Extract<Worker, { kind: 'aborting' }>): void {
  draft.replace({ kind: 'killed', ...identity(worker), since: draft.at.now, failure: worker.failure });
  draft.order(worker, 'kill');
}

/** What a worker's end means when it gave no reason itself; undefined when it ended as if asked to. */
function exitFailure(code: number | null, signal: string | null, outOfMemory: boolean): Failure | undefined {
  if (signal === 'SIGKILL' && outOfMemory) {
    return { code: 'WORKER_OOM_KILLED', cause: "the kernel killed the worker for the container's memory limit" };
  }
  if (signal !== null) return { code: 'WORKER_KILLED', cause: `the worker was killed by ${signal}` };
  if (code === 0) return undefined;
  return { code: 'WORKER_EXITED', cause: `the worker ended with exit code ${code ?? 'unknown'}` };
}

/** The reason that counts: what the runtime decided or the worker said beats what its exit looks like. */
function endedBecause(worker: Worker, exit: Failure | undefined): Failure | undefined {
  switch (worker.kind) {
    case 'starting':
      return worker.failure ?? exit ?? { code: 'WORKER_EXITED', cause: 'the worker ended before it was ready' };
    case 'ready':
      return exit ?? { code: 'WORKER_EXITED', cause: 'the worker ended without having been asked to' };
    case 'draining':
      return undefined;
    case 'aborting':
    case 'killed':
      return worker.failure;
  }
}

/** A worker's process has ended. */
export function exited(draft: Draft, event: Extract<Event, { kind: 'exited' }>): void {
  const { accounts } = draft.state;
  const outOfMemory = event.oomKills > accounts.oomKills;
  const known = { ...accounts, oomKills: Math.max(accounts.oomKills, event.oomKills) };
  draft.set({ accounts: draft.find(event.id) === undefined ? known : withEnded(known, event.left) });
  ended(draft, event.id, exitFailure(event.code, event.signal, outOfMemory));
}

/** There is no such worker any more. */
export function ended(draft: Draft, id: number, exit: Failure | undefined): void {
  const worker = draft.find(id);
  if (worker === undefined) return;
  const { now, random } = draft.at;
  const failure = endedBecause(worker, exit);
  draft.set({ workers: draft.state.workers.filter((one) => one.id !== id) });
  noteReadiness(draft);
  let restartInMs: number | undefined;
  if (failure !== undefined) {
    if (worker.kind === 'starting') failReload(draft, worker, failure);
    const proven = worker.kind === 'ready' && now - worker.since >= stableMs;
    const failures = proven ? 0 : draft.state.failures + 1;
    const backoff = backoffMs(failures, random);
    const startNotBefore = nextStart(draft, worker, backoff);
    restartInMs = Number.isFinite(startNotBefore) ? backoff : undefined;
    draft.set({
      failures,
      lastFailure: failure,
      startNotBefore,
      restarts: { ...draft.state.restarts, [failure.code]: (draft.state.restarts[failure.code] ?? 0) + 1 },
    });
  }
  // A signal is how many programs end that are asked to.
  const badEnd = worker.kind === 'draining' && exit?.code === 'WORKER_EXITED' ? { badEnd: exit.cause } : {};
  draft.effects.push({ kind: 'worker-ended', id, slot: worker.slot, failure, ...badEnd, restartInMs });
}

/** When the next worker may start, now that this one fails. */
function nextStart({ state, at }: Draft, { kind }: Worker, inMs: number): number {
  const next = at.now + inMs;
  if (kind === 'starting' && state.settings.afterFailedStart === 'wait-for-reload') return Infinity;
  // One that served is tried again, even if what was to take its place did not start.
  if (kind === 'ready' && !Number.isFinite(state.startNotBefore)) return next;
  return Math.max(state.startNotBefore, next);
}

/** A worker of the new generation did not start: the old ones stay. */
function failReload(draft: Draft, { generation }: Worker, failure: Failure): void {
  const { state } = draft;
  if (state.reload.kind !== 'running' || generation !== state.generation) return;
  draft.set({ reload: { kind: 'failed', failure } });
  draft.effects.push({ kind: 'reload-ended', failure });
}

/** Since when no worker has been ready. */
export function noteReadiness(draft: Draft): void {
  if (noneReady(draft.state) && draft.state.noneReadySince === undefined) draft.set({ noneReadySince: draft.at.now });
}

function noneReady(state: State): boolean {
  return !state.workers.some((worker) => worker.kind === 'ready');
}
