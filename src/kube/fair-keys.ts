// Keys that wait, handed out so that each namespace has its turn: whoever puts thousands in is no more in the way of
// another than whoever puts one in.

/** The part of `namespace/name` by which turns are counted. */
export function namespaceOfKey(key: string): string {
  const slash = key.indexOf('/');
  return slash === -1 ? '' : key.slice(0, slash);
}

/** A set of keys: round robin over their namespaces, first come first served within one. */
export class FairKeys {
  /** The first one is next. None is empty. */
  readonly #namespaces = new Map<string, Set<string>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(key: string): boolean {
    return this.#namespaces.get(namespaceOfKey(key))?.has(key) === true;
  }

  /** Whether it was not there before. */
  add(key: string): boolean {
    if (this.has(key)) return false;
    const namespace = namespaceOfKey(key);
    const keys = this.#namespaces.get(namespace);
    if (keys === undefined) this.#namespaces.set(namespace, new Set([key]));
    else keys.add(key);
    this.#size++;
    return true;
  }

  /** Whether it was there. */
  delete(key: string): boolean {
    const namespace = namespaceOfKey(key);
    const keys = this.#namespaces.get(namespace);
    if (keys?.delete(key) !== true) return false;
    if (keys.size === 0) this.#namespaces.delete(namespace);
    this.#size--;
    return true;
  }

  /**
   * Takes the next key out. Its namespace comes last from then on; one that is not allowed keeps its turn.
   * @param allowed whether a namespace may have a turn now; default: each may
   */
  take(allowed: (namespace: string) => boolean = () => true): string | undefined {
    for (const [namespace, keys] of this.#namespaces) {
      const [key] = keys;
      if (key === undefined || !allowed(namespace)) continue;
      this.#namespaces.delete(namespace);
      keys.delete(key);
      if (keys.size > 0) this.#namespaces.set(namespace, keys);
      this.#size--;
      return key;
    }
    return undefined;
  }
}
