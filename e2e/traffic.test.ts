// Requests through the Service while workers die and revisions change. Lost means: no complete answer with a status below
// 500.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { testImageNames } from '../scripts/test-images.ts';
import { eventually, get, merge, types } from './harness/api.ts';
import {
  appServer,
  create,
  namespace,
  podAddress,
  pods,
  restricted,
  serviceUrl,
  untilReady,
} from './harness/appserver.ts';
import { startLoad, type Load, type LoadResult } from './harness/load.ts';
import { installOperator, kubectl } from './harness/operator.ts';
import { killWorker, runtimeStatus } from './harness/runtime.ts';

/** What one rollout to another image does to a load that lasts at least so long, and a second beyond the rollout. */
async function rollUnder(
  load: Omit<Load, 'url'>,
  spec: object,
  lastingMs = 0,
  onRolled?: () => void,
): Promise<LoadResult> {
  await using ns = await namespace(restricted);
  await create(appServer(ns.name, spec));
  await untilReady(ns.name);
  await using running = startLoad({ ...load, url: await serviceUrl(ns.name) });
  const started = performance.now();
  await delay(2_000);
  await merge(types.AppServer, ns.name, 'shop', { spec: { image: testImageNames.second } });
  await untilReady(ns.name);
  // The old pods are still draining when the new ones are ready.
  await eventually('the old pods gone', async () => {
    const all = JSON.parse(await kubectl('get', 'pods', '-n', ns.name, '-o', 'json')) as { items: unknown[] };
    return all.items.length === 2 ? true : undefined;
  });
  onRolled?.();
  await delay(Math.max(1_000, lastingMs - (performance.now() - started)));
  return await running.stop();
}

function assertNothingLost(result: LoadResult, atLeast: number): void {
  assert.deepEqual(result.lost, []);
  assert.equal(result.answered, result.sent);
  assert.ok(result.sent >= atLeast, `only ${result.sent} requests were sent`);
  assert.deepEqual(
    [...result.revisions].toSorted((a, b) => a.localeCompare(b)),
    ['1', '2'],
  );
}

const twoPods = { replicas: 2, workers: { count: 2 } };
const threads = { replicas: 2, workers: { count: 2, class: 'gthread', threads: 4 } };

describe('traffic', { concurrency: true }, () => {
  before(() => installOperator());
  // The minute of the quiet loads passes beside the busy ones, but their pods start before: starting pods is work for the
  // whole machine, and how the busy loads fare is to be theirs alone.
  const quiet = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;

  describe('at 300 requests/s', { concurrency: 1 }, () => {
    before(() => Promise.all(quiet.map(({ promise }) => promise)));

    test('kill -9 of one sync worker of four loses at most the request in its hands', async (t) => {
      await using ns = await namespace(restricted);
      await create(appServer(ns.name, { replicas: 1, workers: { count: 4 } }));
      await untilReady(ns.name);
      const [pod] = await pods(ns.name);
      assert.ok(pod);
      const address = podAddress(pod);
      await using load = startLoad({ url: await serviceUrl(ns.name), rate: 300, connections: 'fresh' });
      await delay(2_000);
      const kills = 3;
      for (let i = 1; i <= kills; i++) {
        const victim = (await runtimeStatus(address)).workers.list.find(({ state }) => state === 'ready');
        assert.ok(victim);
        await killWorker(ns.name, pod.metadata.name, victim.pid);
        await eventually('four workers again', async () => {
          const status = await runtimeStatus(address);
          const replaced = status.workers.list.every(({ pid }) => pid !== victim.pid);
          return status.workers.ready === 4 && replaced && status.restarts['WORKER_KILLED'] === i ? true : undefined;
        });
      }
      await delay(1_000);
      const result = await load.stop();
      t.diagnostic(
        `${result.sent} sent, ${result.lost.length} lost in ${kills} kills, slowest ${result.slowestMs.toFixed(0)} ms`,
      );
      assert.ok(result.lost.length <= kills, result.lost.join('\n'));
      assert.equal(result.answered + result.lost.length, result.sent);
      assert.ok(result.sent > 900);
    });

    test('a rolling update over fresh connections loses none', async (t) => {
      const result = await rollUnder({ rate: 300, connections: 'fresh' }, twoPods);
      t.diagnostic(`${result.sent} sent, ${result.lost.length} lost, slowest ${result.slowestMs.toFixed(0)} ms`);
      assertNothingLost(result, 2_000);
    });

    test('a rolling update over keep-alive connections loses none', async (t) => {
      const result = await rollUnder({ rate: 300, connections: 16 }, threads);
      t.diagnostic(`${result.sent} sent, ${result.lost.length} lost, slowest ${result.slowestMs.toFixed(0)} ms`);
      assertNothingLost(result, 2_000);
    });
  });

  describe('at 2 requests/s over a minute, a rolling update loses none', { concurrency: true }, () => {
    const aMinute = 60_000;
    test('over fresh connections', async () => {
      assertNothingLost(
        await rollUnder({ rate: 2, connections: 'fresh' }, twoPods, aMinute, quiet[0].resolve).finally(
          quiet[0].resolve,
        ),
        100,
      );
    });
    test('over keep-alive connections', async () => {
      assertNothingLost(
        await rollUnder({ rate: 2, connections: 2 }, threads, aMinute, quiet[1].resolve).finally(quiet[1].resolve),
        100,
      );
    });
  });

  test('an autoscaler reads the CPU use of the pods', async () => {
    await using ns = await namespace(restricted);
    await create(appServer(ns.name, { resources: { requests: { cpu: '10m' } }, autoscaling: { maxReplicas: 3 } }));
    await untilReady(ns.name);
    await eventually(
      'a measured use',
      async () => {
        const hpa = await get(types.HorizontalPodAutoscaler, ns.name, 'shop');
        return JSON.stringify(hpa?.['status'] ?? {}).includes('"averageUtilization"') ? true : undefined;
      },
      90_000,
    );
  });
});
