// A real nginx in front of the workers, in each pod.
import assert from 'node:assert/strict';
import { get, request } from 'node:http';
import { isIPv4 } from 'node:net';
import { json } from 'node:stream/consumers';
import { before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { testImageNames } from '../scripts/test-images.ts';
import { eventually, merge, types } from './harness/api.ts';
import {
  appServer,
  create,
  namespace,
  podAddress,
  pods,
  restricted,
  serviceUrl,
  untilReady,
  untilReason,
} from './harness/appserver.ts';
import { startLoad } from './harness/load.ts';
import { installOperator } from './harness/operator.ts';

const proxy = { image: testImageNames.nginx, static: [{ path: '/static/', from: '/app' }], maxBodySize: '4Ki' };

/** Sends a body a few bytes at a time. Returns the status of the answer. */
function sendSlowly(url: string, pieces: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-length': pieces };
    const outgoing = request(url, { method: 'POST', headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    outgoing.on('error', reject);
    const send = async (): Promise<void> => {
      for (let i = 0; i < pieces; i++) {
        outgoing.write('x');
        await delay(300);
      }
      outgoing.end();
    };
    send().catch(reject);
  });
}

describe('nginx in front', { concurrency: 1 }, () => {
  before(() => installOperator());

  test('stands between clients and the workers', async () => {
    await using ns = await namespace(restricted);
    await create(appServer(ns.name, { proxy, replicas: 1, workers: { count: 1 } }));
    await untilReady(ns.name);
    const url = await serviceUrl(ns.name);
    const answer = await fetch(url);
    assert.deepEqual([answer.status, answer.headers.get('server')], [200, 'nginx']);

    const file = await fetch(`${url}/static/shop.py`);
    assert.deepEqual([file.status, file.headers.get('cache-control')], [200, 'max-age=3600']);
    assert.match(await file.text(), /Flask/);
    assert.equal((await fetch(`${url}/static/none`)).status, 404);

    assert.equal((await fetch(url, { method: 'POST', body: 'x'.repeat(5_000) })).status, 413);

    const [pod] = await pods(ns.name);
    assert.ok(pod);
    await assert.rejects(fetch(`http://${podAddress(pod)}:8000`), 'there is no way around it');

    // The one worker is free all the while.
    const slow = sendSlowly(`${url}/slow`, 8);
    for (let i = 0; i < 8; i++) {
      assert.equal((await fetch(url, { signal: AbortSignal.timeout(1_000) })).status, 200);
      await delay(200);
    }
    assert.equal(await slow, 405);
  });

  test('lets only those whom the AppServer trusts say who asked', async () => {
    await using ns = await namespace(restricted);
    const app = { asgi: 'asgi_app:app', workingDir: '/srv' };
    await create(appServer(ns.name, { image: testImageNames.kinds, app, proxy: { image: proxy.image }, replicas: 1 }));
    await untilReady(ns.name);
    const headers = { 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'https', connection: 'close' };
    const url = `${await serviceUrl(ns.name)}/seen`;
    const seen = async (): Promise<string> => (await fetch(url, { headers })).text();
    const [scheme, client = ''] = (await seen()).split(' ');
    assert.equal(scheme, 'http');
    assert.ok(isIPv4(client) && client !== '127.0.0.1' && client !== '203.0.113.7', `${client} is who asked`);

    await merge(types.AppServer, ns.name, 'shop', { spec: { trustedProxies: [client] } });
    await eventually('what a trusted proxy says', async () =>
      (await seen()) === 'https 203.0.113.7' ? true : undefined,
    );
  });

  test('passes on what trusted proxies say of a request, and what strangers say of it in no header', async () => {
    await using ns = await namespace(restricted);
    const app = { asgi: 'asgi_app:app', workingDir: '/srv' };
    await create(appServer(ns.name, { image: testImageNames.kinds, app, proxy: { image: proxy.image }, replicas: 1 }));
    await untilReady(ns.name);
    const url = await serviceUrl(ns.name);
    const said = {
      ...{ forwarded: 'for=203.0.113.7;host=evil.example', 'x-real-ip': '203.0.113.7', 'x-client-ip': '203.0.113.7' },
      ...{ 'x-forwarded-host': 'evil.example', 'x-forwarded-port': '8443', 'x-forwarded-prefix': '/evil' },
      ...{ 'x-forwarded-server': 'evil.example', 'x-forwarded-protocol': 'ssl', 'x-forwarded-scheme': 'https' },
      ...{ 'x-forwarded-ssl': 'on', 'front-end-https': 'on', 'x-original-url': '/evil', 'x-rewrite-url': '/evil' },
      ...{ 'true-client-ip': '203.0.113.7', 'cf-connecting-ip': '203.0.113.7', 'x-scheme': 'https' },
    };
    const seen = async (headers: Record<string, string>): Promise<Record<string, string>> => {
      const sent = { ...headers, 'x-request-id': 'abc' };
      const body: unknown = await new Promise((resolve, reject) => {
        get(`${url}/headers`, { headers: sent, agent: false }, (response) => resolve(json(response))).on(
          'error',
          reject,
        );
      });
      return z.record(z.string(), z.string()).parse(body);
    };
    const byStranger = await seen(said);
    assert.equal(byStranger['x-request-id'], 'abc');
    assert.deepEqual(
      Object.keys(said).filter((name) => Object.hasOwn(byStranger, name)),
      [],
    );
    assert.equal(byStranger['x-forwarded-proto'], 'http');

    // Requests of HTTP/2 would pass nginx by, whoever asks.
    const tunnel = await seen({ connection: 'upgrade, http2-settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABk' });
    assert.equal(tunnel['upgrade'], undefined);
    assert.equal((await seen({ connection: 'upgrade', upgrade: 'WebSocket' }))['upgrade'], 'websocket');

    const client = (byStranger['x-forwarded-for'] ?? '').trim();
    await merge(types.AppServer, ns.name, 'shop', { spec: { trustedProxies: [client] } });
    await eventually('what a trusted proxy says', async () => {
      const trusted = await seen(said);
      assert.deepEqual(Object.fromEntries(Object.keys(said).map((name) => [name, trusted[name]])), said);
      assert.equal(trusted['x-forwarded-proto'], 'https', 'as the other headers say');
      return true;
    });
    // A pod that is on its way out may answer once more.
    await eventually('the scheme and the host of a trusted proxy', async () => {
      const trusted = await seen({ 'x-forwarded-proto': 'https, http', 'x-forwarded-host': 'shop.example' });
      assert.deepEqual([trusted['x-forwarded-proto'], trusted['x-forwarded-host']], ['https', 'shop.example']);
      return true;
    });
  });

  test('ends before the socket that it hands requests to: a rollout under load loses none', async (t) => {
    await using ns = await namespace(restricted);
    await create(appServer(ns.name, { proxy }));
    await untilReady(ns.name);
    const url = await serviceUrl(ns.name);
    await using fresh = startLoad({ url, rate: 60, connections: 'fresh' });
    await using kept = startLoad({ url, rate: 60, connections: 6 });
    await using files = startLoad({ url: `${url}/static/shop.py`, rate: 30, connections: 3 });
    await using slow = startLoad({ url: `${url}/slow?seconds=0.3`, rate: 2, connections: 'fresh' });
    const earlier = new Set((await pods(ns.name)).map(({ metadata }) => metadata.name));
    await merge(types.AppServer, ns.name, 'shop', { spec: { image: testImageNames.second } });
    await eventually('other pods', async () =>
      (await pods(ns.name)).every(({ metadata }) => !earlier.has(metadata.name)) ? true : undefined,
    );
    await untilReady(ns.name);
    // Until the last of the old pods has ended.
    await delay(12_000);
    const results = await Promise.all([fresh, kept, files, slow].map((load) => load.stop()));
    for (const { sent, lost, slowestMs } of results) {
      t.diagnostic(`${sent} sent, ${lost.length} lost, slowest ${Math.round(slowestMs)} ms`);
    }
    assert.deepEqual(
      results.flatMap(({ lost }) => lost),
      [],
    );
    assert.deepEqual([...(results[0]?.revisions ?? [])], ['1', '2']);
  });

  test('says so when the image has no such files', async () => {
    await using ns = await namespace(restricted);
    const without = { ...proxy, static: [{ path: '/static/', from: '/no/such/folder' }] };
    await create(appServer(ns.name, { proxy: without, replicas: 1 }));
    const { message } = await untilReason(ns.name, 'PodsCrashing');
    assert.match(message, /STATIC_FILES_MISSING: \/no\/such\/folder cannot be copied: .* Correct spec\.proxy\.static/);
  });
});
