// appserver-runtime --reload, beside the servers that developers have it from: gunicorn --reload, uvicorn --reload and
// node --watch. Where they differ is said in docs/runtime.md.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { request, Agent } from 'node:http';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Terminal } from '../../e2e/harness/terminal.ts';
import { runtimeDir } from '../../scripts/build.ts';
import { pythonPackagesDir } from '../../scripts/python-packages.ts';
import { freePort } from '../free-port.ts';
import { Alone, type AloneOptions } from '../runtime/alone.ts';
import { PeerServer } from '../runtime/peer-server.ts';
import { applications, skip } from '../runtime/runtime-process.ts';

interface Kind {
  readonly files: Readonly<Record<string, string>>;
  readonly flags: readonly string[];
  /** The file that is edited, and what makes the application answer. */
  readonly edited: string;
  readonly source: (answer: string) => string;
  readonly broken: string;
  readonly says: RegExp;
  readonly peer: { readonly program?: string; readonly args: readonly string[] };
}

const pythonSource = (answer: string): string => `ANSWER = "${answer}"\n`;
const brokenPython = {
  broken: 'ANSWER = (\n',
  says: /Traceback \(most recent call last\).*?SyntaxError: '\(' was never closed/gs,
};

const kinds: Record<string, Kind> = {
  Flask: {
    files: {
      'app.py': `
from flask import Flask
from shop.answer import ANSWER
app = Flask(__name__)
@app.get("/")
def answer():
    return ANSWER
`,
      'shop/__init__.py': '',
    },
    flags: ['--wsgi', 'app:app', '--class', 'gthread'],
    edited: 'shop/answer.py',
    source: pythonSource,
    ...brokenPython,
    peer: { args: ['-m', 'gunicorn', '--reload', '--worker-class', 'gthread', 'app:app'] },
  },
  'an asgi application': {
    files: {
      'app.py': `
from shop.answer import ANSWER
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    body = ANSWER.encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})
`,
      'shop/__init__.py': '',
    },
    flags: ['--asgi', 'app:app'],
    edited: 'shop/answer.py',
    source: pythonSource,
    ...brokenPython,
    peer: { args: ['-m', 'uvicorn', '--reload', 'app:app'] },
  },
  'a Node application': {
    files: {
      'server.mjs': `
import { createServer } from 'node:http';
import answer from './shop/answer.cjs';
createServer((_, response) => response.end(answer)).listen(process.env.PORT, '127.0.0.1');
`,
    },
    flags: ['--node', 'server.mjs'],
    edited: 'shop/answer.cjs',
    source: (answer) => `module.exports = '${answer}';\n`,
    broken: `module.exports = (\n`,
    says: /SyntaxError: Unexpected end of input/g,
    peer: { program: process.execPath, args: ['--watch', 'server.mjs'] },
  },
};

interface Site {
  readonly root: string;
  /** As most editors do, so that no process finds half of it. */
  readonly edit: (content: string) => void;
}

function site({ files, edited, source }: Kind): Site {
  const root = applications({ ...files, [edited]: source('one') });
  const edit: Site['edit'] = (content) => {
    writeFileSync(join(root, `${edited}.tmp`), content);
    renameSync(join(root, `${edited}.tmp`), join(root, edited));
  };
  return { root, edit };
}

interface Server {
  readonly output: string;
  url(): string;
}

async function until(
  what: string,
  server: { readonly output: string },
  probe: () => Promise<boolean> | boolean,
): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (performance.now() < deadline) {
    try {
      if (await probe()) return;
    } catch {
      // Its worker is being replaced.
    }
    await delay(20);
  }
  throw new Error(`not ${what} within 30 s:\n${server.output}`);
}

const answer = (server: Server): Promise<string> =>
  fetch(server.url(), { signal: AbortSignal.timeout(10_000) }).then((response) => response.text());

/** Of an answer to a client that would keep its connection. */
const connectionHeader = (server: Server): Promise<string | undefined> =>
  new Promise((resolve, reject) => {
    const agent = new Agent({ keepAlive: true });
    const asked = request(server.url(), { agent }, ({ headers }) => {
      resolve(headers.connection);
      agent.destroy();
    });
    asked.on('error', reject).end();
  });

const answers = (expected: string, server: Server): Promise<void> =>
  until(`answering ${expected}`, server, async () => (await answer(server)) === expected);

class Reloading extends Alone {
  readonly #port: number;

  constructor(port: number, args: readonly string[], options: AloneOptions) {
    super(['--reload', '--listen', `127.0.0.1:${port}`, ...args], options);
    this.#port = port;
  }

  url(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }
}

