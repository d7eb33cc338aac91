// The list of differences that users read, as what a comparison may find.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '../../e2e/cluster/layout.ts';

/** Names of the requests in the last column of each row of the tables. */
export function listedDifferences(): ReadonlySet<string> {
  const page = readFileSync(join(repository, 'docs/class-fast.md'), 'utf8');
  const rows = page.split('\n').filter((line) => line.startsWith('|'));
  return new Set(
    rows.flatMap((row) => {
      const cells = row.split(' | ');
      return [...(cells.at(-1) ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
    }),
  );
}
