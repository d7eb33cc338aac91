// How long an AppServer is left alone while something outside of what is watched stands in its way. Often at first, since
// whoever is removing it looks on; less often then.
import { backoffMs } from '../../kube/index.ts';

const wait = { baseMs: 1_000, capMs: 15_000 };
/** As long as it may be: looks of many AppServers need no spreading. */
const wholly = 1;

export class Patience {
  /** Looks in vain, by the key of the AppServer. */
  readonly #looks = new Map<string, number>();

  /** Milliseconds until the next look. */
  next(key: string): number {
    const looks = this.#looks.get(key) ?? 0;
    this.#looks.set(key, looks + 1);
    return backoffMs(looks, wait, wholly);
  }

  /** Nothing stands in the way any more, or the AppServer is gone. */
  forget(key: string): void {
    this.#looks.delete(key);
  }
}
