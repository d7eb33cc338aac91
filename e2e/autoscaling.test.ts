// Whose the number of pods is: the user's, then the autoscaler's, then the user's again, under load.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually, get, merge, types } from './harness/api.ts';
import {
  appServer,
  condition,
  create,
  namespace,
  podUids,
  restricted,
  serviceUrl,
  untilReady,
} from './harness/appserver.ts';
import { startLoad } from './harness/load.ts';
import { installOperator, kubectl } from './harness/operator.ts';

const resources = { requests: { cpu: '10m' } };
/** A target that no load of these tests reaches: the number changes by minReplicas alone. */
const cpuUtilization = 1_000;

async function replicas(inNamespace: string): Promise<number> {
  const found = await get(types.Deployment, inNamespace, 'shop');
  assert.ok(found);
  return (found['spec'] as { replicas: number }).replicas;
}

async function untilReplicas(inNamespace: string, wanted: number): Promise<void> {
  await eventually(`${wanted} replicas`, async () => {
    const found = await replicas(inNamespace);
    if (found === wanted) return true;
    throw new Error(`${found} replicas`);
  });
}

/** Fails as soon as the Deployment wants another number. */
async function stays(inNamespace: string, wanted: number, forMs: number): Promise<void> {
  const until = performance.now() + forMs;
  while (performance.now() < until) {
    assert.equal(await replicas(inNamespace), wanted);
    await delay(50);
  }
}

describe('the number of pods', { concurrency: 1 }, () => {
  before(() => installOperator());

  test('is handed to the autoscaler and taken back under load, without a pod or a request lost', async (t) => {
    await using ns = await namespace(restricted);
    await create(appServer(ns.name, { replicas: 3, resources }));
    await untilReady(ns.name);
    await using load = startLoad({ url: await serviceUrl(ns.name), rate: 60, connections: 'fresh' });
    const three = await podUids(ns.name);

    await merge(types.AppServer, ns.name, 'shop', {
      spec: { autoscaling: { minReplicas: 3, maxReplicas: 6, cpuUtilization } },
    });
    await eventually('the autoscaler acts', async () => {
      const found = await get(types.HorizontalPodAutoscaler, ns.name, 'shop');
      return JSON.stringify(found?.['status'] ?? {}).includes('"currentReplicas":3') ? true : undefined;
    });
    assert.deepEqual(await podUids(ns.name), three);

    // Now its own number, which nobody undoes.
    await merge(types.AppServer, ns.name, 'shop', { spec: { autoscaling: { minReplicas: 5 } } });
    await untilReplicas(ns.name, 5);
    await eventually('five pods ready', async () => {
      const found = condition(await get(types.AppServer, ns.name, 'shop'), 'Ready')?.message ?? 'no message';
      if (/^5 of 5 pods ready.*The autoscaler sets their number/.test(found)) return true;
      throw new Error(found);
    });
    const five = await podUids(ns.name);
    assert.equal(five.length, 5);
    // An edit of something else is no reason to touch it.
    await merge(types.AppServer, ns.name, 'shop', { spec: { rollout: { revisionHistoryLimit: 3 } } });
    await stays(ns.name, 5, 3_000);

    await merge(types.AppServer, ns.name, 'shop', { spec: { autoscaling: null, replicas: 5 } });
    await eventually('the autoscaler gone', async () =>
      (await get(types.HorizontalPodAutoscaler, ns.name, 'shop')) === undefined ? true : undefined,
    );
    await stays(ns.name, 5, 3_000);
    assert.deepEqual(await podUids(ns.name), five);

    await kubectl('scale', 'appserver', 'shop', '-n', ns.name, '--replicas=2');
    await untilReplicas(ns.name, 2);
    await untilReady(ns.name);
    const { sent, lost } = await load.stop();
    t.diagnostic(`${sent} sent, ${lost.length} lost`);
    assert.deepEqual(lost, []);
  });

  test('is the one to start with under autoscaling, and scaling by hand is explained', async () => {
    await using ns = await namespace(restricted);
    await create(
      appServer(ns.name, { replicas: 4, resources, autoscaling: { minReplicas: 2, maxReplicas: 6, cpuUtilization } }),
    );
    await untilReplicas(ns.name, 4);
    await untilReady(ns.name);
    await kubectl('scale', 'appserver', 'shop', '-n', ns.name, '--replicas=1');
    const found = await untilReady(ns.name);
    assert.match(condition(found, 'Ready')?.message ?? '', /spec\.replicas is only the initial one/);
    await stays(ns.name, 4, 2_000);
  });
});
