// The table of what was seen, for people.
import { rows, type Observed } from './observe.ts';

export interface Result {
  readonly name: string;
  readonly runtime: Observed;
  readonly documented: Observed;
}

function mark(observed: Observed, row: (typeof rows)[number]): string {
  if (!observed.has(row)) return '–';
  return observed.get(row) === undefined ? 'Y' : 'N';
}

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

export function table(results: readonly Result[]): string {
  const head = [line(['framework', ...rows]), line(['---', ...rows.map(() => '---')])];
  const body = results.map(({ name, runtime, documented }) =>
    line([name, ...rows.map((row) => `${mark(runtime, row)} ${mark(documented, row)}`)]),
  );
  const reasons = results.flatMap(({ name, runtime, documented }) =>
    [['the runtime', runtime] as const, ['the documented server', documented] as const].flatMap(([server, observed]) =>
      [...observed].flatMap(([row, why]) =>
        why === undefined ? [] : [`- ${name}, ${row}, ${server}: ${why.replaceAll(/\s+/g, ' ').slice(0, 400)}`],
      ),
    ),
  );
  return `# Frameworks

From \`npm run test:frameworks\`. In each cell, the runtime and then the server of the framework's own documentation: \`Y\`
yes, \`N\` no, \`–\` not observed. Reloads and losses under load are observed with the runtime alone.

${[...head, ...body].join('\n')}

## What does not hold

${reasons.length === 0 ? 'Nothing.' : reasons.join('\n')}
`;
}
