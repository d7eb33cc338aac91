// The index of docs/decisions, made from the pages' own headings and what they say of each other.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '../e2e/cluster/layout.ts';

const directory = join(repository, 'docs/decisions');

export interface Decision {
  readonly number: number;
  readonly title: string;
  readonly file: string;
  /** What follows the heading where the page stands in relation to another: `Superseded by [14](0014-x.md).` */
  readonly relation: string;
}

const relations = /^(?:Superseded|Extended) by \[|^(?:Supersedes|Extends) \[/;

/** @throws when the heading is not `# NUMBER. TITLE` with the number of the file's name */
export function parseDecision(file: string, text: string): Decision {
  const [heading = '', ...paragraphs] = text.split('\n\n');
  const [, number = '', title = ''] = /^# (\d+)\. (.+)$/.exec(heading) ?? [];
  if (title === '' || Number(file.slice(0, 4)) !== Number(number)) {
    throw new Error(`docs/decisions/${file} must begin with "# ${Number(file.slice(0, 4))}. Title"`);
  }
  const stated = paragraphs.slice(0, 2).filter((paragraph) => relations.test(paragraph));
  return { number: Number(number), title, file, relation: stated.join(' ').replaceAll('\n', ' ').trim() };
}

export function decisions(): Decision[] {
  return readdirSync(directory)
    .filter((file) => /^\d{4}-.*\.md$/.test(file))
    .toSorted()
    .map((file) => parseDecision(file, readFileSync(join(directory, file), 'utf8')));
}

function status({ relation }: Decision): string {
  const text = relation.replace(/\.$/, '');
  return text.startsWith('Superseded') ? text : ['In force', text].filter(Boolean).join('. ');
}

export function decisionIndex(all: readonly Decision[]): string {
  return [
    '# Decisions',
    '',
    'Generated from the pages by `npm run generate`. A page is for a decision that another would have made differently: what it is',
    'for, what the options were, what was decided, and what follows. It is not rewritten when a later one replaces it; then its',
    'second line is `Superseded by [NUMBER](FILE).`, and the later page says `Supersedes`.',
    '',
    '| number | decision | status |',
    '| --- | --- | --- |',
    ...all.map((one) => `| ${one.number} | [${one.title}](${one.file}) | ${status(one)} |`),
    '',
  ].join('\n');
}
