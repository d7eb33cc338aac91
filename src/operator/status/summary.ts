// Counts as the columns of kubectl show them: a column has one field, and no arithmetic.
import type { AppServerStatus } from '../../api/index.ts';

/** Pods of which it is known how many there are to be. */
interface Pods {
  readonly ready: number;
  readonly wanted: number;
}

/** `2/3`, with `?` for a number that is not known, as pods have not answered yet. */
const outOf = (ready: number | undefined, desired: number | undefined): string => `${ready ?? '?'}/${desired ?? '?'}`;

export function summaryOf({ ready, wanted }: Pods, workers: AppServerStatus['workers']): AppServerStatus['summary'] {
  return { pods: outOf(ready, wanted), workers: outOf(workers?.ready, workers?.desired) };
}
