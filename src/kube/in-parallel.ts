/**
 * Does the work for each item, so many at a time, and returns the results in the order of the items.
 * @param most at a time, at least 1
 * @throws what the first one throws that fails; none is begun afterwards
 */
export async function inParallel<T, R>(most: number, items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Map<number, R>();
  const entries = items.entries();
  let failed = false;
  const takeAll = async (): Promise<void> => {
    for (const [index, item] of entries) {
      if (failed) return;
      try {
        results.set(index, await work(item));
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, takeAll));
  return [...results].toSorted(([a], [b]) => a - b).map(([, result]) => result);
}
