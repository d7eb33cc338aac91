// Which changes of files make a reload, and how many: on a clock and a file system of the test's own.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Application } from '../../../src/runtime/config/config.ts';
import type { Clock, Files, FileStat, Timer } from '../../../src/runtime/host/host.ts';
import { nodeHost } from '../../../src/runtime/host/node/host.ts';
import { watchSources, type Sources } from '../../../src/runtime/sources/watch-sources.ts';

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: refused`), { code });
}

/** Directories are those that have files below them, links lead to a path. */
class World {
  readonly #files = new Map<string, { readonly version: string; readonly leadsTo?: string }>();
  readonly #timers = new Set<{ at: number; readonly everyMs?: number; readonly run: () => void }>();
  readonly #watches = new Map<string, Set<() => void>>();
  #now = 0;
  #versions = 0;
  /** So many watches the system has to give. */
  watchesLeft = Infinity;
  readonly changes: string[] = [];
  readonly refusals: string[] = [];

  constructor(...paths: readonly string[]) {
    for (const path of paths) this.write(path);
  }

  write(path: string, leadsTo?: string): this {
    this.#files.set(path, { version: String(++this.#versions), ...(leadsTo !== undefined && { leadsTo }) });
    return this.touch(path);
  }

  remove(path: string): this {
    const gone = [...this.#files.keys()].filter((one) => one === path || one.startsWith(`${path}/`));
    for (const one of gone) this.#files.delete(one);
    for (const one of gone) this.touch(one);
    // As inotify does: what was watched there is not watched any more, whatever is made there.
    for (const one of this.#watches.keys()) if (one === path || one.startsWith(`${path}/`)) this.#watches.delete(one);
    return this;
  }

  /** Tells whoever watches, as for any event. */
  touch(path: string): this {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      for (const run of this.#watches.get(path.slice(0, end)) ?? []) this.#at(0, run);
    }
    return this;
  }

  /** An editor that writes beside the file and renames. */
  rename(from: string, to: string): this {
    this.#files.delete(from);
    return this.write(to);
  }

  wait(ms: number): this {
    const end = this.#now + ms;
    for (;;) {
      const [next] = [...this.#timers].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#now = next.at;
      if (next.everyMs === undefined) this.#timers.delete(next);
      else next.at += next.everyMs;
      next.run();
    }
    this.#now = end;
    return this;
  }

  get watched(): string[] {
    return [...this.#watches].flatMap(([path, { size }]) => (size > 0 ? [path] : [])).toSorted();
  }

  start(kind: Application['kind'] = 'wsgi', roots: Sources['roots'] = ['/app']): this {
    watchSources(
      { files: this.#asFiles(), clock: this.#asClock(), watch: (path, run) => this.#watch(path, run) },
      { kind, roots },
      { changed: (paths) => this.changes.push(paths.join(' ')), refused: (cause) => this.refusals.push(cause) },
    );
    return this;
  }

  #at(ms: number, run: () => void, everyMs?: number): Timer {
    const timer = { at: this.#now + ms, run, ...(everyMs !== undefined && { everyMs }) };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  #watch(path: string, run: () => void): Timer {
    if (this.#list(path).length === 0) throw failure('ENOENT');
    if (this.watchesLeft-- <= 0) throw failure('ENOSPC');
    const own = (): void => run();
    this.#watches.set(path, (this.#watches.get(path) ?? new Set()).add(own));
    return { cancel: () => void this.#watches.get(path)?.delete(own) };
  }

  #list(path: string): string[] {
    const start = path === '/' ? '/' : `${path}/`;
    const below = [...this.#files.keys()].filter((one) => one.startsWith(start));
    return [...new Set(below.map((one) => one.slice(start.length).split('/')[0] ?? ''))];
  }

  #stat(path: string): FileStat | undefined {
    const file = this.#files.get(path);
    const common = { uid: 0, mode: 0o644 };
    if (file?.leadsTo !== undefined) return { kind: 'other', version: file.version, ...common };
    if (file !== undefined) return { kind: 'file', version: file.version, ...common };
    return this.#list(path).length > 0 ? { kind: 'directory', version: '', ...common } : undefined;
  }

  #asFiles(): Files {
    return {
      ...nodeHost().files,
      stat: (path) => this.#stat(this.#files.get(path)?.leadsTo ?? path),
      statLink: (path) => this.#stat(path),
      list: (path) => {
        const names = this.#list(path);
        if (names.length === 0) throw failure('ENOENT');
        return names;
      },
    };
  }

  #asClock(): Clock {
    return {
      ...nodeHost().clock,
      now: () => this.#now,
      after: (ms, run) => this.#at(ms, run),
      every: (ms, run) => this.#at(ms, run, ms),
    };
  }
}

const python = (...more: readonly string[]): World => new World('/app/app.py', '/app/shop/views.py', ...more).start();

interface Case {
  readonly world: () => World;
  readonly does: (world: World) => void;
  readonly changes: readonly string[];
}

const cases: Record<string, Case> = {
  'a file that is written': {
    world: python,
    does: (world) => world.write('/app/app.py').wait(500),
    changes: ['/app/app.py'],
  },
  nothing: { world: python, does: (world) => world.wait(100_000), changes: [] },
  'a file that is touched by nothing but a reader': {
    world: python,
    does: (world) => world.touch('/app/app.py').wait(500),
    changes: [],
  },
  'a new file': { world: python, does: (world) => world.write('/app/new.py').wait(500), changes: ['/app/new.py'] },
  'a deleted file': {
    world: python,
    does: (world) => world.remove('/app/shop/views.py').wait(500),
    changes: ['/app/shop/views.py'],
  },
  'a file that is renamed over another': {
    world: python,
    does: (world) => world.write('/app/app.py.tmp~').rename('/app/app.py.tmp~', '/app/app.py').wait(500),
    changes: ['/app/app.py'],
  },
  "an editor's temporary files alone": {
    world: python,
    does: (world) => {
      for (const name of ['.app.py.swp', 'app.py~', '4913', '#app.py#', '.#app.py', 'app.py___jb_tmp___'])
        world.write(`/app/${name}`).wait(500).remove(`/app/${name}`).wait(500);
    },
    changes: [],
  },
  'several files within a moment': {
    world: python,
    does: (world) => {
      for (let i = 0; i < 50; i++) world.write(`/app/shop/file${i % 2}.py`).wait(30);
      world.wait(500);
    },
    changes: ['/app/shop/file0.py /app/shop/file1.py'],
  },
  'two edits with a pause between them': {
    world: python,
    does: (world) => world.write('/app/app.py').wait(500).write('/app/app.py').wait(500),
    changes: ['/app/app.py', '/app/app.py'],
  },
  'a file beside a log that is written without end': {
    world: () => python('/app/app.log'),
    does: (world) => {
      world.write('/app/app.py');
      for (let i = 0; i < 50; i++) world.write('/app/app.log').wait(10);
    },
    changes: ['/app/app.py'],
  },
  'files in a new directory, and in one below it': {
    world: python,
    does: (world) => {
      world.write('/app/api/v1/__init__.py').wait(500).write('/app/api/v1/orders.py').wait(500);
      world.write('/app/api/v1/orders.py').wait(500);
    },
    changes: ['/app/api/v1/__init__.py', '/app/api/v1/orders.py', '/app/api/v1/orders.py'],
  },
  'a directory that goes, and comes again at once, as git does it': {
    world: python,
    does: (world) => {
      world.remove('/app/shop').write('/app/shop/views.py').wait(500);
      world.write('/app/shop/views.py').wait(500);
    },
    changes: ['/app/shop/views.py', '/app/shop/views.py'],
  },
  'a directory that goes, and comes again later': {
    world: python,
    does: (world) => {
      world.remove('/app/shop').wait(500).write('/app/shop/views.py').wait(500);
      world.write('/app/shop/views.py').wait(500);
    },
    changes: ['/app/shop/views.py', '/app/shop/views.py', '/app/shop/views.py'],
  },
  'what belongs to packages, tools and interpreters': {
    world: () => python('/app/env/pyvenv.cfg', '/app/conda/conda-meta/history'),
    does: (world) => {
      for (const path of [
        'node_modules/express/index.py',
        '.git/hooks/hook.py',
        '.venv/lib/module.py',
        'env/lib/python3.13/site.py',
        'env/new.py',
        'conda/lib/module.py',
        'lib/site-packages/flask/app.py',
        '__pycache__/app.cpython-313.py',
        '.ruff_cache/module.py',
      ])
        world.write(`/app/${path}`).wait(500);
    },
    changes: [],
  },
  'a virtual environment that is made meanwhile': {
    world: python,
    does: (world) => world.write('/app/env2/pyvenv.cfg').write('/app/env2/lib/os.py').wait(5_000),
    changes: [],
  },
  'sources in a directory in which a virtual environment was made': {
    world: () => python('/app/pyvenv.cfg', '/app/lib/python3.13/site-packages/flask/app.py'),
    does: (world) => world.write('/app/app.py').wait(500),
    changes: ['/app/app.py'],
  },
  'a file to which a link leads, by another link': {
    world: () => new World('/one/app.py', '/two/app.py').write('/app/app.py', '/one/app.py').start(),
    does: (world) => world.write('/app/app.py', '/two/app.py').wait(500),
    changes: ['/app/app.py'],
  },
  'what a link to a directory leads to': {
    world: () => new World('/app/app.py').write('/app/loop', '/app').start(),
    does: (world) => world.write('/app/app.py').wait(500),
    changes: ['/app/app.py'],
  },
  'for Python, its sources': {
    world: python,
    does: (world) => {
      for (const name of ['a.py', 'b.js', 'c.json', 'd.html', 'e.pyc', 'f.ts']) world.write(`/app/${name}`);
      world.wait(500);
    },
    changes: ['/app/a.py'],
  },
  'for Node, its sources': {
    world: () => new World('/app/server.js').start('node'),
    does: (world) => {
      for (const name of ['a.py', 'b.js', 'c.mjs', 'd.cjs', 'e.ts', 'f.json', 'g.map', 'h.css', 'i.mts', 'j.cts'])
        world.write(`/app/${name}`);
      world.wait(500);
    },
    changes: ['b.js c.mjs d.cjs e.ts f.json i.mts j.cts'].map((names) =>
      names.replaceAll(/\S+/g, (name) => `/app/${name}`),
    ),
  },
  'for any other program, the sources of both': {
    world: () => new World('/app/run.rb').start('command'),
    does: (world) => world.write('/app/a.py').write('/app/b.js').write('/app/c.rb').wait(500),
    changes: ['/app/a.py /app/b.js'],
  },
  'several directories': {
    world: () => new World('/app/app.py', '/lib/module.py').start('asgi', ['/app', '/lib']),
    does: (world) => world.write('/lib/module.py').wait(500),
    changes: ['/lib/module.py'],
  },
  'an application in the root directory, without what the kernel shows': {
    world: () => new World('/etc/app.py', '/proc/1/root.py').start('wsgi', ['/']),
    does: (world) => world.write('/proc/1/root.py').wait(500).write('/etc/app.py').wait(500),
    changes: ['/etc/app.py'],
  },
};

describe('one reload for', () => {
  for (const [name, { world, does, changes }] of Object.entries(cases)) {
    test(`watched: ${name}`, () => {
      const one = world();
      does(one);
      assert.deepEqual(one.changes, changes);
      assert.deepEqual(one.refusals, []);
    });
  }
});

describe('where the system has no watches left', () => {
  for (const [name, { world, does, changes }] of Object.entries(cases)) {
    // Within a second, changes are one.
    if (changes.length > 1 || name.startsWith('several files')) continue;
    test(`looked at each second: ${name}`, () => {
      const one = world();
      one.watchesLeft = 0;
      one.write('/app/more/data.txt').wait(500);
      does(one);
      one.wait(2_000);
      assert.deepEqual([...new Set(one.changes)], changes);
      assert.equal(one.refusals.length, 1);
      assert.deepEqual(one.watched, [], 'others need them');
    });
  }

  test('from the beginning, and says so once', () => {
    const world = new World('/app/app.py', '/app/shop/views.py', '/app/shop/api/orders.py');
    world.watchesLeft = 2;
    world.start().wait(5_000);
    assert.deepEqual(world.refusals, ['ENOSPC: refused']);
    assert.deepEqual(world.watched, []);
    world.write('/app/shop/api/orders.py').wait(1_200);
    world.write('/app/shop/views.py').remove('/app/app.py').wait(1_200);
    assert.deepEqual(world.changes, ['/app/shop/api/orders.py', '/app/app.py /app/shop/views.py']);
  });
});

test('gives back the watches of directories that have gone', () => {
  const world = python('/app/shop/api/orders.py');
  assert.deepEqual(world.watched, ['/app', '/app/shop', '/app/shop/api']);
  world.remove('/app/shop').wait(500);
  assert.deepEqual(world.watched, ['/app']);
  world.write('/app/env/pyvenv.cfg').wait(500);
  assert.deepEqual(world.watched, ['/app'], 'nor keeps one of what is not looked at');
});
