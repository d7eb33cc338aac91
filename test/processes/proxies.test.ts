// Whose X-Forwarded-* headers count, for the application and for the access log.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pythonPackagesDir } from '../../scripts/python-packages.ts';
import { applications, Runtime, skip, type Options } from '../runtime/runtime-process.ts';

const root = applications({
  'wsgi_app.py': `
def app(environ, start_response):
    start_response("200 OK", [("content-type", "text/plain")])
    return [environ["wsgi.url_scheme"].encode()]
`,
  'asgi_app.py': `
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["scheme"].encode()})
`,
  'app.cjs': `require('node:http').createServer((request, response) => response.end('ok')).listen(process.env.PORT);`,
});

const wsgi = { wsgi: 'wsgi_app:app' };
const oldest = { env: { PYTHONPATH: pythonPackagesDir('oldest') } };
const kinds: Record<string, Omit<Options, 'root'>> = {
  'wsgi, sync': { app: wsgi },
  'wsgi, sync, the oldest gunicorn': { app: wsgi, ...oldest },
  'wsgi, gthread': { app: wsgi, workers: { class: 'gthread', threads: 2 } },
  'wsgi, gevent': { app: wsgi, workers: { class: 'gevent' } },
  'wsgi, fast': { app: wsgi, workers: { class: 'fast' } },
  asgi: { app: { asgi: 'asgi_app:app' } },
  'asgi, the oldest uvicorn': { app: { asgi: 'asgi_app:app' }, ...oldest },
};

/** All requests come from 127.0.0.1, on behalf of these. */
const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '198.51.100.1, 203.0.113.7, 127.0.0.5' };

/** What the newest uvicorn makes of them. */
const cases: Record<string, { trusted: readonly string[]; scheme: string; client: string }> = {
  'an address': { trusted: ['127.0.0.1'], scheme: 'https', client: '127.0.0.5' },
  'another address': { trusted: ['10.0.0.1'], scheme: 'http', client: '127.0.0.1' },
  'a network': { trusted: ['10.0.0.0/8', '127.0.0.0/8'], scheme: 'https', client: '203.0.113.7' },
  'a network with bits of a host': { trusted: ['127.0.0.9/8'], scheme: 'https', client: '203.0.113.7' },
  'all, beside an address': { trusted: ['10.0.0.1', '*'], scheme: 'https', client: '198.51.100.1' },
};

describe('trusted proxies', { skip, concurrency: 2 }, () => {
  for (const [name, kind] of Object.entries(kinds)) {
    test(`${name}: what a trusted one says counts, and what another one says does not`, async (t) => {
      for (const [what, { trusted, scheme, client }] of Object.entries(cases)) {
        await t.test(what, async () => {
          const live = { workers: { count: 1 }, logging: { accessLog: true } };
          await using runtime = await Runtime.ready({ root, ...kind, fixed: { trustedProxies: trusted }, live });
          const response = await fetch(runtime.url(), { headers });
          assert.equal(await response.text(), scheme);
          await runtime.until('logged', () => runtime.output.includes('"msg":"request"'));
          assert.match(runtime.output, new RegExp(`"remote":"${client}"`));
        });
      }
    });
  }

  test('node: the access log has the client that a trusted one tells', async (t) => {
    for (const [what, { trusted, client }] of Object.entries(cases)) {
      await t.test(what, async () => {
        const live = { workers: { count: 1 }, logging: { accessLog: true } };
        const fixed = { trustedProxies: trusted };
        await using runtime = await Runtime.ready({ root, app: { node: 'app.cjs' }, fixed, live });
        assert.equal(await (await fetch(runtime.url(), { headers })).text(), 'ok');
        await runtime.until('logged', () => runtime.output.includes('"msg":"request"'));
        assert.match(runtime.output, new RegExp(`"remote":"${client}"`));
      });
    }
  });

  test('networks of the environment count as well', async () => {
    for (const app of [wsgi, { asgi: 'asgi_app:app' }]) {
      const env = { ...oldest.env, FORWARDED_ALLOW_IPS: '127.0.0.0/8' };
      await using runtime = await Runtime.ready({ root, app, env, live: { workers: { count: 1 } } });
      const response = await fetch(runtime.url(), { headers });
      assert.equal(await response.text(), 'https');
    }
  });
});
