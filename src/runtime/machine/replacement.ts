// Which worker that is well is replaced next, and when its lifetime is over.
import { counts, type Settings, type State, type Worker } from './state.ts';

/** Workers that began together end up to a tenth of their lifetime apart. */
const lifetimeSpread = 0.1;

/** Milliseconds of the clock that step() is given; Infinity when its age does not matter. */
export function lifetimeEnd(worker: Extract<Worker, { kind: 'ready' }>, { recycle }: Settings): number {
  if (recycle.lifetimeMs === 0) return Infinity;
  return worker.since + recycle.lifetimeMs * (1 - lifetimeSpread * worker.spread);
}

/**
 * The worker for which a replacement may start now. Only when all that are wanted serve, so that it is one at a time; and
 * one that is recycled waits until the last one has really gone, as both hold memory until then.
 */
export function replaceable(state: State): Worker | undefined {
  const { workers, settings, reload, generation } = state;
  const living = workers.filter(counts);
  if (living.length !== settings.workers || living.some(({ kind }) => kind !== 'ready')) return undefined;
  const stale = living.find((worker) => reload.kind === 'running' && worker.generation < generation);
  if (stale !== undefined) return stale;
  if (workers.length > living.length) return undefined;
  return living.find((worker) => worker.kind === 'ready' && worker.replace !== undefined);
}

/** The start of a worker that takes another's place, while that one still serves. */
export function replacement(state: State): Worker | undefined {
  const ready = new Set(state.workers.filter(({ kind }) => kind === 'ready').map(({ id }) => id));
  return state.workers.find(
    (worker) => worker.kind === 'starting' && worker.replaces !== undefined && ready.has(worker.replaces),
  );
}
