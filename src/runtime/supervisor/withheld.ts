// Time that the runtime and its workers could not use: the CPU quota was spent, or the whole container stood still (a
// paused virtual machine, a frozen cgroup, a STOP to all). Silence during it says nothing about a worker.

/** A timer may be so late for other reasons. */
const latenessMs = 250;
const remembered = 64;
const longestThrottledMs = 60_000;

export class Withheld {
  readonly #intervalMs: () => number;
  readonly #throttledMs: () => number;
  readonly #spans: { readonly at: number; readonly ms: number }[] = [];
  #last: number;
  #throttled: number;
  /** Time that has passed and was not found to be withheld, of the last minute. */
  #usable = 0;

  /**
   * @param intervalMs how often look() is called at least
   * @param throttledMs what the cgroup says, a number that grows
   */
  constructor(now: number, intervalMs: () => number, throttledMs: () => number) {
    this.#intervalMs = intervalMs;
    this.#throttledMs = throttledMs;
    this.#last = now;
    this.#throttled = throttledMs();
  }

  /**
   * Milliseconds found to have been withheld. The kernel tells of a throttled CPU when it lets it go on, which may be
   * many looks later: what it tells counts for earlier time too, but never twice.
   */
  look(now: number): number {
    const passed = now - this.#last;
    const throttled = this.#throttledMs();
    const stood = passed - this.#intervalMs() - latenessMs;
    this.#usable += passed;
    const ms = Math.max(0, Math.min(this.#usable, Math.max(stood, throttled - this.#throttled)));
    this.#usable = Math.min(this.#usable - ms, longestThrottledMs);
    this.#last = now;
    this.#throttled = throttled;
    if (ms > 0) {
      this.#spans.push({ at: now, ms });
      if (this.#spans.length > remembered) this.#spans.shift();
    }
    return ms;
  }

  /** Of the time since `from`. */
  since(from: number): number {
    return this.#spans.reduce((sum, { at, ms }) => (at > from ? sum + Math.min(ms, at - from) : sum), 0);
  }
}
