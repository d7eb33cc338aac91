// The supervisor as a function: (state, event, time) → state and effects. No clock, no I/O, no randomness of its own.
//
// An event changes what is known (observe); then whatever follows from the state is settled in one place (settle): what
// is overdue is ended, what is missing is started, what is too much is retired, and the phase moves on.
import { catalogue, type ErrorCode } from './errors.ts';
import { backoffMs } from './backoff.ts';
import { noneReadyLimitMs } from './deadline.ts';
import { counts } from './state.ts';
import type { Effect, Event, Exit, Failure, Phase, State, Worker } from './state.ts';

/** A worker that was ready for this long has proven itself: its end is replaced at once and resets the backoff. */
const stableMs = 10_000;
/** Failed starts in a row before any worker was ever ready, after which the process ends and Kubernetes takes over. */
const bootAttempts = 3;
/** Time that an aborted worker has for writing its stacks. */
const abortMs = 1_000;

export interface Instant {
  /** Milliseconds of a clock that never goes back. */
  readonly now: number;
  /** From 0 to below 1, new with each step; spreads restarts. */
  readonly random: number;
}

/** Collects the changes of one step. */
class Draft {
  state: State;
  readonly effects: Effect[] = [];
  readonly at: Instant;

  constructor(state: State, at: Instant) {
    this.state = state;
    this.at = at;
  }

  set(changes: Partial<State>): void {
    this.state = { ...this.state, ...changes };
  }

  replace(worker: Worker): void {
    this.set({ workers: this.state.workers.map((one) => (one.id === worker.id ? worker : one)) });
  }

  enter(phase: Phase): void {
    if (phase.kind !== this.state.phase.kind) this.effects.push({ kind: 'phase', phase: phase.kind });
    this.set({ phase });
  }

  find(id: number): Worker | undefined {
    return this.state.workers.find((worker) => worker.id === id);
  }

  signal(worker: Worker, signal: 'SIGTERM' | 'SIGQUIT' | 'SIGABRT' | 'SIGKILL'): void {
    if (worker.pid !== undefined) this.effects.push({ kind: 'signal', pid: worker.pid, signal });
  }
}

export function step(state: State, event: Event, at: Instant): [State, Effect[]] {
  if (state.phase.kind === 'stopped') return [state, []];
  const draft = new Draft(state, at);
  observe(draft, event);
  settle(draft);
  return [draft.state, draft.effects];
}

function observe(draft: Draft, event: Event): void {
  const { now } = draft.at;
  switch (event.kind) {
    case 'started':
    case 'tick':
      return;
    case 'spawned': {
      const worker = draft.find(event.id);
      if (worker === undefined) return;
      draft.replace({ ...worker, pid: event.pid });
      // It was given up before its process id was known.
      if (worker.kind === 'draining') draft.effects.push({ kind: 'signal', pid: event.pid, signal: 'SIGTERM' });
      return;
    }
    case 'spawn-failed':
      return ended(draft, event.id, { code: 'SPAWN_FAILED', cause: event.cause });
    case 'exited':
      return ended(draft, event.id, exitFailure(event.code, event.signal));
    case 'ready':
      return becameReady(draft, event.id);
    case 'heartbeat': {
      const worker = draft.find(event.id);
      if (worker?.kind === 'ready') draft.replace({ ...worker, lastBeat: now });
      return;
    }
    case 'failing': {
      const worker = draft.find(event.id);
      if (worker?.kind === 'starting') draft.replace({ ...worker, failure: event.failure });
      return;
    }
    case 'terminate':
      return terminate(draft);
    case 'quit':
      if (draft.state.phase.kind !== 'stopping')
        draft.enter({ kind: 'stopping', exit: { code: 0, failure: undefined } });
      for (const worker of draft.state.workers) retire(draft, worker, 'SIGQUIT');
      return;
    case 'scale': {
      const { settings } = draft.state;
      const workers = Math.max(1, Math.min(256, settings.workers + event.by));
      return draft.set({ settings: { ...settings, workers } });
    }
    case 'configured':
      return draft.set({ settings: event.settings });
    case 'traffic': {
      const { phase } = draft.state;
      if (phase.kind === 'draining') draft.enter({ ...phase, quiet: event.quiet });
      return;
    }
  }
}

