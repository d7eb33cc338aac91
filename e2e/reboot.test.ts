// A node that reboots is an everyday event: Available stays True, there is no warning, and everything is Ready again at the end.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { z } from 'zod';
import { testImageNames } from '../scripts/test-images.ts';
import { layout } from './cluster/layout.ts';
import { reboot } from './cluster/reboot.ts';
import { eventually } from './harness/api.ts';
import { appServer, create, namespace, pods, serviceUrl, untilReady } from './harness/appserver.ts';
import { isCalm, watch } from './harness/calm.ts';
import { installOperator } from './harness/operator.ts';

const cluster = layout(z.string().parse(process.env['CLUSTER_PREFIX']));

const podSchema = z.looseObject({
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({ nodeName: z.string() }),
  status: z.looseObject({
    conditions: z.array(z.looseObject({ type: z.string(), status: z.string() })),
    containerStatuses: z.array(z.looseObject({ restartCount: z.int() })),
  }),
});

describe('a node that reboots', () => {
  before(() => installOperator('--set', 'podStatusSeconds=2'));

  test('raises no alarm, and its pods serve again', async () => {
    await using ns = await namespace();
    await using watched = watch(ns.name);
    await create(appServer(ns.name));
    const proxy = { image: testImageNames.nginx, static: [{ path: '/static/', from: '/app' }] };
    await create(appServer(ns.name, { proxy }, 'proxied'));
    for (const name of ['shop', 'proxied']) await untilReady(ns.name, name);
    const [node] = cluster.nodes;
    assert.ok(node);
    const there = async (): Promise<z.output<typeof podSchema>[]> =>
      (await pods(ns.name)).map((pod) => podSchema.parse(pod)).filter(({ spec }) => spec.nodeName === node.name);
    const earlier = await there();
    assert.ok(earlier.length > 0);

    await reboot(cluster, node);
    await eventually(
      'the pods of the node are ready after a restart',
      async () => {
        const now = await there();
        assert.equal(now.length, earlier.length);
        for (const { metadata, status } of now) {
          const ready = status.conditions.find(({ type }) => type === 'Ready');
          assert.equal(ready?.status, 'True', `${metadata.name} is ready`);
          const [container] = status.containerStatuses;
          assert.equal(container?.restartCount, 1, `${metadata.name} has restarted`);
        }
        return true;
      },
      120_000,
    );
    for (const name of ['shop', 'proxied']) {
      await untilReady(ns.name, name);
      assert.equal((await fetch(await serviceUrl(ns.name, name))).status, 200);
    }
    assert.equal((await fetch(`${await serviceUrl(ns.name, 'proxied')}/static/shop.py`)).status, 200);
    await isCalm(ns.name, watched);
  });
});
