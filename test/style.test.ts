// docs/style.md names words and what to say instead. Nothing that users read has them.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { repository } from '../e2e/cluster/layout.ts';

const guide = 'docs/style.md';
const read = (path: string): string => readFileSync(join(repository, path), 'utf8');
const pages = globSync(['*.md', '{docs,e2e,examples,charts}/**/*.md', 'crds/*.yaml'], { cwd: repository })
  // What was decided or released stays as it was written.
  .filter((path) => !/node_modules|^CHANGELOG|^docs\/decisions\//.test(path) && path !== guide)
  .toSorted();

/** The phrases of the first column, in lower case. */
function phrasesOf(text: string): string[] {
  const [, table = ''] = text.split(/^\| not +\| but +\|\n\| -+ \| -+ \|\n/m);
  return table.split('\n').flatMap((row) => {
    const [, cell = ''] = /^\| ([^|]+?) +\|/.exec(row) ?? [];
    return cell === '' ? [] : cell.split(/, (?=\w)/).map((phrase) => phrase.toLowerCase());
  });
}

/** A line each. Code is left out: it names what there is. */
function found(text: string, phrases: readonly string[]): string[] {
  return text.split('\n').flatMap((line, index) => {
    const prose = ` ${line.replaceAll(/`[^`]*`/g, '').toLowerCase()} `;
    return phrases
      .filter((phrase) => prose.split(phrase).some((_, at, parts) => at > 0 && isWhole(parts, at, phrase)))
      .map((phrase) => `${index + 1}: ${phrase}`);
  });
}

function isWhole(parts: readonly string[], at: number, phrase: string): boolean {
  const before = parts[at - 1]?.at(-1) ?? ' ';
  const after = parts[at]?.[0] ?? ' ';
  return !/\w/.test(before) && (/\W$/.test(phrase) || !/\w/.test(after));
}

const phrases = phrasesOf(read(guide));

describe('words that are not used', () => {
  test('are read from the guide', () => {
    assert.ok(phrases.length > 10);
    assert.ok(phrases.includes('whoever') && phrases.includes('is told') && phrases.includes('are told'));
  });

  const sentences = [
    ['are found at the beginning', 'Whoever reads this.', ['1: whoever']],
    ['are found on their line', 'One.\nA folder, and a sweep.', ['2: folder', '2: sweep']],
    ['are found with their comma', 'Besides, it polls.', ['1: besides,']],
    ['are not found without it', 'Besides the API server it polls pods.', []],
    ['are not found in other words', 'A sweeper in its subfolders.', []],
    ['are not found in code', 'Set `folder: x`.', []],
  ] as const;
  for (const [what, text, expected] of sentences) {
    test(what, () => assert.deepEqual(found(text, phrases), expected));
  }

  for (const page of pages) test(`are not in ${page}`, () => assert.deepEqual(found(read(page), phrases), []));
});
