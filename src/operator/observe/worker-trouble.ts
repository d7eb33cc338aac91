// Workers that exit unexpectedly, reported of one AppServer once a minute at most, whatever its pods say.
import type { RuntimeCode } from '../model/runtime-codes.ts';

const quietMs = 60_000;
const mostNamed = 3;

interface Trouble {
  readonly pods: Set<string>;
  readonly codes: Set<RuntimeCode>;
  toldAt: number;
}

export interface TroubleNote {
  readonly note: string;
  /** Of the causes alone: which pods they are in changes. */
  readonly key: string;
}

export class WorkerTrouble {
  readonly #tell: (app: string, note: TroubleNote) => void;
  readonly #byApp = new Map<string, Trouble>();

  constructor(tell: (app: string, note: TroubleNote) => void) {
    this.#tell = tell;
  }

  /** AppServers of which something was reported of late, or is to be. */
  get size(): number {
    return this.#byApp.size;
  }

  /** @param now milliseconds that only grow */
  add(app: string, pod: string, codes: readonly RuntimeCode[], now: number): void {
    if (codes.length === 0) return;
    const trouble = this.#byApp.get(app) ?? { pods: new Set(), codes: new Set(), toldAt: -Infinity };
    trouble.pods.add(pod);
    for (const code of codes) trouble.codes.add(code);
    this.#byApp.set(app, trouble);
    this.#flush(app, trouble, now);
  }

  /** Reports what has come together meanwhile, and forgets what is over. */
  tick(now: number): void {
    for (const [app, trouble] of this.#byApp) this.#flush(app, trouble, now);
  }

  #flush(app: string, trouble: Trouble, now: number): void {
    if (now - trouble.toldAt < quietMs) return;
    if (trouble.pods.size === 0) {
      this.#byApp.delete(app);
      return;
    }
    this.#tell(app, describe(trouble));
    trouble.toldAt = now;
    trouble.pods.clear();
    trouble.codes.clear();
  }
}

function describe({ pods, codes }: Trouble): TroubleNote {
  const named = [...pods].slice(0, mostNamed).join(', ');
  const more = pods.size > mostNamed ? ` and ${pods.size - mostNamed} more` : '';
  const [which, whose] = pods.size === 1 ? ['pod', 'its log shows'] : ['pods', 'their logs show'];
  const key = [...codes].toSorted().join(', ');
  return { note: `Workers of ${which} ${named}${more} exit unexpectedly: ${key}; ${whose} why`, key };
}
