// What someone may have meant who wrote a word that does not exist.

/** Words that need more edits than this are not meant. */
const maxDistance = 3;
/** Nor are words of which less than this part is as it was written. */
const minSimilarity = 0.4;

/** How many letters are missing, too many, wrong or swapped with the next: the optimal string alignment distance. */
function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? 0;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, replaced, swapped ? at(i - 2, j - 2) + 1 : replaced));
    }
  }
  return at(a.length, b.length);
}

/** The candidates that are nearest to the word, as the end of an error message; empty when none is near. */
export function suggestion(word: string, candidates: readonly string[]): string {
  const bare = (one: string): string => one.replace(/^--/, '');
  const near = candidates.flatMap((candidate) => {
    const [a, b] = [bare(word), bare(candidate)];
    const length = Math.max(a.length, b.length);
    // Far longer or shorter words need no look, however long what was written is.
    if (b.length <= 1 || Math.abs(a.length - b.length) > maxDistance) return [];
    const distance = editDistance(a, b);
    return distance <= maxDistance && (length - distance) / length > minSimilarity ? [{ candidate, distance }] : [];
  });
  const least = Math.min(...near.map(({ distance }) => distance));
  const found = near.filter(({ distance }) => distance === least).map(({ candidate }) => candidate);
  if (found.length === 0) return '';
  return `\n(Did you mean ${found.length > 1 ? 'one of ' : ''}${found.toSorted().join(', ')}?)`;
}
