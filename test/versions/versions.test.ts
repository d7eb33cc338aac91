// The runtime with every Python and Node that applications may bring; run by `npm run test:versions`, which fetches them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { repository } from '../../e2e/cluster/layout.ts';
import { nodeBin, nodes, pythonBin, pythonPackages, pythons, versionOf } from '../../scripts/interpreters.ts';
import { freePort } from '../free-port.ts';
import { applications, Runtime, skip, type Options } from '../runtime/runtime-process.ts';

const root = applications({
  'wsgi_app.py': `
import platform
def app(environ, start_response):
    start_response("200 OK", [("content-type", "text/plain")])
    return [platform.python_version().encode()]
`,
  'asgi_app.py': `
import asyncio, platform
async def app(scope, receive, send):
    assert scope["type"] == "http"
    if scope["path"] == "/stuck":
        await asyncio.sleep(30)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": platform.python_version().encode()})
`,
  'server.js': `
require('http').createServer((_, response) => response.end(process.versions.node)).listen(process.env.PORT);
`,
  'server.mjs': `
import { createServer } from 'node:http';
createServer((_, response) => response.end(process.versions.node)).listen(process.env.PORT);
`,
  // Looks whether its port is free, has a second one, and an end of its own.
  'whole.cjs': `
const http = require('http'), probe = require('net').createServer();
probe.listen(process.env.PORT, () => probe.close(() => {
  const other = http.createServer().listen(process.env.OTHER);
  const server = http.createServer((_, response) => response.end(process.versions.node)).listen(process.env.PORT);
  process.on('SIGTERM', () => server.close((error) => {
    other.close(() => console.log('all closed', error?.code));
  }));
}));
`,
});

/** Serves, replaces its workers without a loss at a reload, and ends in order. Returns its output. */
async function proves(options: Omit<Options, 'root'>, version: string): Promise<string> {
  await using runtime = await Runtime.ready({ root, ...options });
  const answer = async (): Promise<string> => (await fetch(runtime.url())).text();
  assert.ok((await answer()).startsWith(version), `it is ${version} that answers`);
  const before = (await runtime.readyWorkers()).map(({ pid }) => pid);
  runtime.child.kill('SIGHUP');
  await runtime.until('reloaded', async () => {
    assert.ok((await answer()).startsWith(version));
    const now = await runtime.readyWorkers();
    return now.length === before.length && now.every(({ pid }) => !before.includes(pid));
  });
  runtime.child.kill('SIGTERM');
  assert.equal(await runtime.exited, 0, runtime.output);
  return runtime.output;
}

/** Threads that give way to each other as often as they can. */
const counting = `
import sys, tempfile, threading
from appserver_worker.shared_memory import HEADER_BYTES, MAX_ROWS, ROW_BYTES, ThreadedRow
sys.setswitchinterval(1e-6)
memory = tempfile.TemporaryFile()
memory.truncate(HEADER_BYTES + MAX_ROWS * ROW_BYTES)
row = ThreadedRow(memory.fileno(), 0, [0.005, 0.01])
def count():
    for _ in range(50000):
        row.end(row.begin("GET", "/"), 200)
threads = [threading.Thread(target=count) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
numbers = row._numbers
print(int(numbers[0]), int(numbers[1]), int(sum(numbers[3:6])), int(numbers[16]), len(row._free))
`;

const pythonKinds = {
  'wsgi, sync': { app: { wsgi: 'wsgi_app:app' } },
  'wsgi, gthread, preloaded': {
    app: { wsgi: 'wsgi_app:app' },
    workers: { class: 'gthread', threads: 4, preload: true },
  },
  'wsgi, fast': { app: { wsgi: 'wsgi_app:app' }, workers: { class: 'fast', threads: 4 } },
  asgi: { app: { asgi: 'asgi_app:app' } },
} as const;

describe('Python', { skip, concurrency: 1 }, () => {
  for (const version of pythons) {
    const env = { PATH: `${pythonBin(version)}:${process.env['PATH'] ?? ''}`, PYTHONPATH: pythonPackages(version) };
    for (const [kind, options] of Object.entries(pythonKinds)) {
      // Granian has no wheels for it.
      if (kind === 'wsgi, fast' && version === '3.9') continue;
      test(`${version} serves ${kind}`, async () => {
        await proves({ ...options, env }, version);
      });
    }
    test(`${version} counts every request of eight threads`, () => {
      const options = {
        env: { PYTHONPATH: join(repository, 'src/runtime/workers/python') },
        encoding: 'utf8',
      } as const;
      const counted = execFileSync(join(pythonBin(version), 'python3'), ['-c', counting], options);
      assert.equal(counted.trim(), '400000 400000 400000 400000 3');
    });
    test(`${version} ends a request of asgi that takes too long, and shows where it waits`, async () => {
      const live = { workers: { requestTimeout: '1s' } };
      await using runtime = await Runtime.ready({ root, app: { asgi: 'asgi_app:app' }, env, live });
      assert.equal(await runtime.fetch('/stuck'), 504);
      await runtime.until('stack in the log', () => /asgi_app\.py\\?", line \d+, in app/.test(runtime.output));
    });
  }
});

describe('Node', { skip, concurrency: 1 }, () => {
  for (const version of nodes) {
    const bin = nodeBin(version);
    for (const file of ['server.js', 'server.mjs', 'whole.cjs']) {
      test(`${versionOf(join(bin, 'node'))} serves ${file}`, async () => {
        const env = { PATH: `${bin}:${process.env['PATH'] ?? ''}`, OTHER: String(await freePort()) };
        const output = await proves({ app: { node: join(root, file) }, env }, version);
        const closed = output.match(/all closed undefined/g) ?? [];
        assert.equal(closed.length, file === 'whole.cjs' ? 4 : 0, output);
      });
    }
  }
});
