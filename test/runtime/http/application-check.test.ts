import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { nodeHost } from '../../../src/runtime/host/node/host.ts';
import { ApplicationCheck, askOverHttp } from '../../../src/runtime/http/application-check.ts';

const { http } = nodeHost();
const settings = { path: '/healthz', host: 'localhost', intervalMs: 10_000, failureThreshold: 3 };

/** The check after these answers; undefined for one that did not come in time. */
async function after(
  ...answers: readonly (number | undefined)[]
): Promise<{ ok: boolean; why: string; waits: number[] }> {
  const left = answers.values();
  const check = new ApplicationCheck(
    settings,
    () => Promise.resolve(left.next().value),
    () => true,
  );
  const waits: number[] = [];
  for (let i = 0; i < answers.length; i++) waits.push(await check.askOnce());
  const { ok, why } = check.check;
  return { ok, why, waits };
}

const late = undefined;
const cases: Record<string, [answers: (number | undefined)[], ok: boolean]> = {
  'is not ready before it has answered': [[late, late], false],
  'is ready with its first yes': [[200], true],
  'is ready with a redirect': [[302], true],
  'is not ready when it begins with a no': [[503], false],
  'stays ready with fewer times no in a row than are needed': [[200, 503, 503, 200, 503, 503], true],
  'is not ready after as many as that': [[200, 500, 404, 503], false],
  'is ready again with one yes': [[200, 503, 503, 503, 200], true],
  'stays ready when no answer comes': [[200, late, late, late, late], true],
  'stays not ready when no answer comes': [[503, late, late], false],
};

describe('an application that is asked', () => {
  for (const [name, [answers, ok]] of Object.entries(cases)) {
    test(name, async () => assert.equal((await after(...answers)).ok, ok));
  }

  test('is asked once a second until it says yes, and again after it has said no', async () => {
    const { waits, why } = await after(late, 503, 200, 503, 503, 503);
    assert.deepEqual(waits, [1_000, 1_000, 10_000, 10_000, 10_000, 1_000]);
    assert.equal(why, 'GET /healthz was answered with 503');
  });

  test('is not asked where there is nobody to answer', async () => {
    const check = new ApplicationCheck(
      settings,
      () => Promise.reject(new Error('asked')),
      () => false,
    );
    await check.askOnce();
    assert.equal(check.check.why, 'no answer to GET /healthz yet');
  });

  for (const [path, sent] of Object.entries({
    '/\u4e2d\u6587': '/%E4%B8%AD%E6%96%87',
    '/caf\u00e9?q=a b': '/caf%C3%A9?q=a%20b',
  })) {
    test(`is asked at ${path} as a browser would ask`, async () => {
      const targets: (string | undefined)[] = [];
      const server = createServer((request, response) => {
        targets.push(request.url);
        response.end();
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      assert.equal(await askOverHttp(http, `127.0.0.1:${port}`, { ...settings, path })(), 200);
      assert.deepEqual(targets, [sent]);
      server.close();
    });
  }

  test('is one that gives no answer when the request cannot even be made', async () => {
    const ask = askOverHttp(http, '127.0.0.1:1', { ...settings, host: 'a\r\nb' });
    const check = new ApplicationCheck(settings, ask, () => true);
    assert.equal(await check.askOnce(), 1_000);
    assert.equal(check.check.ok, false);
  });
});
