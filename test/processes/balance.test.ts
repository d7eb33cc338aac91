// Connections are spread over the workers that share a socket, and none waits for a worker that is stuck.
import assert from 'node:assert/strict';
import { Agent, get, type IncomingMessage } from 'node:http';
import { describe, test } from 'node:test';
import { text } from 'node:stream/consumers';
import { applications, Runtime, skip, type Options } from '../runtime/runtime-process.ts';

const root = applications({
  'wsgi_app.py': `
import os, time
def app(environ, start_response):
    if environ["PATH_INFO"] == "/stuck":
        time.sleep(3)
    start_response("200 OK", [("content-type", "text/plain")])
    return [str(os.getpid()).encode()]
`,
  'asgi_app.py': `
import os, time
async def app(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError
    if scope["path"] == "/stuck":
        time.sleep(3)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(os.getpid()).encode()})
`,
  'server.js': `
require('http').createServer((request, response) => {
  if (request.url === '/stuck') { const until = Date.now() + 3000; while (Date.now() < until); }
  response.end(String(process.pid));
}).listen(process.env.PORT);
`,
});

const workers = 4;
const kinds: Readonly<Record<string, Pick<Options, 'app' | 'workers'>>> = {
  'wsgi, gthread': { app: { wsgi: 'wsgi_app:app' }, workers: { class: 'gthread', threads: 2, keepAlive: '60s' } },
  asgi: { app: { asgi: 'asgi_app:app' }, workers: { keepAlive: '60s' } },
  node: { app: { node: 'server.js' } },
};

const ask = async (runtime: Runtime, path: string, agent: Agent): Promise<number> => {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(runtime.url(path), { agent }, resolve).on('error', reject);
  });
  return Number(await text(response));
};

const connection = (): Agent => new Agent({ keepAlive: true, maxSockets: 1 });

describe('connections over workers', { skip, concurrency: 2 }, () => {
  for (const [name, options] of Object.entries(kinds)) {
    test(`${name}: kept ones are spread, and none goes to a worker that is stuck`, async () => {
      await using runtime = await Runtime.ready({ root, ...options, live: { workers: { count: workers } } });
      const agents = Array.from({ length: 6 * workers }, connection);
      const counts = new Map<number, number>();
      for (const agent of agents) {
        const pid = await ask(runtime, '/', agent);
        counts.set(pid, (counts.get(pid) ?? 0) + 1);
      }
      // Six each on an idle machine.
      assert.ok(counts.size === workers && Math.max(...counts.values()) <= 12, JSON.stringify([...counts]));
      const open = (await runtime.status()).workers.list.map(({ connections }) => connections);
      assert.equal(
        open.reduce((sum, one) => sum + one),
        agents.length,
        'they are counted',
      );

      const [first = connection()] = agents;
      const stuck = ask(runtime, '/stuck', first);
      await runtime.until('stuck', async () => (await runtime.status()).workers.list.some(({ busy }) => busy > 0));
      const began = performance.now();
      const fresh = new Agent();
      const pids = await Promise.all(Array.from({ length: 20 }, () => ask(runtime, '/', fresh)));
      const took = performance.now() - began;
      const stuckPid = await stuck;
      if (name !== 'wsgi, gthread') assert.ok(!pids.includes(stuckPid));
      assert.ok(took < 2_000, `the others took ${took} ms`);
      for (const agent of [...agents, fresh]) agent.destroy();
      await runtime.until('closed', async () =>
        (await runtime.status()).workers.list.every(({ connections }) => connections === 0),
      );
    });
  }
});
