// Tells when files of an application have changed: once for all that changes within a moment.
import type { Application } from '../config/config.ts';
import { errorCode } from '../host/error-code.ts';
import type { Host, Timer, Watch } from '../host/host.ts';
import { SourceTree } from './source-tree.ts';

/** Writing one file makes several events, which one look answers. */
const lookMs = 20;
/** Nothing has changed for so long: an editor, a formatter or git is done. */
const quietMs = 100;
/** Where the system does not tell. */
const pollMs = 1_000;

/** It has gone since it was found, or is not for this user: no reason to look at all the others again and again. */
const onlyThisOne: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR', 'EACCES']);

export interface Sources {
  readonly kind: Application['kind'];
  /** Directories, below which every source is watched. */
  readonly roots: readonly string[];
}

export interface SourceEvents {
  readonly changed: (paths: readonly string[]) => void;
  /** The system cannot watch any more; files are looked at each second. */
  readonly refused: (cause: string) => void;
}

type World = Pick<Host, 'watch' | 'clock' | 'files'>;

class SourceWatch {
  readonly #world: World;
  readonly #on: SourceEvents;
  readonly #tree: SourceTree;
  readonly #watches = new Map<string, Watch>();
  /** Directories that have been told of since the last look. */
  readonly #told = new Set<string>();
  readonly #changed = new Set<string>();
  #polling = false;
  #look: Timer | undefined;
  #quiet: Timer | undefined;

  constructor(world: World, { kind, roots }: Sources, on: SourceEvents) {
    this.#world = world;
    this.#on = on;
    this.#tree = new SourceTree(world.files, kind, roots);
    this.#visit(roots);
  }

  get counts(): { readonly directories: number; readonly files: number } {
    return { directories: this.#tree.directories.length, files: this.#tree.fileCount };
  }

  /** Looks at these directories and all that are found in them; returns the files that have changed. */
  #visit(paths: readonly string[]): string[] {
    const changes: string[] = [];
    const queue = [...paths];
    for (const path of queue) {
      // Before it is read, so that nothing is missed in between.
      this.#watch(path);
      const { changed, found, lost } = this.#tree.look(path);
      changes.push(...changed);
      queue.push(...found);
      for (const one of lost) this.#unwatch(one);
    }
    return changes;
  }

  /** Also when it is watched already: git may have removed the directory and made another. */
  #watch(path: string): void {
    if (this.#polling) return;
    const before = this.#watches.get(path);
    this.#watches.delete(path);
    try {
      const watch = this.#world.watch(path, () => this.#tell(path));
      this.#watches.set(path, watch);
    } catch (error) {
      if (!onlyThisOne.has(errorCode(error))) this.#poll(error);
    }
    before?.cancel();
  }

  #unwatch(path: string): void {
    this.#watches.get(path)?.cancel();
    this.#watches.delete(path);
  }

  /** Others on the machine need watches, too: none is kept. */
  #poll(error: unknown): void {
    this.#polling = true;
    this.#look?.cancel();
    for (const path of this.#watches.keys()) this.#unwatch(path);
    this.#on.refused(error instanceof Error ? error.message : String(error));
    this.#world.clock.every(pollMs, () => this.#note(this.#visit(this.#tree.directories)));
  }

  /** What other files are written there, such as a log, puts off nothing. */
  #tell(path: string): void {
    this.#told.add(path);
    this.#look ??= this.#world.clock.after(lookMs, () => {
      this.#look = undefined;
      const told = [...this.#told];
      this.#told.clear();
      this.#note(this.#visit(told));
    });
  }

  #note(changed: readonly string[]): void {
    if (changed.length === 0) return;
    for (const path of changed) this.#changed.add(path);
    this.#quiet?.cancel();
    this.#quiet = this.#world.clock.after(quietMs, () => {
      const paths = [...this.#changed].toSorted();
      this.#changed.clear();
      this.#on.changed(paths);
    });
  }
}

/** @returns what is watched at the beginning */
export function watchSources(world: World, sources: Sources, on: SourceEvents): SourceWatch['counts'] {
  return new SourceWatch(world, sources, on).counts;
}
