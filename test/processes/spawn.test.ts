// The system gives no process: the workers that are there go on, and one is started as soon as it can be.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { cannot, Cgroup } from '../runtime/cgroup.ts';
import { applications, Runtime, type Options } from '../runtime/runtime-process.ts';

const root = applications({
  'app.py': `
def app(environ, start_response):
    start_response("200 OK", [("content-length", "2")])
    return [b"ok"]
`,
  // Once it listens, nothing else of it runs until the file `go` is there.
  'server.js': `
const { existsSync } = require('fs');
const wait = () => {
  const never = new Int32Array(new SharedArrayBuffer(4));
  while (!existsSync(__dirname + '/go')) Atomics.wait(never, 0, 0, 10);
};
require('http').createServer((_, response) => response.end('ok')).listen(process.env.PORT, () => setImmediate(wait));
`,
});

const kinds: Readonly<Record<string, Pick<Options, 'app'>>> = {
  python: { app: { wsgi: 'app:app' } },
  node: { app: { node: 'server.js' } },
};

describe('no process is left', { skip: cannot('pids') }, () => {
  for (const [name, options] of Object.entries(kinds)) {
    test(`${name}: SPAWN_FAILED, and a worker as soon as there is one`, async () => {
      await using cgroup = new Cgroup('pids');
      await using runtime = await cgroup.inside(() => Runtime.ready({ root, ...options }));
      const [victim] = await runtime.readyWorkers();
      assert.ok(victim);
      const refused = (cause: RegExp): Promise<void> =>
        runtime.until('refused', () =>
          runtime.log().some((line) => line['code'] === 'SPAWN_FAILED' && cause.test(String(line['cause']))),
        );
      // Fewer than there are: those stay, and none is added.
      cgroup.set('pids.max', 1);
      process.kill(victim.pid, 'SIGKILL');
      await refused(/^spawn .*EAGAIN/);
      if (name === 'node') {
        // The thread that shows stacks is started later than the application, here later than the limit was set.
        writeFileSync(join(root, 'go'), '');
        await runtime.until('no thread', () => runtime.output.includes('a stack cannot be shown'));
      }
      assert.equal(await runtime.fetch(), 200);
      if (name === 'python') {
        // One for the stub, and none for the worker that it asks for.
        cgroup.set('pids.max', cgroup.number('pids.current') + 1);
        await refused(/^fork: /);
      }
      cgroup.set('pids.max', 'max');
      await runtime.until('whole again', async () => (await runtime.status()).workers.ready === 2);
      const { restarts } = await runtime.status();
      assert.deepEqual(Object.keys(restarts).toSorted(), ['SPAWN_FAILED', 'WORKER_KILLED']);
    });
  }
});
