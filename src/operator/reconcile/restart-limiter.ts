// How many AppServers replace their pods at the same time because of what they use: one certificate that all of them mount
// must not replace everything in the cluster at once.

export class RestartLimit {
  readonly #most: number;
  readonly #onFree: (app: string) => void;
  readonly #underWay = new Set<string>();
  readonly #waiting = new Set<string>();

  /**
   * @param most at the same time, at least 1
   * @param onFree called with the key of one that has waited and may begin
   */
  constructor(most: number, onFree: (app: string) => void) {
    this.#most = most;
    this.#onFree = onFree;
  }

  /** Whether the AppServer may begin, or has; if not, it is told when it may. */
  admit(app: string): boolean {
    if (this.#underWay.has(app)) return true;
    if (this.#underWay.size >= this.#most) {
      this.#waiting.add(app);
      return false;
    }
    this.#waiting.delete(app);
    this.#underWay.add(app);
    return true;
  }

  /** The AppServer is through, or has nothing to begin with. */
  done(app: string): void {
    this.#waiting.delete(app);
    if (!this.#underWay.delete(app)) return;
    const [next] = this.#waiting;
    if (next === undefined) return;
    // The place is its own from now on: the next one that is free is for another.
    this.#waiting.delete(next);
    this.#underWay.add(next);
    this.#onFree(next);
  }
}
