// Objects of one kind as the watch has seen them last, by key and by one index.

/** An answer is late by seconds at most, so the last ones do. */
const rememberedDeletions = 1_000;

export class Cache<T> {
  readonly #objects = new Map<string, T>();
  readonly #versions = new Map<string, bigint>();
  /** Versions at which objects were deleted, of the last ones. */
  readonly #deleted = new Map<string, bigint>();
  readonly #index = new Map<string, Set<string>>();
  readonly #indexOf: (object: T) => string | undefined;
  #newest = 0n;

  /** @param indexOf what objects are looked up by besides their key, an owner for one */
  constructor(indexOf: (object: T) => string | undefined) {
    this.#indexOf = indexOf;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  keys(): string[] {
    return [...this.#objects.keys()];
  }

  /** The newest version that has been kept. A list that is asked for from now on is of this version or a later one. */
  get newest(): bigint {
    return this.#newest;
  }

  /** Forgets which versions are there: etcd has been restored to an earlier time, and counts from there again. */
  forgetVersions(): void {
    this.#versions.clear();
    this.#deleted.clear();
    this.#newest = 0n;
  }

  /** In the order of their keys. */
  byIndex(value: string): T[] {
    const keys = [...(this.#index.get(value) ?? [])].toSorted();
    return keys.map((key) => this.#objects.get(key)).filter((object) => object !== undefined);
  }

  /**
   * Keeps the object unless the same or a newer one is there: an answer to a write may be ahead of the watch. Returns
   * whether it did.
   * @param resourceVersion of an object of one kind these compare as whole numbers (KEP-5504)
   */
  set(key: string, object: T, resourceVersion = '0'): boolean {
    const version = BigInt(resourceVersion);
    const known = this.#versions.get(key);
    if (version < (known ?? this.#deleted.get(key) ?? 0n) || (version === known && version !== 0n)) return false;
    this.delete(key);
    this.#objects.set(key, object);
    this.#versions.set(key, version);
    if (version > this.#newest) this.#newest = version;
    const value = this.#indexOf(object);
    if (value !== undefined) this.#index.set(value, (this.#index.get(value) ?? new Set()).add(key));
    return true;
  }

  /**
   * Returns what was there.
   * @param resourceVersion of the deletion: the answer to an earlier write may arrive after it, and must not bring the
   * object back
   */
  delete(key: string, resourceVersion?: string): T | undefined {
    if (resourceVersion !== undefined) {
      // An event that is late, of an object that had the name before.
      if (BigInt(resourceVersion) < (this.#versions.get(key) ?? 0n)) return undefined;
      this.#deleted.set(key, BigInt(resourceVersion));
      const [oldest] = this.#deleted.keys();
      if (this.#deleted.size > rememberedDeletions && oldest !== undefined) this.#deleted.delete(oldest);
    }
    const object = this.#objects.get(key);
    if (object === undefined) return undefined;
    this.#objects.delete(key);
    this.#versions.delete(key);
    const value = this.#indexOf(object);
    if (value !== undefined) {
      const keys = this.#index.get(value);
      keys?.delete(key);
      if (keys?.size === 0) this.#index.delete(value);
    }
    return object;
  }
}
