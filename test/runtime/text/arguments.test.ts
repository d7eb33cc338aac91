import { Command, CommanderError, InvalidArgumentError } from 'commander';
import fc from 'fast-check';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parse, type Command as Described, type Program } from '../../../src/runtime/text/arguments.ts';
import { helpText } from '../../../src/runtime/text/help.ts';
import { optionTerm } from '../../../src/runtime/text/options.ts';

const control: Program = {
  name: 'ctl',
  description: 'Control a runtime, with a description that is long enough to be broken where terminals are narrow.',
  options: [{ short: '-s', long: '--socket', value: '<path>', description: 'control socket', default: '/tmp/c.sock' }],
  operands: [],
  commands: [
    {
      name: 'status',
      description: 'Show phase, workers and what they have done, which takes more than one line to say.',
      options: [{ short: '-o', long: '--output', value: '<format>', description: 'table or json', default: 'table' }],
      operands: [],
    },
    { name: 'drain', description: 'End in order.', options: [], operands: [] },
    {
      name: 'scale',
      description: 'Run so many workers.',
      options: [],
      operands: [{ name: 'workers', description: 'how many', kind: 'number' }],
    },
  ],
};

const run: Program = {
  name: 'run',
  description: 'Run an application.',
  options: [
    { short: '-c', long: '--config', value: '<file>', description: 'YAML file' },
    { short: '-l', long: '--listen', value: '<address>', description: 'can be given more than once' },
    { long: '--preload', description: 'import the application once' },
  ],
  operands: [{ name: 'command', description: 'after --: a program', kind: 'words' }],
  commands: [],
};

type Outcome =
  | {
      readonly command: string;
      readonly options: Record<string, readonly string[]>;
      readonly operands: readonly string[];
    }
  | { readonly exit: number; readonly text: string };

/** As the runtime's commands described themselves to commander. */
function theirs(program: Program, args: readonly string[], width = 80): Outcome {
  let text = '';
  let outcome: Outcome | undefined;
  const describe_ = (of: Command, command: Described): Command => {
    of.description(command.description);
    const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];
    for (const one of command.options) {
      if (one.value === undefined) of.option(optionTerm(one), one.description);
      else if (one.default === undefined) of.option(optionTerm(one), one.description, collect);
      else of.option(optionTerm(one), one.description, one.default);
    }
    for (const { name, description, kind } of command.operands) {
      const check = (value: string): string => {
        if (kind === 'number' && !/^\d+$/.test(value)) throw new InvalidArgumentError('It is to be a whole number.');
        return value;
      };
      if (kind === 'words') of.argument(`[${name}...]`, description);
      else of.argument(`<${name}>`, description, check);
    }
    of.exitOverride().configureOutput({
      writeOut: (one) => (text += one),
      writeErr: (one) => (text += one),
      getOutHelpWidth: () => width,
      getErrHelpWidth: () => width,
    });
    return of;
  };
  const root = describe_(new Command(program.name).version('1.2.3'), program);
  const act = (of: Command, command: Described): void =>
    void of.action(() => {
      const options = Object.entries(of.optsWithGlobals<Record<string, unknown>>()).map(
        ([name, value]): [string, string[]] => [`--${name}`, value === true ? [''] : [value].flat().map(String)],
      );
      outcome = { command: command.name, options: Object.fromEntries(options), operands: of.args };
    });
  for (const command of program.commands) {
    const made = describe_(root.command(command.name), command);
    act(made, command);
  }
  if (program.commands.length === 0) act(root, program);
  try {
    root.parse(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { exit: error.exitCode, text };
  }
  return outcome ?? { exit: 0, text };
}

/** Of the commands in src/runtime/commands, without a process. */
function ours(program: Program, args: readonly string[], width = 80): Outcome {
  const parsed = parse(program, args);
  switch (parsed.kind) {
    case 'run': {
      const { command, options, operands } = parsed;
      const declared = [...program.options, ...program.commands.flatMap((one) => one.options)];
      const given = declared.map(({ long }) => long).filter((long) => options.has(long));
      // commander has the value that was given last, unless it is told to collect them.
      const values = (long: string): readonly string[] =>
        declared.some((one) => one.long === long && one.value !== undefined && one.default === undefined)
          ? options.all(long)
          : [options.last(long) ?? ''];
      return { command, options: Object.fromEntries(given.map((long) => [long, values(long)])), operands };
    }
    case 'help':
      return { exit: 0, text: helpText(program, parsed.command ?? program, width) };
    case 'version':
      return { exit: 0, text: '1.2.3\n' };
    case 'incomplete':
      return { exit: 1, text: helpText(program, program, width) };
    case 'wrong':
      return { exit: 1, text: `error: ${parsed.message}\n` };
  }
}

