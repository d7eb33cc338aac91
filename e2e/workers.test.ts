// What pods say of their workers, in the AppServer's status and events.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { testImageNames } from '../scripts/test-images.ts';
import type { AppServerStatus } from '../src/api/index.ts';
import { eventually, get, types } from './harness/api.ts';
import {
  appServer,
  condition,
  create,
  namespace,
  podAddress,
  pods,
  restricted,
  untilNotes,
  untilReady,
} from './harness/appserver.ts';
import { installOperator } from './harness/operator.ts';
import { killWorker, runtimeStatus } from './harness/runtime.ts';

type Workers = AppServerStatus['workers'];

async function workersOf(inNamespace: string): Promise<Workers> {
  const found = await get(types.AppServer, inNamespace, 'shop');
  return (found?.['status'] as AppServerStatus | undefined)?.workers;
}

/** Waits until the status has these numbers. */
async function untilWorkers(inNamespace: string, expected: Workers): Promise<void> {
  await eventually(`workers ${JSON.stringify(expected)}`, async () => {
    const found = await workersOf(inNamespace);
    if (isDeepStrictEqual(found, expected)) return true;
    throw new Error(JSON.stringify(found));
  });
}

describe('workers', { concurrency: 1 }, () => {
  before(() => installOperator('--set', 'podStatusSeconds=2'));

  test('are counted, also those that `auto` comes to, and one that ends unasked is told', async () => {
    await using ns = await namespace(restricted);
    await create(appServer(ns.name, { workers: { count: 'auto' }, resources: { limits: { memory: '256Mi' } } }));
    await untilReady(ns.name);
    const [pod] = await pods(ns.name);
    assert.ok(pod);
    const { list } = (await runtimeStatus(podAddress(pod))).workers;
    const both = 2 * list.length;
    await untilWorkers(ns.name, { desired: both, ready: both, restarts: 0 });
    assert.ok(list[0]);
    await killWorker(ns.name, pod.metadata.name, list[0].pid);
    await untilWorkers(ns.name, { desired: both, ready: both, restarts: 1 });
    const notes = await untilNotes(ns.name, 'WorkersFailing');
    assert.deepEqual(notes, [
      `Workers of pod ${pod.metadata.name} exit unexpectedly: WORKER_KILLED; its log shows why`,
    ]);
  });

  test('that fail again and again degrade pods that serve', async () => {
    await using ns = await namespace(restricted);
    await create(appServer(ns.name, { image: testImageNames.second, app: { wsgi: 'lonely:app' }, replicas: 1 }));
    await untilReady(ns.name);
    const degraded = await eventually('degraded', async () => {
      const found = condition(await get(types.AppServer, ns.name, 'shop'), 'Degraded');
      return found?.status === 'True' ? found : undefined;
    });
    assert.match(
      degraded.message,
      /^1 of 1 pod: 1 of 2 workers ready in shop-\S+, the last failure is APP_IMPORT_FAILED; its log shows why\.$/,
    );
    assert.equal(degraded.reason, 'WorkersFailing');
    assert.equal(condition(await get(types.AppServer, ns.name, 'shop'), 'Ready')?.status, 'True');
  });
});
