// Time that the runtime and its workers could not use: the CPU quota was spent, or the whole container stood still (a
// paused virtual machine, a frozen cgroup, a STOP to all). Silence during it says nothing about a worker.

/** A timer may be so late for other reasons. */
const latenessMs = 250;
const remembered = 64;

export class Withheld {
  readonly #intervalMs: () => number;
  readonly #throttledMs: () => number;
  readonly #spans: { readonly at: number; readonly ms: number }[] = [];
  #last: number;
  #throttled: number;

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

  /** Milliseconds withheld since the last look, at most the time that has passed. */
  look(now: number): number {
    const passed = now - this.#last;
    const throttled = this.#throttledMs();
    const stood = passed - this.#intervalMs() - latenessMs;
    const ms = Math.max(0, Math.min(passed, Math.max(stood, throttled - this.#throttled)));
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
