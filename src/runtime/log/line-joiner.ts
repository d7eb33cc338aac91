// Lines that belong together as one record: a traceback of Python, a stack of Node. A line alone waits only as long as its
// continuation would take that was written together with it.

export interface Timer {
  cancel(): void;
}

export interface JoinerOptions {
  /** Calls once `ms` milliseconds have passed. */
  readonly after: (ms: number, call: () => void) => Timer;
  /** A record without its last newline. `isTrace`: it is, or ends in, a traceback or stack. */
  readonly onRecord: (text: string, isTrace: boolean) => void;
}

/** How long the next line may take: behind a line alone, and inside of a traceback, which some write line by line. */
const aloneMs = 5;
const traceMs = 50;
/** Of one record. What is longer goes on as a record of its own. */
const maxLines = 200;
const maxLength = 32_768;

const traceback = /^\s*(?:\+ Exception Group )?Traceback \(most recent call last\):$/;
const chained =
  /^(?:During handling of the above exception, another exception occurred|The above exception was the direct cause of the following exception):$/;
/** What logging.exception() writes stands before its traceback. */
const mayExplain = /\b(?:ERROR|CRITICAL|WARNING|Exception)\b/;
const nodeFrame = /^\s+at \S/;
/** Node shows the place of an error that nobody caught before the error: path, line of code, caret. */
const nodePlace = /^(?:file:\/\/)?\/\S+:\d+$/;
const caret = /^\s*\^+$/;
const nodeVersion = /^Node\.js v\d/;
const indentedLine = /^\s/;

/**
 * `alone`: one line, which a traceback may follow; `place`: of an error in Node, up to its stack; `python`: frames, up to the
 * exception; `group`: indented to its end; `raised`: the exception is there, and may be the cause of another; `node`: frames.
 */
type State = 'alone' | 'place' | 'python' | 'group' | 'raised' | 'chain' | 'node';

export class LineJoiner {
  readonly #options: JoinerOptions;
  #lines: string[] = [];
  #length = 0;
  #state: State = 'alone';
  /** Empty lines that belong to the record if what follows does. */
  #empty = 0;
  #timer: Timer | undefined;
  /** Whether lines came since the timer was armed. */
  #heard = false;

  constructor(options: JoinerOptions) {
    this.#options = options;
  }

  /** Whether what it has is no traceback, as far as is known. */
  get isAlone(): boolean {
    return this.#state === 'alone';
  }

  add(line: string): void {
    this.#heard = true;
    if (this.#lines.length > 0 && !this.#isFull(line) && this.#takes(line)) return this.#arm();
    this.flush();
    this.#begin(line);
    return this.#arm();
  }

  /** Hands on what it has: before a line that is a record by itself, and when whoever writes has ended. */
  flush(): void {
    const [lines, empty, state] = [this.#lines, this.#empty, this.#state];
    this.#lines = [];
    this.#length = 0;
    this.#empty = 0;
    this.#state = 'alone';
    // What seemed to be the place of an error was text.
    if (state === 'place') for (const line of lines) this.#options.onRecord(line, false);
    else if (lines.length > 0) this.#options.onRecord(lines.join('\n'), state !== 'alone');
    for (let i = 0; i < empty; i++) this.#options.onRecord('', false);
  }

  #begin(line: string): void {
    this.#keep(line);
    if (traceback.test(line)) this.#state = line.includes('+') ? 'group' : 'python';
    else this.#state = nodePlace.test(line) ? 'place' : 'alone';
  }

  #isFull(line: string): boolean {
    return this.#lines.length + this.#empty >= maxLines || this.#length + line.length > maxLength;
  }

  #keep(line: string): void {
    for (; this.#empty > 0; this.#empty--) this.#lines.push('');
    this.#lines.push(line);
    this.#length += line.length + 1;
  }

  #as(state: State, line: string): boolean {
    this.#keep(line);
    this.#state = state;
    return true;
  }

  /** Whether the line goes on with the record that there is. */
  #takes(line: string): boolean {
    switch (this.#state) {
      case 'alone':
        return this.#takesAfterAlone(line);
      case 'place':
        if (nodeFrame.test(line)) return this.#as('node', line);
        return this.#mayBePlace(line) && this.#as('place', line);
      case 'python':
        return this.#as(indentedLine.test(line) ? 'python' : 'raised', line);
      case 'group':
        return indentedLine.test(line) && this.#as('group', line);
      case 'raised':
        if (chained.test(line)) return this.#as('chain', line);
        return this.#takesEmpty(line);
      case 'chain':
        if (traceback.test(line)) return this.#as('python', line);
        return this.#takesEmpty(line);
      case 'node':
        if (indentedLine.test(line) || line === '}' || nodeVersion.test(line)) return this.#as('node', line);
        return this.#takesEmpty(line);
    }
  }

  /** Path, line of code, caret, an empty line, and the error's message of a few lines. */
  #mayBePlace(line: string): boolean {
    const count = this.#lines.length;
    if (count === 2) return caret.test(line);
    return count === 3 ? line === '' : count < 10;
  }

  #takesAfterAlone(line: string): boolean {
    if (nodeFrame.test(line)) return this.#as('node', line);
    return traceback.test(line) && mayExplain.test(this.#lines[0] ?? '') && this.#as('python', line);
  }

  #takesEmpty(line: string): boolean {
    if (line !== '' || this.#empty > 0) return false;
    this.#empty += 1;
    return true;
  }

  /** One timer at a time, however many lines come: when it ends early, another follows. */
  #arm(): void {
    if (this.#timer !== undefined) return;
    this.#heard = false;
    this.#timer = this.#options.after(this.#state === 'alone' ? aloneMs : traceMs, () => {
      this.#timer = undefined;
      if (this.#lines.length === 0) return;
      if (this.#heard) this.#arm();
      else this.flush();
    });
  }
}
