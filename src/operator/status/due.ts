// When a status says something else though nothing has changed: what is told, or told otherwise, once it has lasted.
import { reasons, type Reason } from '../../api/index.ts';
import type { Facts } from '../model/facts.ts';
import { notReadyTellsIn } from './not-ready.ts';
import { scalingFailsIn } from './scaling.ts';
import { unschedulableStallsIn } from './scheduling.ts';

interface Due {
  readonly afterMs: number;
  readonly why: Reason;
}

const clocks: readonly (readonly [why: Reason, dueIn: (facts: Facts) => number | undefined])[] = [
  [reasons.ScalingFailing, scalingFailsIn],
  [reasons.Unschedulable, unschedulableStallsIn],
  [reasons.PodsNotReady, notReadyTellsIn],
];

/** The next one; undefined where time alone changes nothing. */
export function statusDue(facts: Facts): Due | undefined {
  const dues = clocks.flatMap(([why, dueIn]) => {
    const afterMs = dueIn(facts);
    return afterMs === undefined ? [] : [{ afterMs, why }];
  });
  return dues.toSorted((one, other) => one.afterMs - other.afterMs)[0];
}
