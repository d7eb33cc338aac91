// Which moment the supervisor's one timer is armed for.
import { maxRows } from '../shared/shared-memory-layout.ts';
import { lifetimeEnd, replaceable } from './replacement.ts';
import { counts, type State } from './state.ts';

/** With no worker ready for so long, the process ends. */
export const noneReadyLimitMs = 60_000;

function workerDeadlines(state: State): number[] {
  const { settings } = state;
  return state.workers.flatMap((worker): number[] => {
    switch (worker.kind) {
      case 'starting':
        return [worker.deadline, worker.readyAt];
      case 'ready': {
        const silent = worker.lastBeat + settings.heartbeatTimeoutMs;
        return worker.replace === undefined ? [silent, lifetimeEnd(worker, settings)] : [silent];
      }
      case 'draining':
      case 'aborting':
        return [worker.killAt];
      case 'killed':
        return [];
    }
  });
}

/** When the process ends unless a worker becomes ready before; undefined when it does not end for that. */
export function noneReadyLimit({ settings, noneReadySince }: State): number | undefined {
  if (noneReadySince === undefined || settings.workers === 0) return undefined;
  return settings.afterFailedStart === 'retry' ? noneReadySince + noneReadyLimitMs : undefined;
}

function phaseDeadlines(state: State): number[] {
  const { phase, settings } = state;
  switch (phase.kind) {
    case 'serving': {
      const limit = noneReadyLimit(state);
      return limit === undefined ? [] : [limit];
    }
    case 'draining': {
      const quiet = phase.quiet && phase.hook === 'done';
      return [phase.since + (quiet ? settings.drainMinimumMs : settings.drainMaximumMs)];
    }
    case 'preparing':
    case 'booting':
    case 'stopping':
    case 'stopped':
      return [];
  }
}

/** Whether a worker is to be started as soon as the backoff allows it. */
function wantsStart(state: State): boolean {
  const { phase, workers, settings, failures } = state;
  if (phase.kind === 'preparing' || phase.kind === 'stopping' || phase.kind === 'stopped') return false;
  const waiting = failures > 0 && workers.some((worker) => worker.kind === 'starting');
  const missing = workers.filter(counts).length < settings.workers && workers.length < maxRows && !waiting;
  return missing || (phase.kind !== 'draining' && replaceable(state) !== undefined);
}

/** When step() must be called again at the latest with a tick; undefined when only events matter. */
export function nextDeadline(state: State): number | undefined {
  const starts = wantsStart(state) ? [state.startNotBefore] : [];
  const earliest = Math.min(...workerDeadlines(state), ...phaseDeadlines(state), ...starts);
  return Number.isFinite(earliest) ? earliest : undefined;
}
