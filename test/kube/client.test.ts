import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ApiError, WriteRefused } from '../../src/kube/errors.ts';
import { json, scriptedServer, type Answer } from './api-server.ts';

const busy = (retryAfter: string, status = 429): Answer => {
  const body = JSON.stringify({ kind: 'Status', reason: 'TooManyRequests', message: 'too many requests' });
  return (response) => response.writeHead(status, { 'retry-after': retryAfter }).end(body);
};
const configMaps = '/api/v1/namespaces/web/configmaps';

describe('client', () => {
  test('asks again when the server says when', async () => {
    await using server = await scriptedServer([busy('0'), busy('0', 503), json(200, { ok: true })]);
    assert.deepEqual(await server.client.json({ method: 'GET', path: configMaps }), { ok: true });
    assert.equal(server.seen.length, 3);
  });

  test('gives up what would take longer than the answer may', async () => {
    await using server = await scriptedServer([busy('60')]);
    await assert.rejects(server.client.json({ method: 'GET', path: configMaps }), (error) => {
      assert.ok(error instanceof ApiError);
      assert.deepEqual([error.status, error.retryAfterMs], [429, 60_000]);
      return true;
    });
  });

  test('asks no more than ten times', async () => {
    await using server = await scriptedServer([busy('0')]);
    await assert.rejects(server.client.json({ method: 'GET', path: configMaps }), /too many requests/);
    assert.equal(server.seen.length, 10);
  });

  test('does not ask again for what is refused for itself', async () => {
    await using server = await scriptedServer([busy('0', 403)]);
    await assert.rejects(server.client.json({ method: 'GET', path: configMaps }), ApiError);
    assert.equal(server.seen.length, 1);
  });

  test('an answer that does not come in time is a failure', async () => {
    await using server = await scriptedServer([() => undefined]);
    await assert.rejects(
      server.client.json({ method: 'GET', path: configMaps, timeoutMs: 50 }),
      /no answer to GET .* within 50 ms/,
    );
  });

  test('reads and does not write when it may not write', async () => {
    let leads = true;
    await using server = await scriptedServer([json(200, {})], { mayWrite: () => leads });
    await server.client.json({ method: 'DELETE', path: configMaps });
    leads = false;
    await assert.rejects(server.client.json({ method: 'DELETE', path: configMaps }), WriteRefused);
    await server.client.json({ method: 'GET', path: configMaps });
    assert.deepEqual(
      server.seen.map(({ method }) => method),
      ['DELETE', 'GET'],
    );
  });
});
