// What servers, and what stands between, do to a watch. Time passes when told to.
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, test } from 'node:test';
import { Cache, ListWatch, NoAnswer, resourceType, type KubeObject } from '../../src/kube/index.ts';
import { json, scriptedServer, type Answer } from './api-server.ts';
import { VirtualTimers } from './virtual-timers.ts';

const silent: Answer = () => undefined;
const headersOnly: Answer = (response) => response.writeHead(200).flushHeaders();
const list: Answer = json(200, { items: [], metadata: { resourceVersion: '5' } });
const watchOf =
  (...lines: string[]): Answer =>
  (response) =>
    response.writeHead(200).end(lines.map((line) => `${line}\n`).join(''));
const cutAtOnce: Answer = (response) => {
  response.writeHead(200).flushHeaders();
  setImmediate(() => response.destroy());
};
const added = (name: string, resourceVersion: string): string => {
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'web', resourceVersion } };
  return JSON.stringify({ type: 'ADDED', object });
};
const bookmark = (resourceVersion: string): string =>
  JSON.stringify({ type: 'BOOKMARK', object: { metadata: { resourceVersion } } });

async function until(met: () => boolean): Promise<void> {
  while (!met()) await new Promise((resolve) => setImmediate(resolve));
}

interface Running extends AsyncDisposable {
  readonly timers: VirtualTimers;
  readonly errors: unknown[];
  readonly names: string[];
  /** What was asked for, each as `list` or `watch VERSION`. */
  asked(): string[];
  readonly queries: () => URLSearchParams[];
  /** Lets pauses pass until so many requests were made. Returns the virtual milliseconds that it took. */
  untilAsked(times: number): Promise<number>;
}

async function run(script: readonly Answer[], onChange: () => void = () => undefined): Promise<Running> {
  const timers = new VirtualTimers();
  const server = await scriptedServer(script, { timers });
  const stop = new AbortController();
  const errors: unknown[] = [];
  const names: string[] = [];
  const watch = new ListWatch({
    client: server.client,
    type: resourceType('v1', 'ConfigMap'),
    cache: new Cache<KubeObject>(() => undefined),
    keep: (object) => object,
    onChange: (_, after) => {
      names.push(after?.metadata.name ?? '');
      onChange();
    },
    onError: (error) => errors.push(error),
    signal: stop.signal,
    timers,
  });
  const running = watch.run();
  const queries = (): URLSearchParams[] => server.seen.map(({ url }) => url.searchParams);
  return {
    timers,
    errors,
    names,
    queries,
    asked: () => queries().map((query) => (query.has('watch') ? `watch ${query.get('resourceVersion')}` : 'list')),
    untilAsked: async (times) => {
      const from = timers.now();
      for (let turns = 1; server.seen.length < times; turns++) {
        // Answers need real turns; pauses between requests pass in small steps.
        await new Promise((resolve) => setImmediate(resolve));
        if (turns % 20 === 0) timers.advance(10);
      }
      return timers.now() - from;
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
      await server[Symbol.asyncDispose]();
    },
  };
}

describe('a watch notices', () => {
  const cases: Record<string, { script: Answer[]; requests: number; afterMs: number; says: RegExp; next: string }> = {
    'a list that is accepted and never answered': {
      script: [silent, list, headersOnly],
      requests: 1,
      afterMs: 30_000,
      says: /no answer to GET \/api\/v1\/configmaps within 30000 ms/,
      next: 'list',
    },
    'a watch that is accepted and never answered': {
      script: [list, silent, headersOnly],
      requests: 2,
      afterMs: 30_000,
      says: /no answer to GET \/api\/v1\/configmaps within 30000 ms/,
      next: 'watch 5',
    },
    'one that falls silent after its headers': {
      script: [list, headersOnly, headersOnly],
      requests: 2,
      afterMs: 90_000,
      says: /the watch of configmaps was silent for 90 s/,
      next: 'watch 5',
    },
    'one that falls silent after an event': {
      script: [list, (response) => response.writeHead(200).write(`${added('a', '6')}\n`), headersOnly],
      requests: 2,
      afterMs: 90_000,
      says: /silent for 90 s/,
      next: 'watch 6',
    },
    'one that says something and never ends a line': {
      script: [list, (response) => response.writeHead(200).write('{"type":'), headersOnly],
      requests: 2,
      afterMs: 90_000,
      says: /silent for 90 s/,
      next: 'watch 5',
    },
  };
  for (const [name, { script, requests, afterMs, says, next }] of Object.entries(cases)) {
    test(name, async () => {
      await using watch = await run(script);
      await watch.untilAsked(requests);
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      watch.timers.advance(afterMs);
      await watch.untilAsked(requests + 1);
      assert.ok(watch.errors[0] instanceof NoAnswer);
      assert.match(watch.errors[0].message, says);
      assert.equal(watch.asked().at(-1), next);
    });
  }
});