describe('command lines', () => {
  const lines: Record<string, [Program, string]> = {
    'nothing at all': [control, ''],
    'a command': [control, 'status'],
    'an option of the program after the command': [control, 'status --socket x'],
    'an option with its value in one word': [control, 'status -ojson --socket=a=b'],
    'a value that looks like an option': [control, '-s --bogus drain'],
    'a command that does not exist': [control, 'statsu'],
    'a command that is like no other': [control, 'xyzzy'],
    'an option that does not exist': [control, 'status --outptu json'],
    'an option that is like two': [run, '--conifgh'],
    'an option that is like no other': [run, '--nonsense'],
    'a short option that does not exist': [run, '-x'],
    'a switch with a value': [run, '--preload=yes'],
    'an option without its value': [control, 'status --output'],
    'too many words': [control, 'status a b'],
    'too few words': [control, 'scale'],
    'what is no number': [control, 'scale many'],
    'a number below 0': [control, 'scale -1'],
    'a list': [run, '-l a --listen b -lc --preload'],
    'a program after --': [run, '-c x -- prog --config y -- z'],
    'a program between options': [run, 'prog -c x arg'],
    help: [control, '--help'],
    'help of a command': [control, 'scale -h'],
    'help as a command': [control, 'help'],
    'help about a command': [control, 'help status'],
    'help about nothing': [control, 'help nothing'],
    'help of a program without commands': [run, '-h'],
    'the version': [control, 'status -V'],
    'only an option, where a command is needed': [control, '--socket x'],
  };
  for (const [name, [program, line]] of Object.entries(lines)) {
    test(`are read and answered as commander does it: ${name}`, () => {
      const args = line.split(' ').filter((one) => one !== '');
      assert.deepEqual(ours(program, args), theirs(program, args));
    });
  }

  test('help is that of commander on a terminal of any width', () => {
    const topics: [Program, string[]][] = [
      [control, ['--help']],
      [run, ['--help']],
      ...control.commands.map(({ name }): [Program, string[]] => [control, [name, '--help']]),
    ];
    for (const [program, args] of topics) {
      for (let width = 10; width < 160; width++) {
        assert.deepEqual(ours(program, args, width), theirs(program, args, width));
      }
    }
  });

  test('no command line is run that commander refuses, or read in another way', () => {
    const words = ['status', 'drain', 'scale', 'help', '3', '-1', 'x', '', '-', '--'];
    const options = [
      '-s',
      '--socket',
      '--socket=a',
      '-sb',
      '-o',
      '--output',
      '-c',
      '--config',
      '-l',
      '-lx',
      '--preload',
    ];
    const odd = ['--bogus', '-z', '--preload=1', '--=', '-=', '--__proto__', '--constructor=1', '__proto__'];
    const line = fc.array(fc.constantFrom(...words, ...options, ...odd), { maxLength: 6 });
    fc.assert(
      fc.property(fc.constantFrom(control, run), line, (program, args) => {
        // What follows an option that takes a value is its value in ours, whatever it looks like. commander reads the
        // program's own options first, even in the place of a value of the command's.
        fc.pre(!args.some((one, i) => /^(-o|--output)$/.test(one) && args[i + 1]?.startsWith('-') === true));
        const [a, b] = [ours(program, args), theirs(program, args)];
        if ('command' in b) assert.deepEqual(a, b);
        // Ours takes the options of a command before its name, too, and any word after help as what it is about.
        else if (!args.some((one) => /^(-o|--output|help)/.test(one))) assert.equal('exit' in a && a.exit, b.exit);
      }),
      { numRuns: 1_000 },
    );
  });

  test('any words are answered', () => {
    fc.assert(
      fc.property(fc.constantFrom(control, run), fc.array(fc.string({ unit: 'binary' })), (program, args) => {
        const outcome = ours(program, args);
        if ('exit' in outcome && outcome.exit !== 0) assert.match(outcome.text, /^(error: |Usage: )/);
      }),
    );
  });
});
