// The help of a command line.
import type { Command, Operand, Program } from './arguments.ts';
import { helpOption, optionTerm, versionOption, type Option } from './options.ts';

type Item = readonly [term: string, description: string];

/** Below this, lines are left for the terminal to break. */
const minWidth = 40;
const indent = 2;
const gap = 2;

function operandTerm({ name, kind }: Operand): string {
  return kind === 'words' ? `[${name}...]` : `<${name}>`;
}

function optionItem(option: Option): Item {
  const standard = option.default === undefined ? '' : ` (default: ${JSON.stringify(option.default)})`;
  return [optionTerm(option), `${option.description}${standard}`];
}

function commandItem({ name, options, operands, description }: Command): Item {
  return [[name, ...(options.length > 0 ? ['[options]'] : []), ...operands.map(operandTerm)].join(' '), description];
}

/** Breaks lines between words. A word that is wider than a line has one of its own. */
function wrapped(text: string, width: number): string[] {
  if (width < minWidth) return [text];
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line === '') line = word;
    else if (line.length + 1 + word.length <= width) line += ` ${word}`;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}

function section(title: string, items: readonly Item[], [termWidth, width]: readonly [number, number]): string[] {
  if (items.length === 0) return [];
  const margin = ' '.repeat(indent + termWidth + gap);
  const texts = items.map(([term, description]) => {
    const lines = wrapped(description, width - margin.length);
    return `${' '.repeat(indent)}${term.padEnd(termWidth + gap)}${lines.join(`\n${margin}`)}`;
  });
  return [title, ...texts, ''];
}

/**
 * @param command one of the program, or the program itself
 * @param width columns of the terminal
 */
export function helpText(program: Program, command: Command, width: number): string {
  const isProgram = command === program;
  const commands = isProgram ? program.commands : [];
  const usage = [
    ...(isProgram ? [] : [program.name]),
    command.name,
    '[options]',
    ...(commands.length > 0 ? ['[command]'] : []),
    ...command.operands.map(operandTerm),
  ];
  const operands = command.operands.map((one): Item => [one.name, one.description]);
  const options = [...(isProgram ? [versionOption] : []), ...command.options, helpOption].map(optionItem);
  const help: Item[] = commands.length > 0 ? [['help [command]', 'display help for command']] : [];
  const names = [...commands.map(commandItem), ...help];
  const termWidth = Math.max(...[...operands, ...options, ...names].map(([term]) => term.length));
  return [
    `Usage: ${usage.join(' ')}`,
    '',
    ...wrapped(command.description, width),
    '',
    ...section('Arguments:', operands, [termWidth, width]),
    ...section('Options:', options, [termWidth, width]),
    ...section('Commands:', names, [termWidth, width]),
  ].join('\n');
}
