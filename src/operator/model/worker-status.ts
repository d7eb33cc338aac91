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
  /** Whether the pod was ready when it was polled: what a pod says before that is of no use once it is. */
  readonly isOfReadyPod: boolean;
  /**
   * Workers that had exited unexpectedly by the poll since which a ready pod has had fewer than desired; undefined where it has all
   * of them.
   */
  readonly shortSince: number | undefined;
  /** Whether one more has ended meanwhile. A worker that boots is missing too, however long it takes, and does not fail. */
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

const sumOf = (restarts: WorkerView['restarts']): number =>
  counted(Object.values(restarts).reduce((total, count) => total + count, 0));

/**
 * Undefined when it is no report of a runtime.
 * @param isOfReadyPod whether the pod was ready all the time from the request to the answer, as far as is known
 */
export function workerView(
  answer: unknown,
  before: WorkerView | undefined,
  isOfReadyPod: boolean,
): WorkerView | undefined {
  const parsed = report.safeParse(answer);
  if (!parsed.success) return undefined;
  const { workers, lastFailure } = parsed.data;
  const desired = clamped(workers.desired, mostWorkers);
  const ready = clamped(workers.ready, mostWorkers);
  const restarts = countByCode(parsed.data.restarts);
  const ended = sumOf(restarts);
  const isShort = isOfReadyPod && ready < desired;
  const shortSince = isShort ? (before?.shortSince ?? ended) : undefined;
  return {
    desired,
    ready,
    restarts,
    lastFailure: lastFailure === null ? undefined : runtimeCode(lastFailure),
    isOfReadyPod,
    shortSince,
    lacking: isShort && (before?.lacking === true || (shortSince !== undefined && ended > shortSince)),
  };
}

export const isLacking = ({ ready, desired }: WorkerView): boolean => ready < desired;

const entries = ({ restarts }: WorkerView): [RuntimeCode, number][] =>
  Object.entries(restarts).map(([code, count]) => [runtimeCode(code), count]);

/** Codes of which there are more than there were. */
export function newRestarts(before: WorkerView, after: WorkerView): RuntimeCode[] {
  return entries(after).flatMap(([code, count]) => (count > (before.restarts[code] ?? 0) ? [code] : []));
}

export const totalRestarts = ({ restarts }: WorkerView): number => sumOf(restarts);
