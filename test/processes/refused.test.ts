// What cannot be served ends with a code of its own and the remedy.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { runtimeDir } from '../../scripts/build.ts';
import { pythonPackagesDir } from '../../scripts/python-packages.ts';
import { applications, Runtime, skip, type Options } from '../runtime/runtime-process.ts';

const root = applications({
  'app.py': 'def app(environ, start_response):\n    start_response("200 OK", [])\n    return []\n',
  'threads.py': `
import threading, time
threading.Thread(target=time.sleep, args=(60,), name="poller", daemon=True).start()
from app import app
`,
  'lifespan.py': `
async def app(scope, receive, send):
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "no database"})
`,
  'old-gunicorn/gunicorn/__init__.py': 'version_info = (21, 2)\n__version__ = "21.2"\n',
  'old-uvicorn/uvicorn/__init__.py': '__version__ = "0.29.0"\n',
  'without/uvicorn/__init__.py': 'raise ImportError("not here")\n',
  'without/gevent/__init__.py': 'raise ImportError("not here")\n',
  'without-packaging/packaging/__init__.py': 'raise ImportError("not here")\n',
  'without/granian/__init__.py': 'raise ImportError("not here")\n',
  'old-granian/granian/__init__.py': '__version__ = "2.7.5"\n',
  'old-python/sitecustomize.py': 'import sys\nsys.version_info = (3, 8, 20)\n',
  'old-node/old.cjs': `
const { versions } = process;
Object.defineProperty(process, 'versions', { value: { ...versions, node: '18.20.0' } });
`,
  'old-node/node': `#!/bin/sh\nexec '${process.execPath}' --require "$(dirname "$0")/old.cjs" "$@"\n`,
  'server.js': 'require("http").createServer().listen(process.env.PORT);\n',
  'empty/.keep': '',
  'port.yaml': 'app: {wsgi: "app:app"}\nlisten: ["127.0.0.1:81"]\nadmin: "127.0.0.1:0"\n',
});
chmodSync(root, 0o755);
chmodSync(join(root, 'old-node/node'), 0o755);

const wsgi = { app: { wsgi: 'app:app' } };
const asgi = { app: { asgi: 'lifespan:app' } };
const packages = (folder: string): Record<string, string> => ({
  PYTHONPATH: `${join(root, folder)}:${pythonPackagesDir('newest')}`,
});

const refused: Record<string, [options: Omit<Options, 'root'>, says: RegExp, exitCode?: number]> = {
  'a gunicorn that is too old': [{ ...wsgi, env: packages('old-gunicorn') }, /^GUNICORN_UNSUPPORTED: gunicorn 21\.2/],
  'a uvicorn that is too old': [{ ...asgi, env: packages('old-uvicorn') }, /^UVICORN_UNSUPPORTED: uvicorn 0\.29\.0/],
  'no uvicorn': [{ ...asgi, env: packages('without') }, /^UVICORN_MISSING: /],
  'no gevent': [{ ...wsgi, workers: { class: 'gevent' }, env: packages('without') }, /^GEVENT_MISSING: /],
  "no package that gunicorn's worker for gevent needs": [
    { ...wsgi, workers: { class: 'gevent' }, env: packages('without-packaging') },
    /^GEVENT_MISSING: gunicorn's worker for gevent: not here/,
  ],
  'no granian': [{ ...wsgi, workers: { class: 'fast' }, env: packages('without') }, /^GRANIAN_MISSING: /],
  'a granian that is too old': [
    { ...wsgi, workers: { class: 'fast' }, env: packages('old-granian') },
    /^GRANIAN_UNSUPPORTED: granian 2\.7\.5/,
  ],
  'a Python that is too old': [{ ...wsgi, env: packages('old-python') }, /^PYTHON_UNSUPPORTED: Python 3\.8/],
  'a Node that is too old': [
    { app: { node: 'server.js' }, env: { PATH: `${join(root, 'old-node')}:${process.env['PATH'] ?? ''}` } },
    /^NODE_UNSUPPORTED: Node 18\.20\.0/,
  ],
  'no Node': [{ app: { node: 'server.js' }, env: { PATH: join(root, 'empty') } }, /^NODE_MISSING: /],
  'no program': [{ app: { command: './nothing' } }, /^PROGRAM_MISSING: /],
  'threads from before the fork': [
    { app: { wsgi: 'threads:app' }, workers: { preload: true } },
    /^PRELOAD_THREADS: importing threads:app started 1 threads \(poller\)/,
    4,
  ],
  'a lifespan that does not start': [asgi, /^APP_STARTUP_FAILED: the lifespan of lifespan:app did not start/, 4],
};

describe('refuses', { skip, concurrency: 2 }, () => {
  for (const [name, [options, says, exitCode = 3]] of Object.entries(refused)) {
    test(name, async () => {
      await using runtime = await Runtime.start({ root, ...options });
      assert.equal(await runtime.exited, exitCode, runtime.output);
      assert.match(runtime.lastWords(), says);
    });
  }

  test('a privileged port', { skip: process.getuid?.() !== 0 && 'it takes root to become somebody else' }, () => {
    const program = join(runtimeDir, 'bin/appserver-init');
    const nobody = { uid: 65_534, gid: 65_534, encoding: 'utf8' } as const;
    const file = `--file=${join(root, 'port.yaml')}`;
    const runtime = [process.execPath, join(runtimeDir, 'runtime/runtime.mjs'), file, '--overrides={}'];
    const args = ['serve', '--listen', '127.0.0.1:81', '--', ...runtime];
    const ended = spawnSync(program, args, nobody);
    assert.equal(ended.status, 5, ended.stderr);
    assert.match(ended.stderr + ended.stdout, /PORT_FORBIDDEN/);
  });
});

test(
  'a proxy that is drained is no group of processes',
  { skip: process.getuid?.() !== 0 && 'it takes root to become somebody else' },
  () => {
    const dir = join(root, 'proxy');
    mkdirSync(dir);
    chmodSync(dir, 0o777);
    // Nobody else has this user's processes, should they all get the signal.
    const somebody = { uid: 54_321, gid: 54_321, encoding: 'utf8' } as const;
    for (const pid of ['-1', '0', '-54321']) {
      writeFileSync(join(dir, 'nginx.pid'), pid);
      const { status, stderr } = spawnSync(join(runtimeDir, 'bin/drain-proxy'), ['1', dir, '0', '0'], somebody);
      assert.notEqual(status, 0);
      assert.match(stderr, /nginx\.pid: Invalid argument/);
    }
  },
);

test('a client that is slow to ask keeps no connection of the admin port', { skip }, async () => {
  await using runtime = await Runtime.ready({ root, ...wsgi });
  const slow = connect(runtime.adminPort, '127.0.0.1');
  slow.on('error', () => undefined).resume();
  slow.write('GET /readyz HTTP/1.1\r\nHost: a\r\n');
  const began = performance.now();
  await new Promise((resolve) => slow.once('close', resolve));
  assert.ok(performance.now() - began < 10_000);
});
