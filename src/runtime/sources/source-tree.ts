// What is known of the files below some directories, and what of it has changed.
import type { Application } from '../config/config.ts';
import type { Files } from '../host/host.ts';
import { isEnvironment, isSource, mayHaveSources } from './source-names.ts';

interface Directory {
  /** Versions of its files, by path. */
  readonly files: ReadonlyMap<string, string>;
  /** Paths of the directories in it. */
  readonly directories: ReadonlySet<string>;
}

const nothing: Directory = { files: new Map(), directories: new Set() };

/** What has changed since a directory was looked at before. */
export interface Difference {
  /** Files that are new, others or gone. */
  readonly changed: readonly string[];
  /** Directories that have not been looked at yet. */
  readonly found: readonly string[];
  /** Directories that are not there any more, or hold nothing of interest; all those below them, too. */
  readonly lost: readonly string[];
}

export class SourceTree {
  readonly #files: Files;
  readonly #kind: Application['kind'];
  readonly #roots: ReadonlySet<string>;
  readonly #known = new Map<string, Directory>();

  constructor(files: Files, kind: Application['kind'], roots: readonly string[]) {
    this.#files = files;
    this.#kind = kind;
    this.#roots = new Set(roots);
  }

  get directories(): readonly string[] {
    return [...this.#known.keys()];
  }

  get fileCount(): number {
    return [...this.#known.values()].reduce((sum, { files }) => sum + files.size, 0);
  }

  look(path: string): Difference {
    const before = this.#known.get(path) ?? nothing;
    const now = this.#read(path);
    const lost = [...before.directories].filter((one) => now?.directories.has(one) !== true);
    const gone = lost.map((one) => this.#forget(one));
    const own = now ?? nothing;
    if (now !== undefined) this.#known.set(path, now);
    else {
      this.#known.delete(path);
      lost.push(path);
    }
    return {
      changed: [...differing(before.files, own.files), ...gone.flatMap(({ changed }) => changed)],
      found: [...own.directories].filter((one) => !this.#known.has(one)),
      lost: [...lost, ...gone.flatMap((one) => one.lost)],
    };
  }

  #forget(path: string): Pick<Difference, 'changed' | 'lost'> {
    const { files, directories } = this.#known.get(path) ?? nothing;
    this.#known.delete(path);
    const below = [...directories].map((one) => this.#forget(one));
    return {
      changed: [...files.keys(), ...below.flatMap(({ changed }) => changed)],
      lost: [...directories, ...below.flatMap(({ lost }) => lost)],
    };
  }

  /** undefined where there is nothing that may be read, or nothing of the application's own. */
  #read(path: string): Directory | undefined {
    const names = this.#list(path);
    if (names === undefined || (isEnvironment(names) && !this.#roots.has(path))) return undefined;
    const files = new Map<string, string>();
    const directories = new Set<string>();
    for (const name of names) {
      const at = `${path === '/' ? '' : path}/${name}`;
      if (isSource(name, this.#kind)) {
        const stat = this.#files.stat(at);
        if (stat?.kind === 'file') files.set(at, stat.version);
        // A link to a directory may lead back to where it is.
      } else if (mayHaveSources(at) && this.#files.statLink(at)?.kind === 'directory') directories.add(at);
    }
    return { files, directories };
  }

  #list(path: string): readonly string[] | undefined {
    try {
      return this.#files.list(path);
    } catch {
      return undefined;
    }
  }
}

function differing(before: Directory['files'], now: Directory['files']): string[] {
  return [...new Set([...before.keys(), ...now.keys()])].filter((path) => before.get(path) !== now.get(path));
}
