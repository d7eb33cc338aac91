import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ContentKey } from '../../../src/operator/model/content-key.ts';
import type { OperatorError } from '../../../src/operator/process/errors.ts';
import { loadOperatorKey } from '../../../src/operator/process/operator-key.ts';
import { json, scriptedServer, type Answer } from '../../kube/api-server.ts';

const bytes = Buffer.alloc(32, 7);
const missing = json(404, { reason: 'NotFound', message: 'not found' });
const created = json(201, {});
const exists = json(409, { reason: 'AlreadyExists', message: 'exists' });
const forbidden = json(403, { reason: 'Forbidden', message: 'no' });
const stored = (changes: object = {}): Answer =>
  json(200, { type: 'appserver.dev/operator-key', data: { key: bytes.toString('base64') }, ...changes });

interface Loaded {
  readonly ids: string[];
  readonly errors: string[];
  readonly requests: string[];
  readonly pauses: number[];
}

async function load(script: readonly Answer[], { mayCreate = Promise.resolve(), most = 3 } = {}): Promise<Loaded> {
  await using server = await scriptedServer(script);
  const ids: string[] = [];
  const errors: OperatorError[] = [];
  const pauses: number[] = [];
  const stop = new AbortController();
  const over = Promise.withResolvers<void>();
  await loadOperatorKey({
    client: server.client,
    namespace: 'system',
    name: 'operator-key',
    mayCreate,
    onKey: (key) => {
      ids.push(key.id);
      over.resolve();
    },
    onError: (error) => errors.push(error),
    signal: stop.signal,
    pause: async (ms) => {
      pauses.push(ms);
      if (pauses.length < most) return;
      stop.abort();
      over.resolve();
    },
  });
  await over.promise;
  return {
    ids,
    errors: errors.map(({ code }) => code),
    requests: server.seen.map(({ method, url }) => `${method} ${url.pathname}`),
    pauses,
  };
}

const get = 'GET /api/v1/namespaces/system/secrets/operator-key';
const post = 'POST /api/v1/namespaces/system/secrets';
const { id } = new ContentKey(bytes);

describe("the operator's key", () => {
  test('is the one that is stored', async () => {
    assert.deepEqual(await load([stored()]), { ids: [id], errors: [], requests: [get], pauses: [] });
  });

  test('is made where there is none', async () => {
    const { ids, errors, requests } = await load([missing, created]);
    assert.deepEqual([ids.length, errors, requests], [1, [], [get, post]]);
  });

  test('is another one each time that it is made', async () => {
    const [a, b] = await Promise.all([load([missing, created]), load([missing, created])]);
    assert.notDeepEqual(a.ids, b.ids);
  });

  test('is that of another replica which was faster', async () => {
    const { ids, errors, requests } = await load([missing, exists, stored()]);
    assert.deepEqual([ids, errors, requests], [[id], [], [get, post, get]]);
  });

  test('is made by nobody but the one that leads', async () => {
    const leads = Promise.withResolvers<void>();
    await using server = await scriptedServer([missing, created]);
    const loading = loadOperatorKey({
      client: server.client,
      namespace: 'system',
      name: 'operator-key',
      mayCreate: leads.promise,
      onKey: () => undefined,
      onError: (error) => assert.fail(error),
      signal: new AbortController().signal,
    });
    while (server.seen.length < 1) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(
      server.seen.map(({ method }) => method),
      ['GET'],
    );
    leads.resolve();
    await loading;
    assert.deepEqual(
      server.seen.map(({ method }) => method),
      ['GET', 'POST'],
    );
  });

  test('is tried again, ever more rarely, until it is there', async () => {
    assert.deepEqual(await load([forbidden, missing, forbidden, stored()]), {
      ids: [id],
      errors: ['OPERATOR_KEY_UNAVAILABLE', 'OPERATOR_KEY_UNAVAILABLE'],
      requests: [get, get, post, get],
      pauses: [1_000, 2_000],
    });
  });

  const malformed: Record<string, object> = {
    'is too short': { data: { key: Buffer.alloc(31).toString('base64') } },
    'is too long': { data: { key: Buffer.alloc(33).toString('base64') } },
    'is no base64': { data: { key: 'ä' } },
    'is missing': { data: undefined },
    'is in a Secret of another type': { type: 'Opaque' },
  };
  for (const [name, changes] of Object.entries(malformed)) {
    test(`is not taken when it ${name}, and that is told`, async () => {
      const { ids, errors, requests } = await load([stored(changes)], { most: 2 });
      assert.deepEqual([ids, errors], [[], ['OPERATOR_KEY_INVALID', 'OPERATOR_KEY_INVALID']]);
      assert.deepEqual(requests, [get, get]);
    });
  }
});
