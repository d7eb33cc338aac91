// How often something has been said: while no worker gets ready, each start fails with the same traceback and sentence.

/** Different texts that are remembered. */
const most = 32;

export class Repeats {
  readonly #times = new Map<string, number>();

  /** @returns 1 for the first time */
  count(text: string): number {
    const times = (this.#times.get(text) ?? 0) + 1;
    if (times > 1 || this.#times.size < most) this.#times.set(text, times);
    return times;
  }

  /** What comes from now on is news. */
  clear(): void {
    this.#times.clear();
  }
}
