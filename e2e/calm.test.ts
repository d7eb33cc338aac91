// Everyday events raise no alarm: while applications boot slowly, are scaled, rolled out or lose a pod, Available stays True and
// there is no event of type Warning.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { applyAs, get, merge, types } from './harness/api.ts';
import { appServer, create, namespace, pods, untilReady } from './harness/appserver.ts';
import { isCalm, untilNotReady, watch } from './harness/calm.ts';
import { installOperator, kubectl } from './harness/operator.ts';
import type { KubeObject } from '../src/kube/index.ts';

/** The application, whose import takes a while, and twice as long in the second worker of a pod. */
const slowModule = `
import os, time
seconds = float(os.environ["BOOT_SECONDS"])
try:
    os.mkdir("/tmp/first")
except FileExistsError:
    seconds *= 2
time.sleep(seconds)
from shop import app
`;

async function putModule(inNamespace: string): Promise<void> {
  const metadata = { name: 'slow', namespace: inNamespace };
  await applyAs(types.ConfigMap, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'slow.py': slowModule } });
}

const slowly = (inNamespace: string, seconds: number, spec: object = {}): KubeObject =>
  appServer(inNamespace, {
    app: { wsgi: 'slow:app', pythonPath: ['/slow', '/app'] },
    volumes: [{ name: 'slow', configMap: { name: 'slow' } }],
    volumeMounts: [{ name: 'slow', mountPath: '/slow' }],
    env: [{ name: 'BOOT_SECONDS', value: String(seconds) }],
    workers: { bootTimeout: '120s' },
    ...spec,
  });

describe('no alarm is raised', { concurrency: 3 }, () => {
  before(() => installOperator('--set', 'podStatusSeconds=2'));

  for (const seconds of [8, 15, 40]) {
    test(`by an application that takes ${seconds} s to boot, nor by its rollout`, async () => {
      await using ns = await namespace();
      await putModule(ns.name);
      await using watched = watch(ns.name);
      await create(slowly(ns.name, seconds));
      await untilReady(ns.name, 'shop', 120_000);
      await merge(types.AppServer, ns.name, 'shop', {
        spec: { podTemplate: { metadata: { labels: { again: 'x' } } } },
      });
      await untilNotReady(ns.name);
      await untilReady(ns.name, 'shop', 240_000);
      // The second workers boot on.
      await delay(1_000 * seconds);
      await isCalm(ns.name, watched);
    });
  }

  test('by two replicas that become ten', async () => {
    await using ns = await namespace();
    await putModule(ns.name);
    await using watched = watch(ns.name);
    const small = { resources: { requests: { cpu: '10m', memory: '32Mi' } }, workers: { count: 1 } };
    await create(slowly(ns.name, 8, small));
    await untilReady(ns.name, 'shop', 120_000);
    await merge(types.AppServer, ns.name, 'shop', { spec: { replicas: 10 } });
    await untilNotReady(ns.name);
    await untilReady(ns.name, 'shop', 240_000);
    await isCalm(ns.name, watched);
  });

  test('by a pod that is evicted, and not by what is left of it', async () => {
    await using ns = await namespace();
    await using watched = watch(ns.name);
    const volumes = [{ name: 'cache', emptyDir: { sizeLimit: '1Mi' } }];
    await create(appServer(ns.name, { volumes, volumeMounts: [{ name: 'cache', mountPath: '/cache' }] }));
    await untilReady(ns.name);
    const [evicted] = await pods(ns.name);
    assert.ok(evicted);
    const { name } = evicted.metadata;
    // More than the volume may have, which kubelet notices in a while.
    const fill = 'open("/cache/x", "wb").write(b"x" * 4_000_000)';
    await kubectl('exec', '--namespace', ns.name, name, '--container', 'app', '--', 'python3', '-c', fill);
    await untilNotReady(ns.name);
    await untilReady(ns.name);
    const left = (await get(types.Pod, ns.name, name))?.['status'] as { phase: string; reason: string } | undefined;
    assert.deepEqual([left?.phase, left?.reason], ['Failed', 'Evicted']);
    await isCalm(ns.name, watched);
  });
});
