// Command lines: what can be written, as data, and what was.
import { helpOption, separate, versionOption, withDefaults, Wrong, type Option, type Options } from './options.ts';
import { suggestion } from './suggestion.ts';

export interface Operand {
  readonly name: string;
  readonly description: string;
  /** Any number of words, none included; or a whole number. */
  readonly kind: 'words' | 'number';
}

export interface Command {
  readonly name: string;
  readonly description: string;
  readonly options: readonly Option[];
  readonly operands: readonly Operand[];
}

export interface Program extends Command {
  /** One of which is to be named first, where there are any. */
  readonly commands: readonly Command[];
}

export type Parsed =
  | { readonly kind: 'run'; readonly command: string; readonly options: Options; readonly operands: readonly string[] }
  /** Of a command, or of the program. */
  | { readonly kind: 'help'; readonly command: Command | undefined }
  | { readonly kind: 'version' }
  /** No command was named. */
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'wrong'; readonly message: string };

function checkOperands(command: Command, words: readonly string[], program: Program): void {
  const { name, operands } = command;
  for (const [i, operand] of operands.entries()) {
    const word = words[i];
    if (operand.kind === 'words') return;
    if (word === undefined) throw new Wrong(`missing required argument '${operand.name}'`);
    if (!/^\d+$/.test(word)) {
      const what = `command-argument value '${word}' is invalid for argument '${operand.name}'.`;
      throw new Wrong(`${what} It is to be a whole number.`);
    }
  }
  if (words.length <= operands.length) return;
  const expected = `${operands.length} argument${operands.length === 1 ? '' : 's'}`;
  const whose = command === program ? '' : ` for '${name}'`;
  throw new Wrong(`too many arguments${whose}. Expected ${expected} but got ${words.length}: ${words.join(', ')}.`);
}

function unknownCommand(name: string, { commands }: Program): Wrong {
  const names = [...commands.map((command) => command.name), 'help'];
  return new Wrong(`unknown command '${name}'${suggestion(name, names)}`);
}

/** Of the named command, or of the program where that has none. */
function read(program: Program, command: Command, args: readonly string[]): Parsed {
  const isProgram = command === program;
  const own = [...program.options, versionOption, ...(isProgram ? [] : command.options), helpOption];
  const { given, words, unknown } = separate(args, own);
  if (given.has(versionOption.long)) return { kind: 'version' };
  if (given.has(helpOption.long)) return { kind: 'help', command: isProgram ? undefined : command };
  if (unknown !== undefined) {
    const names = own.map(({ long }) => long);
    throw new Wrong(`unknown option '${unknown}'${unknown.startsWith('--') ? suggestion(unknown, names) : ''}`);
  }
  const operands = isProgram ? words : words.slice(1);
  checkOperands(command, operands, program);
  return { kind: 'run', command: command.name, options: withDefaults(given, own), operands };
}

function dispatch(program: Program, args: readonly string[]): Parsed {
  const { commands } = program;
  if (commands.length === 0) return read(program, program, args);
  const all = [...program.options, versionOption, helpOption, ...commands.flatMap(({ options }) => options)];
  const { words, given, unknown } = separate(args, all);
  const [name, topic] = words;
  if (name === undefined)
    return given.size > 0 || unknown !== undefined ? noCommand(read(program, program, args)) : { kind: 'incomplete' };
  const named = (one: string): Command | undefined => commands.find((command) => command.name === one);
  if (name === 'help') {
    const about = topic === undefined ? undefined : named(topic);
    return topic !== undefined && about === undefined ? { kind: 'incomplete' } : { kind: 'help', command: about };
  }
  const command = named(name);
  if (command !== undefined) return read(program, command, args);
  if (given.has(versionOption.long)) return { kind: 'version' };
  if (given.has(helpOption.long)) return { kind: 'help', command: undefined };
  throw unknownCommand(name, program);
}

/** Options alone run nothing where a command is needed. */
function noCommand(parsed: Parsed): Parsed {
  return parsed.kind === 'run' ? { kind: 'incomplete' } : parsed;
}

/** @param args without program and script. Options may stand anywhere before `--` */
export function parse(program: Program, args: readonly string[]): Parsed {
  try {
    return dispatch(program, args);
  } catch (error) {
    if (!(error instanceof Wrong)) throw error;
    return { kind: 'wrong', message: error.message };
  }
}
