// helm upgrade from the version before to this one, under load.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { chartImageFlags, imageNames } from '../scripts/images.ts';
import { previousChart, previousImageNames } from '../scripts/previous-version.ts';
import { testImageNames } from '../scripts/test-images.ts';
import { names as wellKnown } from '../src/api/index.ts';
import type { KubeObject } from '../src/kube/index.ts';
import { applyAs, destroy, edit, eventually, get, list, merge, types } from './harness/api.ts';
import {
  appServer,
  condition,
  create,
  namespace,
  podAddress,
  pods,
  restricted,
  serviceUrl,
  untilReady,
} from './harness/appserver.ts';
import { startLoad, type RunningLoad } from './harness/load.ts';
import { installChart, installOperator, kubectl, removeOperator } from './harness/operator.ts';
import { runtimeStatus } from './harness/runtime.ts';
import { applications, besides } from './upgrade/applications.ts';

const names = applications.map(([name]) => name);

async function setSecret(inNamespace: string, password: string): Promise<void> {
  const metadata = { name: besides.secret, namespace: inNamespace };
  await applyAs(types.Secret, { apiVersion: 'v1', kind: 'Secret', metadata, stringData: { PASSWORD: password } });
}

async function createAll(inNamespace: string): Promise<void> {
  await setSecret(inNamespace, 'first');
  const settings = { name: besides.configMap, namespace: inNamespace };
  await applyAs(types.ConfigMap, { apiVersion: 'v1', kind: 'ConfigMap', metadata: settings, data: { color: 'blue' } });
  const account = { name: besides.serviceAccount, namespace: inNamespace };
  await applyAs(types.ServiceAccount, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: account });
  for (const [name, spec] of applications) await create(appServer(inNamespace, spec, name));
  for (const name of names) await untilReady(inNamespace, name);
}

interface PodStatus {
  readonly containerStatuses?: readonly { readonly name: string; readonly restartCount: number }[];
  readonly initContainerStatuses?: readonly { readonly name: string; readonly restartCount: number }[];
}

const instanceOf = (pod: KubeObject): string => pod.metadata.labels?.[wellKnown.instanceLabel] ?? '';

/** Each pod by its AppServer, uid and restarts. */
async function runningPods(inNamespace: string): Promise<string[]> {
  const found = (await pods(inNamespace)).map((pod) => {
    const { containerStatuses = [], initContainerStatuses = [] } = pod['status'] as PodStatus;
    const restarts = [...initContainerStatuses, ...containerStatuses].map((one) => `${one.name} ${one.restartCount}`);
    return `${instanceOf(pod)}: ${pod.metadata.uid}: ${restarts.join(', ')}`;
  });
  return found.toSorted((a, b) => a.localeCompare(b));
}

interface DeploymentSpec {
  readonly minReadySeconds?: number;
  readonly template: {
    readonly spec: { readonly serviceAccountName?: string; readonly containers: readonly { readonly image: string }[] };
  };
}

const specOf = (deployment: KubeObject | undefined): DeploymentSpec => deployment?.['spec'] as DeploymentSpec;

/** The pod template of each AppServer's Deployment. */
async function templates(inNamespace: string): Promise<Record<string, unknown>> {
  const all = await list(types.Deployment, inNamespace);
  return Object.fromEntries(all.map((deployment) => [deployment.metadata.name, specOf(deployment).template]));
}

async function podOf(inNamespace: string, name: string): Promise<KubeObject> {
  const found = (await pods(inNamespace)).find((pod) => instanceOf(pod) === name);
  assert.ok(found, name);
  return found;
}

async function startLoads(inNamespace: string, loads: AsyncDisposableStack): Promise<Map<string, RunningLoad>> {
  const running = new Map<string, RunningLoad>();
  for (const name of names) {
    const url = await serviceUrl(inNamespace, name);
    running.set(name, loads.use(startLoad({ url, rate: 2, connections: 'fresh' })));
  }
  return running;
}

/** Waits until the pod that is there has two workers. */
async function untilTwoWorkers(inNamespace: string, name: string): Promise<void> {
  const address = podAddress(await podOf(inNamespace, name));
  await eventually(`two workers of ${name}`, async () =>
    (await runtimeStatus(address)).workers.ready === 2 ? true : undefined,
  );
}

/** Waits until only pods that were not there before are, and returns one. */
async function untilReplaced(inNamespace: string, name: string, earlier: readonly string[]): Promise<KubeObject> {
  return eventually(`other pods of ${name}`, async () => {
    const found = (await pods(inNamespace)).filter((pod) => instanceOf(pod) === name);
    const isNew = (pod: KubeObject): boolean => !earlier.some((line) => line.includes(pod.metadata.uid ?? ''));
    return found.length > 0 && found.every(isNew) ? found[0] : undefined;
  });
}

