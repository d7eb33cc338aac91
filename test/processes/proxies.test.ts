// Whose X-Forwarded-* headers count.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { applications, Runtime, skip } from '../runtime/runtime-process.ts';

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
});

const wsgi = { wsgi: 'wsgi_app:app' };
const kinds: Record<string, { app: object; workers?: object }> = {
  'wsgi, sync': { app: wsgi },
  'wsgi, gthread': { app: wsgi, workers: { class: 'gthread', threads: 2 } },
  'wsgi, fast': { app: wsgi, workers: { class: 'fast' } },
  asgi: { app: { asgi: 'asgi_app:app' } },
};

/** The scheme that the application sees. */
async function scheme(kind: object, trustedProxies: readonly string[]): Promise<string> {
  const live = { workers: { count: 1 } };
  await using runtime = await Runtime.ready({ root, app: {}, ...kind, fixed: { trustedProxies }, live });
  const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.7' };
  const response = await fetch(runtime.url(), { headers });
  // Awaited here: the runtime ends with this function, and the body may still be on its way.
  return await response.text();
}

describe('trusted proxies', { skip, concurrency: 2 }, () => {
  for (const [name, kind] of Object.entries(kinds)) {
    test(`${name}: what a trusted one says counts, and what another one says does not`, async () => {
      assert.equal(await scheme(kind, ['127.0.0.1']), 'https');
      assert.equal(await scheme(kind, ['10.0.0.1']), 'http');
    });
  }
});
