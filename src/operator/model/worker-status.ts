// What a pod's runtime says of its workers, in a bounded form: whoever controls a pod may say anything. Older and newer
// runtimes say the same.
import { z } from 'zod';
import { runtimeCode, type RuntimeCode } from './runtime-codes.ts';

/** As many as the runtime starts in a pod. */
const mostWorkers = 128;
/** Of whatever is counted: what fits into 32 bits with a sign fits into every status. */
const mostCounted = 2 ** 31 - 1;

const report = z.looseObject({
  workers: z.looseObject({ desired: z.number(), ready: z.number() }),
  restarts: z.record(z.string(), z.unknown()),
  lastFailure: z.string().nullable(),
});

export interface WorkerView {
  /** 0 to 128 */
  readonly desired: number;
  /** 0 to 128 */
  readonly ready: number;
  /** Workers that ended without having been asked to, by error code, since the container was started. */
  readonly restarts: Readonly<Partial<Record<RuntimeCode, number>>>;
  readonly lastFailure: RuntimeCode | undefined;
  /** Whether fewer were ready than wanted although the pod was ready: one that starts lacks workers, too. */
  readonly short: boolean;
  /** The same at the last look too: a worker that is being replaced is lacking for a moment only. */
  readonly lacking: boolean;
}

/** The nearest whole number from 0 to `most`; 0 for what is no number. */
function clamped(value: unknown, most: number): number {
  return typeof value === 'number' && value > 0 ? Math.floor(Math.min(value, most)) : 0;
}

/** A number as it may stand in a status, from 0 to 2^31 − 1. */
export const counted = (value: number): number => clamped(value, mostCounted);

function countByCode(restarts: Readonly<Record<string, unknown>>): WorkerView['restarts'] {
  const counts: Partial<Record<RuntimeCode, number>> = {};
  for (const [text, value] of Object.entries(restarts)) {
    const count = clamped(value, mostCounted);
    const code = runtimeCode(text);
    if (count > 0) counts[code] = counted((counts[code] ?? 0) + count);
  }
  return counts;
}

/**
 * Undefined when it is no report of a runtime.
 * @param podReady whether the pod is ready, as far as is known when the answer comes
 */
export function workerView(answer: unknown, before: WorkerView | undefined, podReady: boolean): WorkerView | undefined {
  const parsed = report.safeParse(answer);
  if (!parsed.success) return undefined;
  const { workers, restarts, lastFailure } = parsed.data;
  const desired = clamped(workers.desired, mostWorkers);
  const ready = clamped(workers.ready, mostWorkers);
  const short = podReady && ready < desired;
  return {
    desired,
    ready,
    restarts: countByCode(restarts),
    lastFailure: lastFailure === null ? undefined : runtimeCode(lastFailure),
    short,
    lacking: short && before?.short === true,
  };
}

export const isLacking = ({ ready, desired }: WorkerView): boolean => ready < desired;

const entries = ({ restarts }: WorkerView): [RuntimeCode, number][] =>
  Object.entries(restarts).map(([code, count]) => [runtimeCode(code), count]);

/** Codes of which there are more than there were. */
export function newRestarts(before: WorkerView, after: WorkerView): RuntimeCode[] {
  return entries(after).flatMap(([code, count]) => (count > (before.restarts[code] ?? 0) ? [code] : []));
}

export function totalRestarts(view: WorkerView): number {
  return counted(entries(view).reduce((total, [, count]) => total + count, 0));
}