async function reloading(root: string, flags: readonly string[], within: readonly string[] = []): Promise<Reloading> {
  const admin = ['--admin', `127.0.0.1:${await freePort()}`, '--control', 'off'];
  return new Reloading(await freePort(), [...admin, ...flags], { root, within });
}

const count = (pattern: RegExp | string, { output }: { readonly output: string }): number =>
  [...output.matchAll(new RegExp(pattern, 'gs'))].length;

type Save = (edit: Site['edit'], content: string, isDone: () => Promise<void>) => Promise<void>;

const once: Save = (edit, content, isDone) => {
  edit(content);
  return isDone();
};

/** Saved once more where nothing comes of it: gunicorn sees no edit that is older than its first look at the files. */
const againAndAgain: Save = async (edit, content, isDone) => {
  edit(content);
  const timer = setInterval(() => edit(content), 3_000);
  try {
    await isDone();
  } finally {
    clearInterval(timer);
  }
};

/**
 * What a developer does. Python tells a changed file by its size and the second of its change, so that all of these have
 * different sizes.
 */
async function session({ source, broken, says }: Kind, { edit }: Site, server: Server, save = once): Promise<void> {
  await answers('one', server);
  await save(edit, source('second'), () => answers('second', server));
  await save(edit, broken, () => until('naming the error', server, () => count(says, server) > 0));
  await save(edit, source('and third'), () => answers('and third', server));
}

describe('an edit is served, and a broken one says so until the next', { skip, concurrency: 2 }, () => {
  for (const [name, kind] of Object.entries(kinds)) {
    test(`${name}, under its own server: ${kind.peer.args.join(' ')}`, async () => {
      const place = site(kind);
      await using peer = await PeerServer.ready({ root: place.root, ...kind.peer });
      await session(kind, place, peer, againAndAgain);
    });

    for (const more of kind.flags.includes('--node') ? [[]] : [[], ['--preload']]) {
      test([name, ...more].join(' '), async () => {
        const place = site(kind);
        await using runtime = await reloading(place.root, [...kind.flags, ...more]);
        await session(kind, place, runtime);
        assert.equal(count(kind.says, runtime), 1, 'the traceback once');
        assert.equal(count('"msg":"files changed"', runtime), 3, 'one reload for each edit');
        assert.match(runtime.output, new RegExp(`"files":"${kind.edited}","msg":"files changed"`));
        assert.equal(count('reload failed; the workers from before stay', runtime), 1);
      });
    }

    test(`${name}: one that is broken from the beginning is loaded again at each edit, without a delay`, async () => {
      const place = site(kind);
      place.edit(kind.broken);
      await using runtime = await reloading(place.root, kind.flags);
      for (let times = 1; times <= 5; times++) {
        await runtime.says('loaded again when one of its files changes', times);
        place.edit(`${kind.broken}${'\n'.repeat(times)}`);
      }
      await runtime.says('loaded again when one of its files changes', 6);
      assert.equal(count(kind.says, runtime), 6, 'the traceback once for each edit');
      place.edit(kind.source('healed'));
      await answers('healed', runtime);
    });

    test(`${name}: answers close their connections, which would lead to the worker from before`, async () => {
      const place = site(kind);
      await using runtime = await reloading(place.root, kind.flags);
      // uvicorn looks ten times a second at which headers it is to send.
      await until('closing', runtime, async () => (await connectionHeader(runtime)) === 'close');
      place.edit(kind.source('second'));
      await runtime.says('"worker replaced"');
      await until('closing', runtime, async () => (await connectionHeader(runtime)) === 'close');
    });
  }
});

const flask = kinds['Flask'];
assert.ok(flask);

