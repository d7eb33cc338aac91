// A node that reboots is an everyday event: Available stays True, there is no warning, and everything is Ready again at the end.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { z } from 'zod';
import { layout } from './cluster/layout.ts';
import { reboot } from './cluster/reboot.ts';
import { eventually, get, types } from './harness/api.ts';
import { appServer, create, namespace, pods, untilReady } from './harness/appserver.ts';
import { isCalm, watch } from './harness/calm.ts';
import { installOperator } from './harness/operator.ts';

const cluster = layout(z.string().parse(process.env['CLUSTER_PREFIX']));

const podSchema = z.looseObject({
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
    await untilReady(ns.name);
    const [first] = await pods(ns.name);
    assert.ok(first);
    const { nodeName } = podSchema.parse(first).spec;
    const node = cluster.nodes.find(({ name }) => name === nodeName);
    assert.ok(node);

    await reboot(cluster, node);
    await eventually(
      `pod ${first.metadata.name} is ready after a restart`,
      async () => {
        const { status } = podSchema.parse(await get(types.Pod, ns.name, first.metadata.name));
        const isReady = status.conditions.some((one) => one.type === 'Ready' && one.status === 'True');
        return isReady && status.containerStatuses.every(({ restartCount }) => restartCount === 1) ? true : undefined;
      },
      120_000,
    );
    await untilReady(ns.name);
    await isCalm(ns.name, watched);
  });
});
