// Spaces out what comes again and again. Thousands of keys that come once are no matter of it, only one that changes faster
// than it converges: looking at each change of that one would cost the others their turn, and bring it nothing.

/** One of them is forgotten after so long, so that a key that never rests is taken about so often. */
const coolingMs = 2_000;
const firstPauseMs = 100;
const longestPauseMs = 3_000;
/** After so many more than the burst the pause does not grow any more. */
const growing = Math.ceil(Math.log2(longestPauseMs / firstPauseMs)) + 1;

interface Heat {
  /** Times that it was taken, less those that are forgotten. */
  readonly level: number;
  /** When it was taken last. */
  readonly at: number;
}

export class Throttle {
  readonly #burst: number;
  readonly #hottest: number;
  /** After so long without being taken nothing is known of a key. */
  readonly #coldAfterMs: number;
  /** In the order in which they were taken last, so that the cold ones come first. */
  readonly #heat = new Map<string, Heat>();

  /** @param burst turns in a row of one key without a pause */
  constructor(burst: number) {
    this.#burst = burst;
    this.#hottest = burst + growing;
    this.#coldAfterMs = this.#hottest * coolingMs;
  }

  /** Keys of which something is known; none once all have rested. @param now milliseconds that only grow */
  known(now: number): number {
    this.#forgetCold(now);
    return this.#heat.size;
  }

  /** How long the key has to wait for its next turn, in milliseconds; 0 for not at all. */
  waitMs(key: string, now: number): number {
    const heat = this.#heat.get(key);
    return heat === undefined ? 0 : Math.max(0, heat.at + this.#pauseMs(heat.level) - now);
  }

  /** Counts a turn of the key. */
  taken(key: string, now: number): void {
    this.#forgetCold(now);
    const before = this.#heat.get(key);
    const left = before === undefined ? 0 : Math.max(0, before.level - (now - before.at) / coolingMs);
    this.#heat.delete(key);
    this.#heat.set(key, { level: Math.min(this.#hottest, left + 1), at: now });
  }

  #pauseMs(level: number): number {
    return level <= this.#burst - 1 ? 0 : Math.min(longestPauseMs, firstPauseMs * 2 ** (level - this.#burst));
  }

  #forgetCold(now: number): void {
    for (const [key, { at }] of this.#heat) {
      if (now - at < this.#coldAfterMs) return;
      this.#heat.delete(key);
    }
  }
}