/** The Deployment and a pod are as this version makes them. */
async function assertPresentLayout(inNamespace: string, name: string, pod: KubeObject): Promise<void> {
  const deployment = await get(types.Deployment, inNamespace, name);
  const annotations = deployment?.metadata.annotations ?? {};
  assert.equal(annotations[wellKnown.runtimeImageAnnotation], imageNames.runtime);
  assert.equal(annotations['appserver.dev/layout'], '4');
  assert.ok(pod.metadata.annotations?.['cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes']);
  assert.equal((pod['spec'] as { serviceAccountName: string }).serviceAccountName, `${name}.appserver`);
}

describe('helm upgrade from the version before', { concurrency: 1 }, () => {
  before(async () => {
    await removeOperator();
    await installChart(previousChart, ...chartImageFlags(previousImageNames));
  });

  test('replaces no pod of twenty applications, and what is changed afterwards reaches them', async () => {
    await using ns = await namespace(restricted);
    await createAll(ns.name);
    await using stack = new AsyncDisposableStack();
    const loads = await startLoads(ns.name, stack);
    const earlier = await runningPods(ns.name);
    const earlierTemplates = await templates(ns.name);
    assert.equal(earlier.length, applications.length);
    const assertNothingLost = async (name: string): Promise<void> => {
      const { sent, lost } = await (loads.get(name) ?? assert.fail(name)).stop();
      loads.delete(name);
      assert.ok(sent > 0, name);
      assert.deepEqual(lost, [], `${name}, of ${sent}`);
    };
    const asBefore = async (): Promise<void> => {
      assert.deepEqual(await runningPods(ns.name), earlier);
      assert.deepEqual(await templates(ns.name), earlierTemplates);
    };

    await installOperator('--set', 'replicas=2');

    // Live changes, which also show that the new operator has looked at each of them.
    const live = { workers: { count: 2 }, logging: { accessLog: true, format: 'text' } };
    const countable = names.filter((name) => name !== 'auto');
    for (const name of countable) await merge(types.AppServer, ns.name, name, { spec: live });
    await merge(types.AppServer, ns.name, 'auto', { spec: { logging: live.logging } });
    for (const name of countable) await untilTwoWorkers(ns.name, name);
    for (const name of ['sync', 'auto', 'asgi', 'proxied']) {
      await eventually(`requests in the log of ${name}`, async () =>
        /REQUEST GET \/ 200/.test(await kubectl('logs', '-n', ns.name, `deployment/${name}`, '-c', 'app'))
          ? true
          : undefined,
      );
    }
    for (const name of names) await untilReady(ns.name, name);
    await asBefore();
    for (const [name, deployment] of (await list(types.Deployment, ns.name)).map(
      (one) => [one.metadata.name, one] as const,
    )) {
      const { [wellKnown.runtimeImageAnnotation]: image } = deployment.metadata.annotations ?? {};
      assert.equal(image, previousImageNames.runtime, `${name} keeps the runtime that its pods have`);
      const contended = condition(await get(types.AppServer, ns.name, name), 'FieldConflict');
      assert.notEqual(contended?.status, 'True', name);
    }

    // Repairs, to what was there.
    await edit(types.Deployment, ns.name, 'gthread', { spec: { minReadySeconds: 7 } });
    const nginx = { spec: { template: { spec: { containers: [{ name: 'app', image: 'nginx' }] } } } };
    await edit(types.Deployment, ns.name, 'node', nginx);
    // A new Service has another address.
    await assertNothingLost('asgi');
    await destroy(types.Service, ns.name, 'asgi');
    await eventually('what was edited or deleted as it was', async () => {
      const gthread = specOf(await get(types.Deployment, ns.name, 'gthread'));
      const node = specOf(await get(types.Deployment, ns.name, 'node'));
      assert.ok(await get(types.Service, ns.name, 'asgi'));
      assert.equal(gthread.minReadySeconds ?? 0, 0);
      assert.deepEqual(node.template, earlierTemplates['node']);
      return true;
    });
    // The Deployment controller may have started a pod of the edit; the one that serves stays.
    await eventually('the pods that were there, and no others', async () => {
      await asBefore();
      return true;
    });

    // Pods that are replaced for a reason of their own take the present layout.
    await merge(types.AppServer, ns.name, 'sync', { spec: { image: testImageNames.second } });
    const changed = await untilReplaced(ns.name, 'sync', earlier);
    await setSecret(ns.name, 'second');
    const restarted: [string, KubeObject][] = [];
    for (const name of ['secret-env', 'secret-file'])
      restarted.push([name, await untilReplaced(ns.name, name, earlier)]);
    for (const name of names) await untilReady(ns.name, name);
    const replaced = ['sync', ...restarted.map(([name]) => name)];
    const untouched = (line: string): boolean => !replaced.some((name) => line.startsWith(`${name}: `));
    assert.deepEqual((await runningPods(ns.name)).filter(untouched), earlier.filter(untouched));

    for (const name of [...loads.keys()]) await assertNothingLost(name);
    for (const [name, pod] of [['sync', changed] as const, ...restarted]) await assertPresentLayout(ns.name, name, pod);
  });
});
