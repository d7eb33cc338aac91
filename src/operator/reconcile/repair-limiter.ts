// Fields that another manager changes again after each repair. Undoing that forever would cost the API server and give the
// child no rest, so repairs become rare, and the AppServer names the manager.
import type { Write } from '../decide/plan.ts';
import { reasons } from '../../api/index.ts';
import type { PresentCondition } from '../status/conditions.ts';
import { contentHash } from '../model/content-hash.ts';
import { describeRepair, fieldsOf } from './announce.ts';

/** Repairs at once, before they are spaced out: someone who tries something out is not in conflict. */
const free = 5;
const firstPauseMs = 2_000;
const longestPauseMs = 300_000;
/** A child that was left alone for so long after a repair starts anew. */
export const calmMs = 300_000;
/** Of one AppServer, that are kept in mind; a manager that takes turns with more of them is slowed down by the queue alone. */
const mostPlaces = 32;

interface Repairs {
  readonly count: number;
  readonly last: number;
  /** What was repaired last, and who had changed it. */
  readonly what: string;
  readonly remedy: string;
}

export interface Allowed {
  readonly allowed: readonly Write[];
  /** When the others are due; undefined when there are none. */
  readonly waitMs: number | undefined;
}

export interface FieldConflict {
  readonly condition: PresentCondition;
  /** When it is over if nobody changes the child again. */
  readonly forMs: number;
}

/** Pause after so many repairs. */
function pauseMs(count: number): number {
  return count < free ? 0 : Math.min(longestPauseMs, firstPauseMs * 2 ** (count - free));
}

const memoryMs = ({ count }: Repairs): number => Math.max(calmMs, 2 * pauseMs(count));

export class RepairLimiter {
  /** By AppServer, and by child and fields. In both the one that was repaired last comes last. */
  readonly #apps = new Map<string, Map<string, Repairs>>();

  /** Repairs that are kept in mind. */
  get size(): number {
    return [...this.#apps.values()].reduce((total, repairs) => total + repairs.size, 0);
  }

  /** Leaves out the repairs that would be undone at once. @param now milliseconds that only grow */
  allow(app: string, writes: readonly Write[], now: number): Allowed {
    const waits: number[] = [];
    const allowed = writes.filter((write) => {
      const known = this.#recent(app, write, now);
      const ms = known === undefined ? 0 : known.last + pauseMs(known.count) - now;
      if (ms > 0) waits.push(ms);
      return ms <= 0;
    });
    return { allowed, waitMs: waits.length === 0 ? undefined : Math.min(...waits) };
  }

  /** Counts what has been written, as far as it was a repair. */
  written(app: string, writes: readonly Write[], now: number): void {
    for (const write of writes) {
      if (write.why !== 'repaired') continue;
      const repairs = this.#apps.get(app) ?? new Map<string, Repairs>();
      const place = placeOf(write);
      const count = (this.#recent(app, write, now)?.count ?? 0) + 1;
      repairs.delete(place);
      repairs.set(place, { count, last: now, what: describeRepair(write), remedy: remedyFor(app, write) });
      if (repairs.size > mostPlaces) forgetOne(repairs);
      this.#apps.delete(app);
      this.#apps.set(app, repairs);
    }
    this.#forgetCalm(now);
  }

  /** Looks no further than at the first AppServer of which something is still to be kept. */
  #forgetCalm(now: number): void {
    for (const [app, repairs] of this.#apps) {
      for (const [place, one] of repairs) if (now - one.last >= memoryMs(one)) repairs.delete(place);
      if (repairs.size > 0) return;
      this.#apps.delete(app);
    }
  }

  /** The field that another manager keeps changing, if there is one. */
  conflict(app: string, now: number): FieldConflict | undefined {
    const repairs = [...(this.#apps.get(app)?.values() ?? [])];
    const last = repairs.findLast((one) => one.count >= free && now - one.last < memoryMs(one));
    return (
      last && {
        condition: {
          type: 'FieldConflict',
          reason: reasons.FieldConflict,
          message: `${last.what} is changed again after each repair; ${last.remedy}. Until then it is repaired less and less often.`,
        },
        forMs: last.last + memoryMs(last) - now,
      }
    );
  }

  /** The AppServer is gone. */
  forget(app: string): void {
    this.#apps.delete(app);
  }

  #recent(app: string, write: Write, now: number): Repairs | undefined {
    const known = write.why === 'repaired' ? this.#apps.get(app)?.get(placeOf(write)) : undefined;
    return known !== undefined && now - known.last < memoryMs(known) ? known : undefined;
  }
}

/** @param app its key */
function remedyFor(app: string, write: Write): string {
  if (write.child.kind === 'Deployment' && fieldsOf(write).includes('spec.replicas')) {
    const [, name = ''] = app.split('/');
    return `let that manager scale the AppServer instead, which has a scale subresource (kind AppServer, name ${name}), or leave the number to it with spec.scaleTarget: Deployment, or remove it and use spec.autoscaling`;
  }
  return 'stop the manager that changes it, or change the AppServer';
}

/** Fields in conflict are kept as long as there are others. */
function forgetOne(repairs: Map<string, Repairs>): void {
  const [longestAgo] = repairs.keys();
  const [place = longestAgo] = [...repairs].find(([, { count }]) => count < free) ?? [];
  if (place !== undefined) repairs.delete(place);
}

/** The same fields of the same child: someone who edits one after the other by hand is in conflict about none. */
function placeOf(write: Write): string {
  return contentHash([write.child.kind, write.child.metadata.name, fieldsOf(write)]);
}
