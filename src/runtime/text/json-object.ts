// Tells lines that are JSON objects from other lines without making values of them: what an application logs as JSON goes
// on as it is.

export interface ObjectLine {
  /** Names of the object itself, as they are written; one that is written with escapes stands as `\`. */
  readonly names: ReadonlySet<string>;
}

/** Deeper objects count as text: no log needs them, and readers of logs refuse them. */
const maxDepth = 64;

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openObject = 0x7b;
const closeObject = 0x7d;
const openArray = 0x5b;
const closeArray = 0x5d;
const minus = 0x2d;
const digit0 = 0x30;
const digit9 = 0x39;

const literals = ['true', 'false', 'null'];
// oxlint-disable-next-line no-control-regex -- JSON allows no control characters in strings
const plain = /[^"\\\u0000-\u001F]*/y;
const escape = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

function matchEnd(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : -1;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  for (let code = text.charCodeAt(at); code === 0x20 || (code >= 0x09 && code <= 0x0d); code = text.charCodeAt(at)) {
    // Vertical tab and form feed are no white space of JSON.
    if (code === 0x0b || code === 0x0c) return at;
    at += 1;
  }
  return at;
}

/** @returns what follows the string whose opening quote is at `from`, -1 when it is none */
function stringEnd(text: string, from: number): number {
  for (let at = from + 1; ;) {
    at = matchEnd(plain, text, at);
    const code = text.charCodeAt(at);
    if (code === quote) return at + 1;
    if (code !== backslash) return -1;
    at = matchEnd(escape, text, at);
    if (at < 0) return -1;
  }
}

/** Of anything but objects and arrays. */
function scalarEnd(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code === quote) return stringEnd(text, at);
  if (code === minus || (code >= digit0 && code <= digit9)) return matchEnd(number, text, at);
  const literal = literals.find((one) => text.startsWith(one, at));
  return literal === undefined ? -1 : at + literal.length;
}

class Scan {
  readonly names = new Set<string>();
  readonly #text: string;
  /** Objects and arrays that are open, by what closes them. */
  readonly #open: number[] = [];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Whether the text is one object and nothing else. */
  run(): boolean {
    if (!this.#value()) return false;
    while (this.#open.length > 0) if (!this.#next()) return false;
    return skipSpace(this.#text, this.#at) === this.#text.length;
  }

  /** After a value: the next one, or the end of what holds it. */
  #next(): boolean {
    const code = this.#skip();
    if (code === this.#open.at(-1)) {
      this.#open.pop();
      this.#at += 1;
      return true;
    }
    if (code !== comma) return false;
    this.#at += 1;
    return this.#open.at(-1) === closeObject ? this.#member() : this.#value();
  }

  #skip(): number {
    this.#at = skipSpace(this.#text, this.#at);
    return this.#text.charCodeAt(this.#at);
  }

  #member(): boolean {
    if (this.#skip() !== quote) return false;
    const end = stringEnd(this.#text, this.#at);
    if (end < 0) return false;
    if (this.#open.length === 1) {
      const name = this.#text.slice(this.#at + 1, end - 1);
      this.names.add(name.includes('\\') ? '\\' : name);
    }
    this.#at = end;
    if (this.#skip() !== colon) return false;
    this.#at += 1;
    return this.#value();
  }

  /** A whole scalar, or an object or array up to the end of its first value. */
  #value(): boolean {
    for (;;) {
      const code = this.#skip();
      if (code !== openObject && code !== openArray) {
        const end = scalarEnd(this.#text, this.#at);
        this.#at = end;
        return end >= 0;
      }
      const close = code === openObject ? closeObject : closeArray;
      if (this.#open.push(close) > maxDepth) return false;
      this.#at += 1;
      if (this.#skip() === close) {
        this.#open.pop();
        this.#at += 1;
        return true;
      }
      if (close === closeObject) return this.#member();
    }
  }
}

/** @returns undefined for a line that is not one object of JSON from its first character to its last */
export function objectLine(line: string): ObjectLine | undefined {
  if (line.charCodeAt(0) !== openObject || line.includes('\n')) return undefined;
  const scan = new Scan(line);
  return scan.run() ? scan : undefined;
}

/** @param field with its name, of which the object has none yet. It stands before the others */
export function withField(line: string, field: string): string {
  const rest = line.slice(1);
  return `{${field}${/^\s*\}/.test(rest) ? '' : ','}${rest}`;
}
