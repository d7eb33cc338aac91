// Options of a command line: what they are, and telling them from other words.

export interface Option {
  /** `-c` */
  readonly short?: string;
  /** `--config` */
  readonly long: string;
  /** What it takes, `<file>`; nothing for a switch. */
  readonly value?: string;
  readonly description: string;
  readonly default?: string;
}

export class Options {
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values;
  }

  /** Each value that was given, in their order. */
  all(long: string): readonly string[] {
    return this.#values.get(long) ?? [];
  }

  /** The value that was given last; empty for a switch. */
  last(long: string): string | undefined {
    return this.all(long).at(-1);
  }

  has(long: string): boolean {
    return this.#values.has(long);
  }
}

export const helpOption: Option = { short: '-h', long: '--help', description: 'display help for command' };
export const versionOption: Option = { short: '-V', long: '--version', description: 'output the version number' };

/** As help and messages name it. */
export function optionTerm({ short, long, value }: Option): string {
  return `${short === undefined ? '' : `${short}, `}${long}${value === undefined ? '' : ` ${value}`}`;
}

const negativeNumber = /^-(\d+|\d*\.\d+)([eE][+-]?\d+)?$/;

/** What is wrong with a command line. */
export class Wrong extends Error {}

interface Words {
  readonly given: Map<string, string[]>;
  readonly words: readonly string[];
  readonly unknown: string | undefined;
}

/** An option with the value that is in the same word, undefined where that is none of the options. */
function match(word: string, options: readonly Option[]): { option: Option; inline: string | undefined } | undefined {
  const exact = options.find(({ short, long }) => word === short || word === long);
  if (exact !== undefined) return { option: exact, inline: undefined };
  const isLong = word.startsWith('--');
  const end = isLong ? word.indexOf('=') : 2;
  const name = word.slice(0, Math.max(end, 0));
  const found = options.find(({ short, long, value }) => value !== undefined && name === (isLong ? long : short));
  return found && { option: found, inline: word.slice(isLong ? end + 1 : end) };
}

/** Tells options from other words; all that follows `--` is other words. */
export function separate(args: readonly string[], options: readonly Option[]): Words {
  const given = new Map<string, string[]>();
  const words: string[] = [];
  let unknown: string | undefined;
  for (let i = 0; i < args.length; i++) {
    const word = args[i] ?? '';
    if (word === '--') return { given, words: [...words, ...args.slice(i + 1)], unknown };
    const found = match(word, options);
    if (found === undefined) {
      if (word.length > 1 && word.startsWith('-') && !negativeNumber.test(word)) unknown ??= word;
      else words.push(word);
      continue;
    }
    const { option, inline } = found;
    if (option.value !== undefined && inline === undefined) i += 1;
    const value = option.value === undefined ? '' : (inline ?? args[i]);
    if (value === undefined) throw new Wrong(`option '${optionTerm(option)}' argument missing`);
    given.set(option.long, [...(given.get(option.long) ?? []), value]);
  }
  return { given, words, unknown };
}

/** What was given, and the defaults of what was not. */
export function withDefaults(given: ReadonlyMap<string, readonly string[]>, options: readonly Option[]): Options {
  const defaults = options.flatMap((one): [string, string[]][] =>
    one.default === undefined ? [] : [[one.long, [one.default]]],
  );
  return new Options(new Map([...defaults, ...given]));
}