function becameReady(draft: Draft, id: number): void {
  const worker = draft.find(id);
  if (worker?.kind !== 'starting') return;
  const { now } = draft.at;
  const { id: workerId, slot, pid } = worker;
  draft.replace({ kind: 'ready', id: workerId, slot, pid, since: now, lastBeat: now });
  draft.effects.push({ kind: 'worker-ready', id, bootMs: now - worker.since });
  draft.set({ noneReadySince: undefined });
  if (draft.state.phase.kind === 'booting') draft.enter({ kind: 'serving' });
}

function terminate(draft: Draft): void {
  const { phase } = draft.state;
  const clean: Exit = { code: 0, failure: undefined };
  switch (phase.kind) {
    case 'booting':
      // Never ready, so no endpoint ever led here: there is nothing to wait for.
      return draft.enter({ kind: 'stopping', exit: clean });
    case 'serving':
      draft.enter({ kind: 'draining', since: draft.at.now, quiet: false });
      draft.effects.push({ kind: 'announce-drain' });
      return;
    case 'draining':
    case 'stopping':
    case 'stopped':
      return;
  }
}

/** What a worker's end means when it gave no reason itself; undefined when it ended as if asked to. */
function exitFailure(code: number | null, signal: string | null): Failure | undefined {
  if (signal !== null) return { code: 'WORKER_KILLED', cause: `the worker was killed by ${signal}` };
  if (code === 127) return { code: 'PYTHON_MISSING', cause: 'python3 was not found on the PATH of the container' };
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

function ended(draft: Draft, id: number, exit: Failure | undefined): void {
  const worker = draft.find(id);
  if (worker === undefined) return;
  const { now, random } = draft.at;
  const failure = endedBecause(worker, exit);
  draft.set({ workers: draft.state.workers.filter((one) => one.id !== id) });
  if (readyIsZero(draft.state) && draft.state.noneReadySince === undefined) draft.set({ noneReadySince: now });
  let restartInMs: number | undefined;
  if (failure !== undefined) {
    const proven = worker.kind === 'ready' && now - worker.since >= stableMs;
    const failures = proven ? 0 : draft.state.failures + 1;
    restartInMs = backoffMs(failures, random);
    draft.set({
      failures,
      lastFailure: failure,
      startNotBefore: Math.max(draft.state.startNotBefore, now + restartInMs),
      restarts: { ...draft.state.restarts, [failure.code]: (draft.state.restarts[failure.code] ?? 0) + 1 },
    });
  }
  draft.effects.push({ kind: 'worker-ended', id, slot: worker.slot, failure, restartInMs });
}

function readyIsZero(state: State): boolean {
  return !state.workers.some((worker) => worker.kind === 'ready');
}

function settle(draft: Draft): void {
  overdueWorkers(draft);
  overduePhase(draft);
  switch (draft.state.phase.kind) {
    case 'booting':
    case 'serving':
    case 'draining':
      // Draining still means serving: a worker that dies meanwhile is replaced.
      startMissing(draft);
      retireSurplus(draft);
      return;
    case 'stopping':
      for (const worker of draft.state.workers) retire(draft, worker, 'SIGTERM');
      if (draft.state.workers.length === 0) {
        const { exit } = draft.state.phase;
        draft.enter({ kind: 'stopped', exit });
        draft.effects.push({ kind: 'exit', exit });
      }
      return;
    case 'stopped':
      return;
  }
}

function overdueWorkers(draft: Draft): void {
  const { now } = draft.at;
  const seconds = (ms: number): string => `${ms / 1000} s`;
  const { bootTimeoutMs, heartbeatTimeoutMs, gracefulTimeoutMs } = draft.state.settings;
  for (const worker of draft.state.workers) {
    switch (worker.kind) {
      case 'starting':
        if (now >= worker.deadline) {
          abort(draft, worker, 'BOOT_TIMEOUT', `the worker was not ready within ${seconds(bootTimeoutMs)}`);
        }
        break;
      case 'ready':
        if (now - worker.lastBeat >= heartbeatTimeoutMs) {
          abort(
            draft,
            worker,
            'HEARTBEAT_TIMEOUT',
            `the worker gave no sign of life for ${seconds(heartbeatTimeoutMs)}`,
          );
        }
        break;
      case 'draining':
        if (now >= worker.killAt) {
          abort(
            draft,
            worker,
            'WORKER_KILLED',
            `the worker did not end within ${seconds(gracefulTimeoutMs)} of being asked to`,
          );
        }
        break;
      case 'aborting':
        if (now >= worker.killAt) {
          const { id, slot, pid, failure } = worker;
          draft.replace({ kind: 'killed', id, slot, pid, since: now, failure });
          draft.signal(worker, 'SIGKILL');
        }
        break;
      case 'killed':
        break;
    }
  }
}

function abort(draft: Draft, worker: Worker, code: ErrorCode, cause: string): void {
  const { id, slot, pid } = worker;
  const { now } = draft.at;
  const failure: Failure = { code, cause };
  draft.replace({ kind: 'aborting', id, slot, pid, since: now, killAt: now + abortMs, failure });
  draft.effects.push({ kind: 'worker-aborted', id, failure });
  draft.signal(worker, 'SIGABRT');
  if (readyIsZero(draft.state) && draft.state.noneReadySince === undefined) draft.set({ noneReadySince: now });
}

/** Exit code of a process that gives up; the failure's own code decides it. */
function giveUp(draft: Draft, failure: Failure): void {
  draft.enter({ kind: 'stopping', exit: { code: catalogue[failure.code].exitCode, failure } });
}

function overduePhase(draft: Draft): void {
  const { state, at } = draft;
  const { phase, settings } = state;
  switch (phase.kind) {
    case 'booting':
      if (state.failures >= bootAttempts && state.lastFailure !== undefined) giveUp(draft, state.lastFailure);
      return;
    case 'serving':
      if (state.noneReadySince !== undefined && at.now - state.noneReadySince >= noneReadyLimitMs) {
        const why =
          state.lastFailure === undefined
            ? ''
            : `; the last one: ${state.lastFailure.code}: ${state.lastFailure.cause}`;
        giveUp(draft, {
          code: 'NO_WORKER_READY',
          cause: `no worker has been ready for ${noneReadyLimitMs / 1000} s${why}`,
        });
      }
      return;
    case 'draining': {
      const spent = at.now - phase.since;
      const quiet = phase.quiet && spent >= settings.drainMinimumMs;
      if (quiet || spent >= settings.drainMaximumMs) {
        draft.enter({ kind: 'stopping', exit: { code: 0, failure: undefined } });
      }
      return;
    }
    case 'stopping':
    case 'stopped':
      return;
  }
}

function startMissing(draft: Draft): void {
  const { now } = draft.at;
  if (now < draft.state.startNotBefore) return;
  for (;;) {
    const { workers, settings, failures, nextId } = draft.state;
    if (workers.filter(counts).length >= settings.workers) return;
    // While starts fail, one worker at a time finds out whether the cause is gone.
    if (failures > 0 && workers.some((worker) => worker.kind === 'starting')) return;
    const slot = freeSlot(workers);
    draft.set({
      nextId: nextId + 1,
      workers: [
        ...workers,
        {
          kind: 'starting',
          id: nextId,
          slot,
          pid: undefined,
          since: now,
          deadline: now + settings.bootTimeoutMs,
          failure: undefined,
        },
      ],
    });
    draft.effects.push({ kind: 'spawn', id: nextId, slot });
  }
}

function freeSlot(workers: readonly Worker[]): number {
  const used = new Set(workers.map((worker) => worker.slot));
  let slot = 0;
  while (used.has(slot)) slot++;
  return slot;
}

/** The oldest go first, and those still starting before any that serve. */
function retireSurplus(draft: Draft): void {
  const wanted = draft.state.workers.filter(counts);
  const surplus = wanted.length - draft.state.settings.workers;
  if (surplus <= 0) return;
  const order = wanted.toSorted((a, b) => Number(a.kind === 'ready') - Number(b.kind === 'ready') || a.id - b.id);
  for (const worker of order.slice(0, surplus)) retire(draft, worker, 'SIGTERM');
}

function retire(draft: Draft, worker: Worker, signal: 'SIGTERM' | 'SIGQUIT'): void {
  const { id, slot, pid } = worker;
  const { now } = draft.at;
  if (counts(worker)) {
    draft.replace({
      kind: 'draining',
      id,
      slot,
      pid,
      since: now,
      killAt: now + draft.state.settings.gracefulTimeoutMs,
    });
    draft.signal(worker, signal);
  } else if (worker.kind === 'draining' && signal === 'SIGQUIT') {
    draft.signal(worker, signal);
  }
}
