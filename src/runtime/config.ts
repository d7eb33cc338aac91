// The runtime's two configuration files. `runtime.json` is fixed for the life of the pod; `live.json` may change under it.
// Checked by hand and not with a schema library, because every pod pays for what the runtime imports.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RuntimeError } from './errors.ts';

const workerClasses = ['sync', 'gthread'] as const;
type WorkerClass = (typeof workerClasses)[number];
const logLevels = ['trace', 'debug', 'info', 'warn', 'error'] as const;
type LogLevel = (typeof logLevels)[number];

/** Times in milliseconds. */
export interface FixedConfig {
  readonly app: { readonly wsgi: string; readonly workingDir?: string };
  readonly port: number;
  readonly adminPort: number;
  readonly workers: {
    readonly class: WorkerClass;
    readonly threads: number;
    readonly backlog: number;
    readonly keepAliveMs: number;
    readonly heartbeatTimeoutMs: number;
    readonly gracefulTimeoutMs: number;
  };
  readonly drain: { readonly minimumMs: number; readonly maximumMs: number };
}

/** Times in milliseconds. */
export interface LiveConfig {
  /** Changes with every change of the settings; /status tells which one is in force. */
  readonly revision: string;
  readonly workers: {
    readonly count: number;
    readonly bootTimeoutMs: number;
  };
  readonly probes: { readonly readyWorkers: number };
  readonly logging: { readonly level: LogLevel };
}

/** Reads fields of one parsed file, each error naming file and field. */
class Reader {
  readonly #file: string;
  readonly #value: unknown;
  readonly #path: string;

  constructor(file: string, value: unknown, path = '') {
    this.#file = file;
    this.#value = value;
    this.#path = path;
  }

  #fail(what: string): never {
    throw new RuntimeError('CONFIG_INVALID', `${this.#file}: ${this.#path || 'the file'} must be ${what}`);
  }

  field(name: string): Reader {
    if (typeof this.#value !== 'object' || this.#value === null) return this.#fail('an object');
    const entry: unknown = Object.entries(this.#value).find(([key]) => key === name)?.[1];
    return new Reader(this.#file, entry, this.#path === '' ? name : `${this.#path}.${name}`);
  }

  integer(min: number, max: number): number {
    const value = this.#value;
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    return this.#fail(`a whole number from ${min} to ${max}`);
  }

  text(): string {
    const value = this.#value;
    return typeof value === 'string' && value !== '' ? value : this.#fail('a string that is not empty');
  }

  optionalText(): string | undefined {
    return this.#value === undefined ? undefined : this.text();
  }

  oneOf<const T extends string>(choices: readonly T[]): T {
    const found = choices.find((choice) => choice === this.#value);
    return found ?? this.#fail(`one of ${choices.join(', ')}`);
  }
}

function read(file: string): Reader {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new RuntimeError('CONFIG_UNREADABLE', `${file} cannot be read: ${String(error)}`, { cause: error });
  }
  try {
    return new Reader(file, JSON.parse(text));
  } catch (error) {
    throw new RuntimeError('CONFIG_INVALID', `${file} is not JSON: ${String(error)}`, { cause: error });
  }
}

const day = 86_400_000;

/** @throws RuntimeError CONFIG_UNREADABLE or CONFIG_INVALID */
export function readFixedConfig(dir: string): FixedConfig {
  const root = read(join(dir, 'runtime.json'));
  const workers = root.field('workers');
  const drain = root.field('drain');
  const minimumMs = drain.field('minimumMs').integer(0, day);
  const workingDir = root.field('app').field('workingDir').optionalText();
  return {
    app: { wsgi: root.field('app').field('wsgi').text(), ...(workingDir === undefined ? {} : { workingDir }) },
    port: root.field('port').integer(1, 65_535),
    adminPort: root.field('adminPort').integer(1, 65_535),
    workers: {
      class: workers.field('class').oneOf(workerClasses),
      threads: workers.field('threads').integer(1, 1_024),
      backlog: workers.field('backlog').integer(1, 65_535),
      keepAliveMs: workers.field('keepAliveMs').integer(0, day),
      heartbeatTimeoutMs: workers.field('heartbeatTimeoutMs').integer(100, day),
      gracefulTimeoutMs: workers.field('gracefulTimeoutMs').integer(0, day),
    },
    drain: { minimumMs, maximumMs: drain.field('maximumMs').integer(minimumMs, day) },
  };
}

/** @throws RuntimeError CONFIG_UNREADABLE or CONFIG_INVALID */
export function readLiveConfig(dir: string): LiveConfig {
  const root = read(join(dir, 'live.json'));
  const workers = root.field('workers');
  const count = workers.field('count').integer(1, 256);
  return {
    revision: root.field('revision').text(),
    workers: {
      count,
      bootTimeoutMs: workers.field('bootTimeoutMs').integer(1, day),
    },
    probes: { readyWorkers: root.field('probes').field('readyWorkers').integer(1, count) },
    logging: { level: root.field('logging').field('level').oneOf(logLevels) },
  };
}
