// Which worker an application runs in: numbers that are used once, slots that are handed on, and a lock of the pod.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { applications, Runtime, skip, type Options } from '../runtime/runtime-process.ts';

const NAMES = ['APPSERVER_WORKER_ID', 'APPSERVER_WORKER_SLOT', 'OTEL_RESOURCE_ATTRIBUTES'];

const root = applications({
  // What the module sees when it is imported, except with preload, and what a request sees.
  'app.py': `
import json, os, socket
NAMES = ${JSON.stringify(NAMES)}
imported = [os.environ.get(name) for name in NAMES]

def lock(name):
    one = socket.socket(socket.AF_UNIX)
    try:
        one.bind("\\0" + os.environ["APPSERVER_LOCK_PREFIX"] + name)
    except OSError:
        return None
    return one

held = None

def app(environ, start_response):
    global held
    start_response("200 OK", [("connection", "close")])
    if environ["PATH_INFO"] == "/lock":
        held = held or lock("jobs")
        return [json.dumps({"id": os.environ["APPSERVER_WORKER_ID"], "held": held is not None}).encode()]
    return [json.dumps({"imported": imported, "now": [os.environ.get(name) for name in NAMES]}).encode()]
`,
  'asgi_app.py': `
import json
from app import imported, NAMES
import os

async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    body = json.dumps({"imported": imported, "now": [os.environ.get(name) for name in NAMES]}).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"connection", b"close")]})
    await send({"type": "http.response.body", "body": body})
`,
  'server.js': `
const http = require('node:http');
const net = require('node:net');
const names = ${JSON.stringify(NAMES)};
const imported = names.map((name) => process.env[name]);
let held;
function lock(name) {
  return new Promise((resolve) => {
    const one = net.createServer();
    one.on('error', () => resolve(undefined));
    one.listen('\\0' + process.env.APPSERVER_LOCK_PREFIX + name, () => resolve(one));
  });
}
http.createServer(async (request, response) => {
  response.setHeader('connection', 'close');
  if (request.url === '/lock') {
    held ??= await lock('jobs');
    return response.end(JSON.stringify({ id: process.env.APPSERVER_WORKER_ID, held: held !== undefined }));
  }
  response.end(JSON.stringify({ imported, now: names.map((name) => process.env[name]) }));
}).listen(process.env.PORT);
`,
});

/** On a connection of its own, so that any worker may answer. */
async function ask(runtime: Runtime, path: string): Promise<unknown> {
  return (await fetch(runtime.url(path), { headers: { connection: 'close' } })).json();
}

type Told = readonly (string | null)[];

/** What each of the workers says once, by its slot. */
async function bySlot(runtime: Runtime, workers: number): Promise<ReadonlyMap<string, { imported: Told; now: Told }>> {
  const told = new Map<string, { imported: Told; now: Told }>();
  await runtime.until('each worker has answered', async () => {
    const one = (await ask(runtime, '/')) as { imported: Told; now: Told };
    told.set(`${one.now[1]}`, one);
    return told.size === workers;
  });
  return told;
}

const kinds: Readonly<Record<string, Pick<Options, 'app' | 'workers'> & { readonly preload?: true }>> = {
  sync: { app: { wsgi: 'app:app' } },
  'sync with preload': { app: { wsgi: 'app:app' }, workers: { preload: true }, preload: true },
  gthread: { app: { wsgi: 'app:app' }, workers: { class: 'gthread', threads: 2 } },
  gevent: { app: { wsgi: 'app:app' }, workers: { class: 'gevent' } },
  fast: { app: { wsgi: 'app:app' }, workers: { class: 'fast' } },
  asgi: { app: { asgi: 'asgi_app:app' } },
  node: { app: { node: 'server.js' } },
  command: { app: { command: process.execPath, args: ['server-of-command.mjs'], notify: true } },
};

const command = `
import http from 'node:http';
import { writeSync } from 'node:fs';
const names = ${JSON.stringify(NAMES)};
const told = names.map((name) => process.env[name]);
http.createServer((_, response) => {
  response.setHeader('connection', 'close');
  response.end(JSON.stringify({ imported: told, now: told }));
}).listen({ fd: 3 }, () => writeSync(Number(process.env.APPSERVER_NOTIFY_FD), 'READY=1\\n'));
`;

describe('workers know which they are', { skip, concurrency: 2 }, () => {
  for (const [name, { app, workers = {}, preload }] of Object.entries(kinds)) {
    test(`of ${name}: slots are handed on, numbers are not`, async () => {
      await using runtime = await Runtime.ready({
        root: name === 'command' ? applications({ 'server-of-command.mjs': command }) : root,
        app,
        workers,
        env: { OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=test' },
      });
      const first = await bySlot(runtime, 2);
      assert.deepEqual([...first.keys()].toSorted(), ['0', '1']);
      const attributes = [...first.values()].map(({ now }) => now[2] ?? '');
      for (const one of attributes)
        assert.match(one, /^deployment\.environment=test,service\.instance\.id=[\da-f-]{36}$/);
      assert.equal(new Set(attributes).size, 2, 'no two workers are the same instance');
      if (preload !== true) for (const { imported, now } of first.values()) assert.deepEqual(imported, now);

      runtime.child.kill('SIGHUP');
      await runtime.until('reloaded', async () => (await runtime.status()).replaced['reload'] === 2);
      await runtime.until('alone', async () => (await runtime.status()).workers.list.length === 2);
      const second = await bySlot(runtime, 2);
      assert.deepEqual([...second.keys()].toSorted(), ['0', '1']);
      const ids = [...first.values(), ...second.values()].map(({ now }) => now[0]);
      assert.equal(new Set(ids).size, 4, 'every worker has a number of its own');
    });
  }

  test('an instance that the user names stays', async () => {
    const given = 'service.instance.id=mine,service.name=shop';
    await using runtime = await Runtime.ready({
      root,
      app: { wsgi: 'app:app' },
      env: { OTEL_RESOURCE_ATTRIBUTES: given },
    });
    for (const { now } of (await bySlot(runtime, 2)).values()) assert.equal(now[2], given);
  });

  test('numbers go on where the container is started again', async () => {
    const control = join(root, 'survives', 'control.sock');
    const ids = async (): Promise<number[]> => {
      await using runtime = await Runtime.ready({ root, app: { wsgi: 'app:app' }, fixed: { control } });
      return (await runtime.readyWorkers()).map(({ id }) => id);
    };
    assert.deepEqual(await ids(), [1, 2]);
    assert.deepEqual(await ids(), [3, 4]);
  });

  for (const [name, app] of Object.entries({ Python: { wsgi: 'app:app' }, Node: { node: 'server.js' } })) {
    test(`of ${name}: one of them has the lock, and another one once that has ended`, async () => {
      await using runtime = await Runtime.ready({ root, app });
      const answers = new Map<string, boolean>();
      const look = async (): Promise<void> => {
        const { id, held } = (await ask(runtime, '/lock')) as { id: string; held: boolean };
        answers.set(id, held);
      };
      await runtime.until('both asked', async () => {
        await look();
        return answers.size === 2;
      });
      const holders = (): string[] => [...answers].filter(([, held]) => held).map(([id]) => id);
      const [holder] = holders();
      assert.equal(holders().length, 1);
      const { list } = (await runtime.status()).workers;
      process.kill(list.find(({ id }) => String(id) === holder)?.pid ?? 0, 'SIGKILL');
      answers.clear();
      await runtime.until('taken over', async () => {
        await look();
        return holders().length === 1;
      });
      assert.notEqual(holders()[0], holder);
    });
  }
});
