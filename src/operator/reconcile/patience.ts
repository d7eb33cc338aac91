// How long an AppServer is left alone while something outside of what is watched stands in its way. Often at first, since
// whoever is removing it looks on; less often then.

const firstMs = 1_000;
const longestMs = 15_000;

export class Patience {
  /** Milliseconds of the last time, by the key of the AppServer. */
  readonly #last = new Map<string, number>();

  /** Milliseconds until the next look. */
  next(key: string): number {
    const before = this.#last.get(key);
    const now = before === undefined ? firstMs : Math.min(2 * before, longestMs);
    this.#last.set(key, now);
    return now;
  }

  /** Nothing stands in the way any more, or the AppServer is gone. */
  forget(key: string): void {
    this.#last.delete(key);
  }
}
