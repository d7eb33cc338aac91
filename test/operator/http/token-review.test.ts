import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, test } from 'node:test';
import { Lru } from '../../../src/operator/model/lru.ts';
import { Registry } from 'prom-client';
import { secureMetricsHandler } from '../../../src/operator/http/secure-metrics.ts';
import { TokenBucket } from '../../../src/operator/http/token-bucket.ts';
import { Reviewer } from '../../../src/operator/http/token-review.ts';
import { ApiError, type KubeClient } from '../../../src/kube/index.ts';

type Call = Parameters<KubeClient['json']>[0];

/** An API server that knows tokens which begin with `good`, and lets all but `good-but-forbidden` get everything. */
class Judge {
  now = 0;
  readonly asked: string[] = [];
  fails = false;
  readonly reviewer = new Reviewer({ json: (call) => this.#answer(call) }, () => this.now);

  async #answer({ body }: Call): Promise<unknown> {
    await Promise.resolve();
    const { kind, spec } = body as { kind: string; spec: { token: string; user: string } };
    if (this.fails) throw new ApiError(500, 'InternalError', 'etcd is unwell');
    if (kind === 'SubjectAccessReview') return { status: { allowed: spec.user !== 'good-but-forbidden' } };
    this.asked.push(spec.token);
    return { status: spec.token.startsWith('good') ? { authenticated: true, user: { username: spec.token } } : {} };
  }

  async verdict(token: string, path = '/metrics', from = '10.0.0.1'): Promise<string> {
    return (await this.reviewer.mayGet(`Bearer ${token}`, { path, from })).kind;
  }

  /** Verdicts on so many tokens that nobody has seen before, from as many addresses. */
  async flood(count: number, from?: string): Promise<string[]> {
    const verdicts: string[] = [];
    for (let i = 0; i < count; i++) {
      verdicts.push(await this.verdict(`bad-${this.now}-${i}`, '/metrics', from ?? `10.1.${i >> 8}.${i & 255}`));
    }
    return verdicts;
  }
}

describe('a review', () => {
  const verdicts: Record<string, [authorization: string | undefined, want: string, asked: number]> = {
    'of a token that is known and may': ['Bearer good', 'allowed', 1],
    'with another case in front of it': ['bearer good', 'allowed', 1],
    'of a token that may not': ['Bearer good-but-forbidden', 'forbidden', 1],
    'of a token that nobody knows': ['Bearer bad', 'unknown', 1],
    'of none asks nobody': [undefined, 'unknown', 0],
    'of another scheme asks nobody': ['Basic Z29vZDpnb29k', 'unknown', 0],
    'of an empty token asks nobody': ['Bearer ', 'unknown', 0],
    'of two words asks nobody': ['Bearer good good', 'unknown', 0],
    'of a token of bytes that are no ASCII asks nobody': ['Bearer good\u00e9', 'unknown', 0],
    'of the longest token': [`Bearer good${'x'.repeat(8_188)}`, 'allowed', 1],
    'of a longer one asks nobody': [`Bearer good${'x'.repeat(8_189)}`, 'unknown', 0],
  };
  for (const [name, [authorization, want, asked]] of Object.entries(verdicts)) {
    test(name, async () => {
      const judge = new Judge();
      assert.equal((await judge.reviewer.mayGet(authorization, { path: '/metrics', from: '10.0.0.1' })).kind, want);
      assert.equal(judge.asked.length, asked);
    });
  }

  const remembered: Record<string, [token: string, afterMs: number, asked: number]> = {
    'of a good token holds for a minute': ['good', 59_999, 1],
    'of a good token is done again then': ['good', 60_000, 2],
    'of an unknown token holds for ten seconds': ['bad', 9_999, 1],
    'of an unknown token is done again then, as it may have been made since': ['bad', 10_000, 2],
    'of a forbidden token is done again as soon': ['good-but-forbidden', 10_000, 2],
  };
  for (const [name, [token, afterMs, asked]] of Object.entries(remembered)) {
    test(name, async () => {
      const judge = new Judge();
      await judge.verdict(token);
      judge.now = afterMs;
      await judge.verdict(token);
      assert.equal(judge.asked.length, asked);
    });
  }

  test('is of one path', async () => {
    const judge = new Judge();
    await judge.verdict('good');
    await judge.verdict('good', '/debug/profile');
    assert.equal(judge.asked.length, 2);
  });

  test('is one for all who ask the same at the same time', async () => {
    const judge = new Judge();
    const all = await Promise.all(Array.from({ length: 50 }, () => judge.verdict('good')));
    assert.deepEqual([new Set(all), judge.asked], [new Set(['allowed']), ['good']]);
  });

  test('that fails is thrown to all who wait for it, and not remembered', async () => {
    const judge = new Judge();
    judge.fails = true;
    const all = await Promise.allSettled([judge.verdict('good'), judge.verdict('good')]);
    assert.ok(all.every((one) => one.status === 'rejected' && one.reason instanceof ApiError));
    judge.fails = false;
    assert.equal(await judge.verdict('good'), 'allowed');
  });
});

describe('a flood of tokens', () => {
  const steps: Record<string, { passes: { afterMs: number; tokens: number; asked: number }[] }> = {
    'asks the API server twenty times at once': { passes: [{ afterMs: 0, tokens: 300, asked: 20 }] },
    'asks it five times a second from then on': {
      passes: [
        { afterMs: 0, tokens: 300, asked: 20 },
        { afterMs: 1_000, tokens: 300, asked: 25 },
        { afterMs: 1_199, tokens: 300, asked: 25 },
        { afterMs: 1_200, tokens: 300, asked: 26 },
        { afterMs: 3_000, tokens: 300, asked: 35 },
      ],
    },
    'saves up no more than it takes at once': {
      passes: [
        { afterMs: 0, tokens: 20, asked: 20 },
        { afterMs: 3_600_000, tokens: 300, asked: 40 },
      ],
    },
  };
  for (const [name, { passes }] of Object.entries(steps)) {
    test(name, async () => {
      const judge = new Judge();
      for (const { afterMs, tokens, asked } of passes) {
        judge.now = afterMs;
        await judge.flood(tokens);
        assert.equal(judge.asked.length, asked, `after ${afterMs} ms`);
      }
    });
  }

  test('of one address leaves reviews for a scraper whose token is new', async () => {
    const judge = new Judge();
    for (let second = 0; second < 60; second++) {
      judge.now = second * 1_000;
      await judge.flood(50, '10.9.9.9');
      assert.equal(await judge.verdict(`good-${second}`, '/metrics', '10.0.0.1'), 'allowed', `second ${second}`);
    }
  });

  test('does not keep a scraper out that was let in before', async () => {
    const judge = new Judge();
    await judge.verdict('good');
    for (let second = 1; second <= 300; second += 15) {
      judge.now = second * 1_000;
      await judge.flood(2_000);
      assert.equal(await judge.verdict('good'), 'allowed');
    }
  });

  test('is answered with 429 and the time after which one more is asked about', async () => {
    const judge = new Judge();
    const handler = secureMetricsHandler({
      registry: new Registry(),
      reviewer: judge.reviewer,
      onError: () => undefined,
    });
    await judge.flood(300);
    const request = {
      method: 'GET',
      path: '/metrics',
      query: new URLSearchParams(),
      from: '10.0.0.1',
      headers: { authorization: 'Bearer new' },
    } as const;
    const { status, headers } = await handler(request);
    assert.deepEqual([status, headers], [429, { 'retry-after': '1' }]);
    judge.now = 1_000;
    assert.equal((await handler(request)).status, 401);
  });
});

test('what is remembered is what was used last, as long as it holds', () => {
  const command = fc.record({
    action: fc.constantFrom('get', 'set', 'delete', 'wait'),
    key: fc.integer({ min: 0, max: 6 }).map(String),
    ms: fc.integer({ min: 1, max: 10 }),
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.array(command, { maxLength: 60 }), (most, commands) => {
      let now = 0;
      const lru = new Lru<number>(most, () => now);
      // The same, by hand: the last used is the last.
      let model: { key: string; value: number; until: number }[] = [];
      for (const [value, { action, key, ms }] of commands.entries()) {
        const found = model.find((one) => one.key === key);
        if (action === 'wait') now += ms;
        if (action === 'delete') lru.delete(key);
        if (action === 'set') lru.set(key, value, ms);
        if (action === 'get') {
          const holds = found !== undefined && found.until > now;
          assert.equal(lru.get(key), holds ? found.value : undefined);
          model = model.filter((one) => one.key !== key);
          if (holds) model.push(found);
        }
        if (action === 'delete' || action === 'set') model = model.filter((one) => one.key !== key);
        if (action === 'set') model = [...model, { key, value, until: now + ms }].slice(-most);
        assert.equal(lru.size, model.length);
      }
    }),
  );
});

test('a bucket never gives more than its rate, whatever the times at which it is asked', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 2_000 }), { maxLength: 100 }), (pauses) => {
      let now = 0;
      const bucket = new TokenBucket({ capacity: 5, perSecond: 2 }, () => now);
      let taken = 0;
      for (const pause of pauses) {
        now += pause;
        const wait = bucket.take();
        if (wait === 0) taken++;
        else assert.ok(wait <= 500);
        assert.ok(taken <= 5 + (now * 2) / 1_000);
      }
    }),
  );
});
