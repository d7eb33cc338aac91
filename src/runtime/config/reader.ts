// Reads fields of a parsed document, each error naming file and field. By hand and not with a schema library, because
// every pod pays for what the runtime imports.
import { RuntimeError } from '../errors.ts';

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;
const unitBytes: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
};

function isUnit(text: string | undefined): text is keyof typeof unitMs {
  return text !== undefined && Object.hasOwn(unitMs, text);
}

/** What errors call the field at a path such as `workers.count`: a field of a file, or an option. */
export type Naming = (path: string) => string;

/** Names fields of a file. */
export const inFile =
  (file: string): Naming =>
  (path) =>
    `${file}: ${path || 'the file'}`;

export class Reader {
  readonly #naming: Naming;
  readonly #value: unknown;
  readonly #path: string;

  constructor(naming: Naming, value: unknown, path = '') {
    this.#naming = naming;
    this.#value = value;
    this.#path = path;
  }

  get present(): boolean {
    return this.#value !== undefined;
  }

  fail(what: string): never {
    throw new RuntimeError('CONFIG_INVALID', `${this.#naming(this.#path)} ${what}`);
  }

  /** The fields of an object, of which none may be another than those named. An absent object has none. */
  object<const K extends string>(...known: readonly K[]): Record<K, Reader> {
    const value = this.#value ?? {};
    if (typeof value !== 'object' || Array.isArray(value)) return this.fail('must be an object');
    const entries = new Map<string, unknown>(Object.entries(value));
    for (const key of entries.keys()) {
      if (!known.some((name) => name === key)) {
        this.fail(`has a field ${key} that does not exist; there are ${known.join(', ')}`);
      }
    }
    const fields: Partial<Record<K, Reader>> = {};
    for (const name of known) {
      fields[name] = new Reader(this.#naming, entries.get(name), this.#path === '' ? name : `${this.#path}.${name}`);
    }
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each of the names has just been given its reader
    return fields as Record<K, Reader>;
  }

  integer(min: number, max: number, fallback?: number): number {
    const value = this.#value ?? fallback;
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    return this.fail(`must be a whole number from ${min} to ${max}`);
  }

  flag(fallback: boolean): boolean {
    const value = this.#value ?? fallback;
    return typeof value === 'boolean' ? value : this.fail('must be true or false');
  }

  text(fallback?: string): string {
    const value = this.#value ?? fallback;
    return typeof value === 'string' && value !== '' ? value : this.fail('must be a string that is not empty');
  }

  optionalText(): string | undefined {
    return this.present ? this.text() : undefined;
  }

  texts(fallback: readonly string[] = []): readonly string[] {
    const value = this.#value ?? fallback;
    if (!Array.isArray(value)) return this.fail('must be a list of strings');
    return value.map((one: unknown) =>
      typeof one === 'string' && one !== '' ? one : this.fail('must be a list of strings that are not empty'),
    );
  }

  oneOf<const T extends string>(choices: readonly T[], fallback: T): T {
    const value = this.#value ?? fallback;
    return choices.find((choice) => choice === value) ?? this.fail(`must be one of ${choices.join(', ')}`);
  }

  /** Milliseconds of a duration such as 30s, 1m30s or 500ms. */
  duration(minMs: number, fallback: string): number {
    const value = this.#value ?? fallback;
    const parts = typeof value === 'string' ? [...value.matchAll(/(\d+)(ms|s|m|h)/g)] : [];
    const total = parts.reduce((sum, [, count, unit]) => sum + Number(count) * (isUnit(unit) ? unitMs[unit] : 0), 0);
    if (
      parts.length > 0 &&
      parts.map(([whole]) => whole).join('') === value &&
      total >= minMs &&
      total <= unitMs.h * 24
    )
      return total;
    return this.fail(`must be a duration such as 30s or 500ms, from ${minMs / 1000} s to 24 h`);
  }

  /** Bytes of a quantity such as 300Mi; undefined when absent. */
  quantity(): number | undefined {
    if (!this.present) return undefined;
    const [, number, unit] = /^(\d+)([kMG]|[KMG]i)?$/.exec(String(this.#value)) ?? [];
    const scale = unitBytes[unit ?? ''];
    if (number === undefined || scale === undefined || Number(number) === 0)
      return this.fail('must be a quantity such as 300Mi');
    return Number(number) * scale;
  }

  is(value: unknown): boolean {
    return this.#value === value;
  }
}
