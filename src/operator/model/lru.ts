// What is remembered for a while, and no more of it than has a place: what was asked for longest ago goes first.

interface Entry<V> {
  readonly value: V;
  readonly until: number;
}

export class Lru<V> {
  readonly #most: number;
  readonly #now: () => number;
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry<V>>();

  /** @param now milliseconds that only grow */
  constructor(most: number, now: () => number) {
    this.#most = most;
    this.#now = now;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Undefined for what is not remembered any more. */
  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (entry.until <= this.#now()) return undefined;
    this.#entries.set(key, entry);
    return entry.value;
  }

  set(key: string, value: V, forMs: number): void {
    this.#entries.delete(key);
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined && this.#entries.size >= this.#most) this.#entries.delete(oldest);
    this.#entries.set(key, { value, until: this.#now() + forMs });
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }
}