describe('appserver-runtime --reload', { skip, concurrency: 2 }, () => {
  test('sees new, renamed and deleted files, also in new directories', async () => {
    const place = site(flask);
    await using runtime = await reloading(place.root, flask.flags);
    await answers('one', runtime);
    const write = (file: string, content: string): void => writeFileSync(join(place.root, file), content);
    write('shop/answer.py', pythonSource('in its place'));
    await answers('in its place', runtime);
    place.edit(pythonSource('renamed over it'));
    await answers('renamed over it', runtime);
    mkdirSync(join(place.root, 'shop/new/deep'), { recursive: true });
    write('shop/new/deep/answer.py', pythonSource('from a new directory'));
    place.edit('from shop.new.deep.answer import ANSWER\n');
    await answers('from a new directory', runtime);
    write('shop/new/deep/answer.py', pythonSource('edited there'));
    await answers('edited there', runtime);
    rmSync(join(place.root, 'shop/new'), { recursive: true });
    await runtime.says("No module named 'shop.new'");
    place.edit(pythonSource('without it'));
    await answers('without it', runtime);
  });

  test('where inotify has run out, looks at the files each second', async (t) => {
    // Of the first namespace of a user, it is the whole machine's.
    const limited = ['unshare', '--user', '--map-root-user', 'sh', '-c'];
    const [program = '', ...args] = limited;
    try {
      execFileSync(program, [...args, 'echo 1 > /proc/sys/user/max_inotify_watches'], { stdio: 'ignore' });
    } catch {
      return t.skip('this user may not make namespaces');
    }
    const place = site(flask);
    const within = [...limited, 'echo 1 > /proc/sys/user/max_inotify_watches && exec "$@"', 'sh'];
    await using runtime = await reloading(place.root, flask.flags, within);
    await session(flask, place, runtime);
    assert.match(runtime.output, /"cause":"ENOSPC: [^"]*","msg":"files are looked at each second"/);
  });

  test('has one worker, unless told otherwise', async () => {
    const place = site(flask);
    const config = join(place.root, 'runtime.yaml');
    const desired: Record<number, readonly string[]> = { 1: [], 3: ['--workers', '3'], 4: ['--config', config] };
    writeFileSync(config, 'workers: {count: 4}\n');
    for (const [workers, flags] of Object.entries(desired)) {
      await using runtime = await reloading(place.root, [...flask.flags, ...flags]);
      await runtime.says(`"workers":${workers},`);
      // The end of a start that is interrupted is of no interest here.
      await runtime.says('"worker ready"');
    }
  });

  test('all of several workers are reloaded', async () => {
    const place = site(flask);
    await using runtime = await reloading(place.root, [...flask.flags, '--workers', '2']);
    await runtime.says('"worker ready"', 2);
    place.edit(pythonSource('second'));
    await runtime.says('"worker ended"', 2);
    assert.deepEqual(await Promise.all(Array.from({ length: 10 }, () => answer(runtime))), Array(10).fill('second'));
  });

  test('writes text on a terminal, and json elsewhere or when told so', async () => {
    const place = site(flask);
    const start = async (...more: readonly string[]): Promise<Terminal> => {
      const [port, adminPort] = [await freePort(), await freePort()];
      const flags = ['--listen', `127.0.0.1:${port}`, '--admin', `127.0.0.1:${adminPort}`, '--control', 'off', ...more];
      const variables = `PYTHONPATH=${pythonPackagesDir('newest')} PATH=${dirname(process.execPath)}:$PATH`;
      const program = join(runtimeDir, 'bin/appserver-runtime');
      return new Terminal(
        `cd ${place.root} && ${variables} exec ${program} --reload ${[...flask.flags, ...flags].join(' ')}`,
      );
    };
    await using textual = await start();
    await textual.shows(/worker ready/);
    assert.doesNotMatch(textual.output, /"msg"/);
    place.edit(pythonSource('second'));
    await textual.shows(/files changed.*shop\/answer\.py/);
    await using json = await start('--log-format', 'json');
    await json.shows(/"msg":"worker ready"/);
    // The end of the terminal alone would be a HUP to them, which is a reload.
    for (const terminal of [textual, json]) {
      terminal.pressCtrlC();
      await terminal.exited;
    }
  });

  test('ends where no edit helps', async () => {
    const place = site(flask);
    const port = await freePort();
    const addresses = ['--admin', '127.0.0.1:0', '--control', 'off'];
    await using runtime = new Reloading(port, [...addresses, ...flask.flags], {
      root: place.root,
      env: { PYTHONPATH: '/nowhere' },
    });
    assert.equal(await runtime.exited, 3, runtime.output);
    assert.match(runtime.output, /GUNICORN_MISSING/);
    assert.doesNotMatch(runtime.output, /loaded again/);
  });

  test('cannot be had from a file', async () => {
    const place = site(flask);
    const config = join(place.root, 'runtime.yaml');
    for (const content of ['reload: true', 'workers: {reload: true}']) {
      writeFileSync(config, `${content}\n`);
      await using runtime = new Alone(['--config', config, ...flask.flags], { root: place.root });
      assert.equal(await runtime.exited, 2);
      assert.match(runtime.output, /CONFIG_INVALID: .*reload/);
    }
  });

  test('is not for a check', async () => {
    const place = site(flask);
    await using runtime = new Alone(['--reload', '--check', ...flask.flags], { root: place.root });
    assert.equal(await runtime.exited, 2);
    assert.match(runtime.output, /CONFIG_INVALID: --reload cannot be used with --check\./);
  });
});
