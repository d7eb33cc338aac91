// A real nginx in front of the workers, in each pod.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { isIPv4 } from 'node:net';
import { before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
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
