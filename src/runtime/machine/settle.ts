// What follows from the state alone, whatever event came: what is overdue is ended, what is missing is started, what is
// too much is retired, and the phase moves on.
import { catalogue, isOfSurroundings } from '../errors.ts';
import { maxRows } from '../shared/shared-memory-layout.ts';
import { noneReadyLimit, noneReadyLimitMs } from './deadline.ts';
import type { Draft } from './draft.ts';
import { abort, kill, retire } from './exits.ts';
import { becameReady } from './readiness.ts';
import { lifetimeEnd, replaceable, replacement } from './replacement.ts';
import { counts, type Failure, type State, type Worker } from './state.ts';

/** Failed starts in a row before any worker was ever ready, after which the process ends and Kubernetes takes over. */
const bootAttempts = 3;

export function settle(draft: Draft): void {
  overdueWorkers(draft);
  overduePhase(draft);
  switch (draft.state.phase.kind) {
    case 'preparing':
      return;
    case 'booting':
    case 'serving':
      retireSurplus(draft);
      startMissing(draft);
      endReload(draft);
      startReplacement(draft);
      return;
    case 'draining':
      // Draining still means serving: a worker that dies meanwhile is replaced, but none that is well.
      retireSurplus(draft);
      startMissing(draft);
      return;
    case 'stopping':
      for (const worker of draft.state.workers) retire(draft, worker, 'retire');
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
  const { heard } = draft.state;
  const seconds = (ms: number): string => `${ms / 1000} s`;
  const { settings } = draft.state;
  const { bootTimeoutMs, heartbeatTimeoutMs, gracefulTimeoutMs } = settings;
  for (const worker of draft.state.workers) {
    switch (worker.kind) {
      case 'starting':
        if (heard >= worker.deadline) {
          // What it has said of itself tells more.
          const late = `the worker was not ready within ${seconds(bootTimeoutMs)}`;
          const { code, cause } = worker.failure ?? { code: 'BOOT_TIMEOUT', cause: late };
          abort(draft, worker, code, cause);
        } else if (now >= worker.readyAt) becameReady(draft, worker.id);
        break;
      case 'ready':
        if (heard - worker.lastBeat >= heartbeatTimeoutMs) {
          const silence = `the worker gave no sign of life for ${seconds(heartbeatTimeoutMs)}`;
          abort(draft, worker, 'HEARTBEAT_TIMEOUT', silence);
        } else if (worker.replace === undefined && now >= lifetimeEnd(worker, settings)) {
          draft.replace({ ...worker, replace: 'lifetime' });
        }
        break;
      case 'draining':
        if (now >= worker.killAt) {
          const why = `the worker did not end within ${seconds(gracefulTimeoutMs)} of being asked to`;
          abort(draft, worker, 'WORKER_KILLED', why);
        }
        break;
      case 'aborting':
        if (now >= worker.killAt) kill(draft, worker);
        break;
      case 'killed':
        break;
    }
  }
}

/** Exit code of a process that gives up; the failure's own code decides it. */
export function giveUp(draft: Draft, failure: Failure): void {
  draft.enter({ kind: 'stopping', exit: { code: catalogue[failure.code].exitCode, failure } });
}

/** Whether another attempt to start the first worker would be in vain. */
function isHopeless({ failures, settings }: State, { code }: Failure): boolean {
  return settings.afterFailedStart === 'retry' ? failures >= bootAttempts : failures > 0 && isOfSurroundings(code);
}

function overduePhase(draft: Draft): void {
  const { state, at } = draft;
  const { phase, settings, lastFailure } = state;
  switch (phase.kind) {
    case 'preparing':
      return;
    case 'booting':
      if (lastFailure !== undefined && isHopeless(state, lastFailure)) giveUp(draft, lastFailure);
      return;
    case 'serving': {
      const until = noneReadyLimit(state);
      if (until === undefined || at.now < until) return;
      const why = lastFailure === undefined ? '' : `; the last one: ${lastFailure.code}: ${lastFailure.cause}`;
      const cause = `no worker has been ready for ${noneReadyLimitMs / 1000} s${why}`;
      return giveUp(draft, { code: 'NO_WORKER_READY', cause });
    }
    case 'draining': {
      const spent = at.now - phase.since;
      const over = phase.quiet && phase.hook === 'done' && spent >= settings.drainMinimumMs;
      if (over || spent >= settings.drainMaximumMs) {
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
  if (draft.at.now < draft.state.startNotBefore) return;
  for (;;) {
    const { workers, settings, failures } = draft.state;
    if (workers.filter(counts).length >= settings.workers) return;
    // While starts fail, one worker at a time finds out whether the cause is gone.
    if (failures > 0 && workers.some((worker) => worker.kind === 'starting')) return;
    if (!start(draft, undefined)) return;
  }
}

/** One at a time, and only once all that are wanted serve. */
function startReplacement(draft: Draft): void {
  if (draft.at.now < draft.state.startNotBefore) return;
  const next = replaceable(draft.state);
  if (next !== undefined) start(draft, next);
}

/** Returns false when there is no place for another worker until one of those that are ending has ended. */
function start(draft: Draft, old: Worker | undefined): boolean {
  const { workers, settings, nextId, generation } = draft.state;
  const { now } = draft.at;
  const slot = lowestFree(workers.map((worker) => worker.slot));
  if (slot >= maxRows) return false;
  const place = old?.place ?? lowestFree(workers.filter(counts).map((worker) => worker.place));
  const replaces = old?.id;
  const deadline = now + settings.bootTimeoutMs;
  const worker: Worker = {
    kind: 'starting', readyAt: Infinity, id: nextId, slot, place, pid: undefined, since: now, generation, deadline, failure: undefined, replaces,
  }; // prettier-ignore
  draft.set({ nextId: nextId + 1, workers: [...workers, worker] });
  draft.effects.push({ kind: 'spawn', id: nextId, slot, place });
  return true;
}

function lowestFree(used: readonly number[]): number {
  let number = 0;
  while (used.includes(number)) number++;
  return number;
}

/**
 * The highest places go, whoever has them: those that stay are 0 to below the number that is wanted. Of two that are left in
 * one place without one being there for the other, the one that does not serve goes.
 */
function retireSurplus(draft: Draft): void {
  const { settings, workers } = draft.state;
  for (const worker of workers) {
    if (counts(worker) && worker.place >= settings.workers) retire(draft, worker, 'retire');
  }
  const wanted = draft.state.workers.filter(counts);
  const pair = replacement(draft.state);
  for (const worker of wanted) {
    const beside = wanted.find((one) => one.place === worker.place && one.id !== worker.id);
    if (beside === undefined || pair?.place === worker.place || worker.kind === 'ready') continue;
    if (beside.kind === 'ready' || beside.id < worker.id) retire(draft, worker, 'retire');
  }
}

function endReload(draft: Draft): void {
  const { reload, workers, generation } = draft.state;
  if (reload.kind !== 'running') return;
  const living = workers.filter(counts);
  if (living.some((worker) => worker.generation < generation || worker.kind === 'starting')) return;
  if (living.length < draft.state.settings.workers) return;
  draft.set({ reload: { kind: 'none' } });
  draft.effects.push({ kind: 'reload-ended', failure: undefined });
}