describe('the pause before a watch is asked for again', () => {
  test('stays short when each one worked until something cut it, after minutes, again and again', async () => {
    const open: ServerResponse[] = [];
    await using watch = await run([list, (response) => open.push(response.writeHead(200)) && response.flushHeaders()]);
    const pauses: number[] = [];
    for (let cut = 1; cut <= 12; cut++) {
      pauses.push(await watch.untilAsked(cut + 1));
      await until(() => open.length === cut);
      for (let minute = 1; minute <= 4; minute++) {
        const told = watch.names.length;
        open.at(-1)?.write(`${bookmark(`${cut}${minute}0`)}\n${added(`o${cut}-${minute}`, `${cut}${minute}1`)}\n`);
        await until(() => watch.names.length > told);
        watch.timers.advance(60_000);
      }
      open.at(-1)?.destroy();
      await until(() => watch.errors.length === cut);
    }
    assert.ok(Math.max(...pauses.slice(1)) <= 250, `paused for up to ${Math.max(...pauses)} ms`);
  });

  for (const [how, answer] of Object.entries({
    'cut at once': cutAtOnce,
    'ended at once, without an error': watchOf(),
  })) {
    test(`grows when each one is ${how}`, async () => {
      await using watch = await run([list, answer]);
      assert.ok((await watch.untilAsked(14)) > 10_000);
    });
  }

  test('is a minute at most, however long the server asks for', async () => {
    const day: Answer = (response) => response.writeHead(503, { 'retry-after': '86400' }).end('{}');
    await using watch = await run([list, day, headersOnly]);
    const ms = await watch.untilAsked(3);
    assert.ok(ms >= 59_000 && ms <= 61_000, `${ms} ms`);
  });
});

describe('a watch goes on', () => {
  test('past objects that are none', async () => {
    const strange: unknown[] = [
      null,
      [],
      7,
      {},
      { type: {}, object: {} },
      { type: 'ADDED' },
      { type: 'ADDED', object: null },
      { type: 'ADDED', object: { metadata: null } },
      { type: 'ADDED', object: { metadata: { name: 7 } } },
      { type: 'ADDED', object: { metadata: { name: 'x', resourceVersion: 'abc' } } },
      { type: 'ADDED', object: { metadata: { name: 'x', resourceVersion: {} } } },
      { type: 'DELETED', object: { metadata: { name: 'x', resourceVersion: 'abc' } } },
      { type: 'BOOKMARK', object: { metadata: { resourceVersion: 7 } } },
      { type: 'BOOKMARK', object: 'x' },
      { type: 'CHANGED', object: { metadata: { name: 'x' } } },
    ];
    const lines = strange.map((one) => JSON.stringify(one));
    await using watch = await run([
      list,
      (response) =>
        response.writeHead(200).write([...lines, '', added('good', '6'), ''].join('\n').replace('\n\n', '\n')),
    ]);
    await until(() => watch.names.length === 1);
    assert.deepEqual([watch.names, watch.asked()], [['good'], ['list', 'watch 5']]);
  });

  test('past what its listener throws', async () => {
    let calls = 0;
    const throwing = (): void => {
      if (calls++ === 0) throw new Error('of the listener');
    };
    await using watch = await run(
      [list, (response) => response.writeHead(200).write(`${added('a', '6')}\n${added('b', '7')}\n`)],
      throwing,
    );
    await until(() => watch.names.length === 2);
    assert.match(String(watch.errors[0]), /of the listener/);
  });

  test('past an error event that says nothing', async () => {
    await using watch = await run([list, watchOf('{"type":"ERROR","object":{"code":{},"message":{}}}'), headersOnly]);
    await watch.untilAsked(3);
    assert.match(String(watch.errors[0]), /the watch failed/);
  });

  test('with a list when a line is no event, and is none when it is asked for again', async () => {
    await using watch = await run([list, watchOf('{"type":"ADD'), watchOf('{"type":"ADD'), list, headersOnly]);
    await watch.untilAsked(5);
    assert.deepEqual(watch.asked(), ['list', 'watch 5', 'watch 5', 'list', 'watch 5']);
  });

  test('with a list when a line never ends', async () => {
    const endless: Answer = (response) => {
      response.writeHead(200).on('error', () => undefined);
      const chunk = Buffer.alloc(1024 * 1024, 'x');
      const more = (): void => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on('drain', more);
      more();
    };
    await using watch = await run([list, endless, endless, list, headersOnly]);
    await watch.untilAsked(5);
    assert.match(String(watch.errors[0]), /a line has more than 16777216 bytes/);
    assert.deepEqual(watch.asked(), ['list', 'watch 5', 'watch 5', 'list', 'watch 5']);
  });

  const impossible: Record<string, Answer> = {
    'is not understood': json(400, { kind: 'Status', code: 400, message: 'invalid resource version' }),
    'is of a time that etcd was set back from': json(504, {
      kind: 'Status',
      code: 504,
      reason: 'Timeout',
      message: 'Too large resource version: 9000, current: 12',
    }),
  };
  for (const [what, answer] of Object.entries(impossible)) {
    test(`with a list when the place ${what}`, async () => {
      await using watch = await run([list, answer, list, headersOnly]);
      await watch.untilAsked(4);
      assert.deepEqual(watch.asked(), ['list', 'watch 5', 'list', 'watch 5']);
    });
  }

  test('with smaller pages when one is larger than is read', async () => {
    const large: Answer = (response) => {
      response.on('error', () => undefined);
      response.writeHead(200).end(Buffer.alloc(65 * 1024 * 1024, ' '));
    };
    await using watch = await run([large, list, headersOnly]);
    await watch.untilAsked(3);
    assert.deepEqual(
      watch.queries().map((query) => query.get('limit')),
      ['500', '125', null],
    );
  });

  test('with a list again when one is none', async () => {
    const none = [json(200, { items: 7, metadata: {} }), json(200, { items: [], metadata: null }), json(200, [])];
    await using watch = await run([...none, list, headersOnly]);
    await watch.untilAsked(5);
    assert.equal(watch.errors.length, 3);
  });
});
