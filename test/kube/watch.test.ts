import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, test } from 'node:test';
import { ApiError, Cache, ListWatch, resourceType, type KubeObject } from '../../src/kube/index.ts';
import { json, scriptedServer, type Answer } from './api-server.ts';

const type = resourceType('v1', 'ConfigMap');
const object = (name: string, resourceVersion: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'web', resourceVersion },
});
const listOf = (resourceVersion: string, ...items: KubeObject[]): Answer =>
  json(200, { items, metadata: { resourceVersion } });
const event = (kind: string, of: unknown): string => `${JSON.stringify({ type: kind, object: of })}\n`;

/** A watch that says this and then ends. */
function watchOf(...events: string[]): Answer {
  return (response) => {
    response.writeHead(200).write(events.join(''));
    response.end();
  };
}

const silent: Answer = (response) => response.writeHead(200).flushHeaders();

interface Observed {
  readonly changes: string[];
  readonly errors: unknown[];
  readonly urls: string[];
}

/** Runs a watch against the script until `count` changes have been told. */
async function observe(
  script: readonly Answer[],
  count: number,
  keep: (object: KubeObject) => KubeObject = (one) => one,
): Promise<Observed> {
  await using server = await scriptedServer(script);
  const stop = new AbortController();
  const changes: string[] = [];
  const errors: unknown[] = [];
  const enough = Promise.withResolvers<void>();
  const watch = new ListWatch({
    client: server.client,
    type,
    cache: new Cache<KubeObject>(() => undefined),
    keep,
    onChange: (before, after) => {
      const what = before === undefined ? 'added' : after === undefined ? 'deleted' : 'changed';
      changes.push(`${what} ${(after ?? before)?.metadata.name ?? ''}`);
      if (changes.length === count) enough.resolve();
    },
    onError: (error) => errors.push(error),
    signal: stop.signal,
  });
  const running = watch.run();
  await enough.promise;
  stop.abort();
  await running;
  return { changes, errors, urls: server.seen.map(({ url }) => url.search) };
}

