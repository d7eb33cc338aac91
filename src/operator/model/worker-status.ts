// What a pod's runtime says of its workers, as far as it is looked at. Older and newer runtimes say the same.
import { z } from 'zod';

const report = z.looseObject({
  workers: z.looseObject({ desired: z.int().min(0), ready: z.int().min(0) }),
  restarts: z.record(z.string().max(64), z.int().min(0)),
  lastFailure: z.string().max(64).nullable(),
});

export interface WorkerView {
  readonly desired: number;
  readonly ready: number;
  /** Workers that ended without having been asked to, by error code, since the container was started. */
  readonly restarts: Readonly<Record<string, number>>;
  readonly lastFailure: string | undefined;
  /** Whether fewer were ready than wanted at the last look too. */
  readonly lacking: boolean;
}

/** @throws z.ZodError when it is no report of a runtime */
export function workerView(answer: unknown, before: WorkerView | undefined): WorkerView {
  const { workers, restarts, lastFailure } = report.parse(answer);
  const { desired, ready } = workers;
  const lacking = before !== undefined && before.ready < before.desired;
  return { desired, ready, restarts, lastFailure: lastFailure ?? undefined, lacking };
}

export const isLacking = ({ ready, desired }: WorkerView): boolean => ready < desired;

/** Codes of which there are more than there were. */
export function newRestarts(before: WorkerView, after: WorkerView): string[] {
  return Object.entries(after.restarts).flatMap(([code, count]) =>
    count > (before.restarts[code] ?? 0) ? [code] : [],
  );
}

export function totalRestarts({ restarts }: WorkerView): number {
  return Object.values(restarts).reduce((total, one) => total + one, 0);
}
