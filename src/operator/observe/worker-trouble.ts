// Workers that end without having been asked to, told of one AppServer once a minute at most, whatever its pods say.
import type { RuntimeCode } from '../model/runtime-codes.ts';

const quietMs = 60_000;
const mostNamed = 3;

interface Trouble {
  readonly pods: Set<string>;
  readonly codes: Set<RuntimeCode>;
  toldAt: number;
}

export class WorkerTrouble {
  readonly #tell: (app: string, note: string) => void;
  readonly #byApp = new Map<string, Trouble>();

  constructor(tell: (app: string, note: string) => void) {
    this.#tell = tell;
  }

  /** AppServers of which something was told of late, or is to be told. */
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

  /** Tells what has come together meanwhile, and forgets what is over. */
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

function describe({ pods, codes }: Trouble): string {
  const named = [...pods].slice(0, mostNamed).join(', ');
  const more = pods.size > mostNamed ? ` and ${pods.size - mostNamed} more` : '';
  const [which, whose] = pods.size === 1 ? ['pod', 'its log shows'] : ['pods', 'their logs show'];
  return `Workers of ${which} ${named}${more} end unasked: ${[...codes].join(', ')}; ${whose} why`;
}
