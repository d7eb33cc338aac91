// Whether enough pods serve: condition Available. Ready says whether everything is as desired, which it is not while pods
// are added or replaced; alerts belong on this one.
import type { AppServer } from '../../api/index.ts';
import type { Facts } from '../model/facts.ts';
import { rollout } from '../model/rollout.ts';

/**
 * @param pods a number or a percentage
 * @param whole what Kubernetes makes whole pods of a percentage by: it rounds down for rollouts, and up for evictions
 */
function resolved(pods: number | string, wanted: number, whole: (pods: number) => number): number {
  return typeof pods === 'number' ? pods : whole((Number.parseInt(pods, 10) * wanted) / 100);
}

/** Pods that a rollout or an eviction may take at once. */
function mayBeMissing({ rollout: { maxUnavailable }, disruption }: AppServer['spec'], wanted: number): number {
  const { maxUnavailable: evictions, minAvailable } = disruption ?? {};
  const byEvictions =
    minAvailable === undefined
      ? resolved(evictions ?? 1, wanted, Math.ceil)
      : wanted - resolved(minAvailable, wanted, Math.ceil);
  return Math.max(0, resolved(maxUnavailable, wanted, Math.floor), byEvictions);
}

export interface Availability {
  readonly isAvailable: boolean;
  readonly available: number;
  /** The least that is enough of `wanted`. */
  readonly enough: number;
  readonly wanted: number;
}

/**
 * A Deployment counts pods that were added just now as missing. Here those that serve stay enough while more are added, until
 * one of them is lost.
 */
export function availability(facts: Facts): Availability {
  const { spec, status } = facts.app;
  const { wanted, available } = rollout(facts);
  const enough = Math.min(wanted, Math.max(1, wanted - mayBeMissing(spec, wanted)));
  const wasAvailable = status?.conditions?.some((one) => one.type === 'Available' && one.status === 'True') === true;
  const before = wasAvailable ? (status?.availableReplicas ?? 0) : 0;
  const stillEnough = before > 0 && available >= before;
  return { isAvailable: available >= enough || stillEnough, available, enough, wanted };
}
