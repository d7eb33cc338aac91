// Fields that somebody keeps changing after each repair. Undoing that for ever would cost the API server and bring the
// child no rest, so repairs become rare, and the AppServer says whose doing it is.
import type { Write } from './plan.ts';
import { describeRepair, fieldsOf } from './written.ts';

/** Repairs at once, before they are spaced out: a person who tries something out is not a contender. */
const free = 5;
const firstPauseMs = 2_000;
const longestPauseMs = 300_000;
/** A child that was left alone for so long after a repair starts anew. */
export const calmMs = 300_000;

interface Repairs {
  readonly count: number;
  readonly last: number;
  /** What was repaired last, and who had changed it. */
  readonly what: string;
}

export interface Admitted {
  readonly due: readonly Write[];
  /** When the others are due; undefined when there are none. */
  readonly waitMs: number | undefined;
}

export interface Contended {
  readonly message: string;
  /** When it is over if nobody changes the child again. */
  readonly forMs: number;
}

/** Pause after so many repairs. */
function pauseMs(count: number): number {
  return count < free ? 0 : Math.min(longestPauseMs, firstPauseMs * 2 ** (count - free));
}

const memoryMs = ({ count }: Repairs): number => Math.max(calmMs, 2 * pauseMs(count));

export class Contention {
  /** By AppServer, and by child and fields. */
  readonly #apps = new Map<string, Map<string, Repairs>>();

  /** Counts repairs, and leaves out those that somebody would undo at once. @param now milliseconds that only grow */
  admit(app: string, writes: readonly Write[], now: number): Admitted {
    const waits: number[] = [];
    const due = writes.filter((write) => {
      const ms = write.why === 'repaired' ? this.#ask(app, write, now) : 0;
      if (ms > 0) waits.push(ms);
      return ms === 0;
    });
    return { due, waitMs: waits.length === 0 ? undefined : Math.min(...waits) };
  }

  /** What of the AppServer is contended for, if anything is. */
  contended(app: string, now: number): Contended | undefined {
    const repairs = [...(this.#apps.get(app)?.values() ?? [])];
    const last = repairs.findLast((one) => one.count >= free && now - one.last < memoryMs(one));
    return (
      last && {
        message: `${last.what} is changed again after each repair; let the other one leave it alone, or change the AppServer. Until then it is set back ever more rarely.`,
        forMs: last.last + memoryMs(last) - now,
      }
    );
  }

  /** The AppServer is gone. */
  forget(app: string): void {
    this.#apps.delete(app);
  }

  /** Returns milliseconds to wait; 0 when the repair may be done, which is counted then. */
  #ask(app: string, write: Write, now: number): number {
    const repairs = this.#apps.get(app) ?? new Map<string, Repairs>();
    // The same fields of the same child: whoever edits one after the other by hand contends for none.
    const place = [write.child.kind, write.child.metadata.name, ...fieldsOf(write)].join(' ');
    const known = repairs.get(place);
    const recent = known !== undefined && now - known.last < memoryMs(known) ? known : undefined;
    const ms = recent === undefined ? 0 : recent.last + pauseMs(recent.count) - now;
    if (ms > 0) return ms;
    repairs.set(place, { count: (recent?.count ?? 0) + 1, last: now, what: describeRepair(write) });
    this.#apps.set(app, repairs);
    return 0;
  }
}