describe('list and watch', () => {
  test('takes a list whose items are null for an empty one, as Go writes it', async () => {
    const { changes, errors } = await observe(
      [json(200, { items: null, metadata: { resourceVersion: '5' } }), watchOf(event('ADDED', object('a', '6')))],
      1,
    );
    assert.deepEqual([changes, errors], [['added a'], []]);
  });

  test('tells the list, then what changes', async () => {
    const script = [
      listOf('5', object('a', '3')),
      watchOf(
        event('ADDED', object('b', '6')),
        event('MODIFIED', object('a', '7')),
        event('DELETED', object('b', '8')),
      ),
      silent,
    ];
    const { changes, errors } = await observe(script, 4);
    assert.deepEqual(changes, ['added a', 'added b', 'changed a', 'deleted b']);
    assert.deepEqual(errors, []);
  });

  test('takes what a list has after etcd was restored to an earlier time', async () => {
    const script: Answer[] = [
      listOf('205', object('a', '200'), object('b', '150')),
      json(504, {
        kind: 'Status',
        code: 504,
        reason: 'Timeout',
        message: 'Too large resource version: 205, current: 130',
      }),
      listOf('130', object('a', '120'), object('c', '110')),
      silent,
    ];
    const { changes } = await observe(script, 5);
    assert.deepEqual(changes, ['added a', 'added b', 'changed a', 'added c', 'deleted b']);
  });

  test('keeps the answer to a write that is ahead of a list', async () => {
    await using server = await scriptedServer([listOf('205', object('a', '200')), silent]);
    const stop = new AbortController();
    const cache = new Cache<KubeObject>(() => undefined);
    const watch = new ListWatch({
      client: server.client,
      type,
      cache,
      // The write is answered while the list is read.
      keep: (one) => {
        cache.set('web/a', object('a', '210'), '210');
        return one;
      },
      onChange: () => undefined,
      onError: (error) => assert.fail(String(error)),
      signal: stop.signal,
    });
    const running = watch.run();
    await watch.synced;
    stop.abort();
    await running;
    assert.equal(cache.get('web/a')?.metadata.resourceVersion, '210');
  });

  test('reads a long list page by page', async () => {
    const pages: Answer[] = [
      json(200, { items: [object('a', '1')], metadata: { resourceVersion: '5', continue: 'next' } }),
      listOf('5', object('b', '2')),
      silent,
    ];
    const { changes, urls } = await observe(pages, 2);
    assert.deepEqual(changes, ['added a', 'added b']);
    assert.match(urls[1] ?? '', /continue=next/);
  });

  test('resumes where the last event or bookmark was, not from the list', async () => {
    const script = [
      listOf('5'),
      watchOf(event('ADDED', object('a', '6')), event('BOOKMARK', { metadata: { resourceVersion: '90' } })),
      watchOf(event('ADDED', object('b', '91'))),
      silent,
    ];
    const { urls } = await observe(script, 2);
    assert.match(urls[1] ?? '', /resourceVersion=5&/);
    assert.match(urls[2] ?? '', /resourceVersion=90&/);
    assert.match(urls[2] ?? '', /allowWatchBookmarks=true/);
  });

  const expired: Record<string, Answer> = {
    'as the answer': json(410, { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' }),
    'as an event': watchOf(
      event('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' }),
    ),
  };
  for (const [how, answer] of Object.entries(expired)) {
    test(`lists anew when the place is too old (${how}), and tells what has changed meanwhile`, async () => {
      const script = [
        listOf('5', object('a', '3'), object('b', '4')),
        answer,
        listOf('50', object('b', '4'), object('c', '40')),
        silent,
      ];
      const { changes, errors } = await observe(script, 4);
      assert.deepEqual(changes, ['added a', 'added b', 'added c', 'deleted a']);
      assert.deepEqual(errors, []);
    });
  }

  const failures: Record<string, Answer> = {
    'an error of the API server': json(500, { kind: 'Status', code: 500, message: 'etcd is unwell' }),
    'a connection cut in the middle of an event': (response: ServerResponse) => {
      response.writeHead(200).write('{"type":"ADD');
      setImmediate(() => response.destroy());
    },
    'an event that is no JSON': watchOf('not json\n'),
  };
  for (const [what, answer] of Object.entries(failures)) {
    test(`goes on after ${what}`, async () => {
      const script = [listOf('5'), answer, watchOf(event('ADDED', object('a', '6'))), silent];
      const { changes, errors, urls } = await observe(script, 1);
      assert.deepEqual(changes, ['added a']);
      assert.equal(errors.length, 1);
      assert.match(urls[2] ?? '', /resourceVersion=5&/);
    });
  }

  test('what follows on an event that is not understood is asked for again, and not what came before it', async () => {
    const script = [
      listOf('5'),
      watchOf(event('ADDED', object('a', '6')), 'not json\n'),
      watchOf(event('ADDED', object('b', '7'))),
      silent,
    ];
    const { changes, urls } = await observe(script, 2);
    assert.deepEqual(changes, ['added a', 'added b']);
    assert.match(urls[2] ?? '', /resourceVersion=6&/);
  });

  test('an object that cannot be kept is told, and is not in the way of those after it', async () => {
    const script = [listOf('5'), watchOf(event('ADDED', object('bad', '6')), event('ADDED', object('a', '7'))), silent];
    const { changes, errors } = await observe(script, 1, (one) => {
      if (one.metadata.name === 'bad') throw new Error('not understood');
      return one;
    });
    assert.deepEqual(changes, ['added a']);
    assert.match(String(errors[0]), /not understood/);
  });

  test('a list of one namespace leaves what is cached of another', async () => {
    await using server = await scriptedServer([listOf('5', object('a', '3')), silent]);
    const cache = new Cache<KubeObject>(() => undefined);
    const stop = new AbortController();
    for (const key of ['other/x', 'web/gone']) cache.set(key, object('x', '1'));
    const watch = new ListWatch({
      client: server.client,
      type,
      namespace: 'web',
      cache,
      keep: (one) => one,
      onChange: () => undefined,
      onError: () => undefined,
      signal: stop.signal,
    });
    const running = watch.run();
    await watch.synced;
    stop.abort();
    await running;
    assert.deepEqual(cache.keys(), ['other/x', 'web/a']);
  });

  test('an older event does not undo a newer one', async () => {
    const script = [
      listOf('5', object('a', '9')),
      watchOf(event('MODIFIED', object('a', '7')), event('ADDED', object('b', '10'))),
      silent,
    ];
    const { changes } = await observe(script, 2);
    assert.deepEqual(changes, ['added a', 'added b']);
  });
});

describe('client', () => {
  test('keeps its connection, and sends the token', async () => {
    await using server = await scriptedServer([json(200, {})]);
    for (let i = 0; i < 5; i++) await server.client.json({ method: 'GET', path: '/version' });
    assert.equal(server.connections(), 1);
  });

  test("a refusal carries Kubernetes' reason and words, also when the body is none of its own", async () => {
    await using server = await scriptedServer([
      json(403, { kind: 'Status', code: 403, reason: 'Forbidden', message: 'pods is forbidden' }),
      (response) => response.writeHead(502).end('<html>bad gateway</html>'),
    ]);
    const call = { method: 'GET', path: '/x' } as const;
    await assert.rejects(server.client.json(call), (error: unknown) => {
      return (
        error instanceof ApiError &&
        error.status === 403 &&
        error.reason === 'Forbidden' &&
        error.message === 'pods is forbidden'
      );
    });
    await assert.rejects(
      server.client.json(call),
      (error: unknown) => error instanceof ApiError && /HTTP 502: <html>bad/.test(error.message),
    );
  });
});
