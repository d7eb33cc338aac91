// One AppServer from apply to delete: its children, their repair, its status.
import assert from 'node:assert/strict';
import { before as beforeAll, describe, test } from 'node:test';
import { path, type KubeObject, type ResourceType } from '../src/kube/index.ts';
import { imageNames } from '../scripts/images.ts';
import { testImageNames } from '../scripts/test-images.ts';
import { client, destroy, edit, eventually, get, list, merge, types } from './harness/api.ts';
import {
  appServer,
  condition,
  create,
  eventsOf,
  namespace,
  podAddress,
  pods,
  restricted,
  serviceUrl,
  untilNotes,
  untilReady,
} from './harness/appserver.ts';
import { installOperator } from './harness/operator.ts';
import { runtimeStatus } from './harness/runtime.ts';

const aSecond = 1_000;

interface Spec {
  readonly nodeName: string;
  readonly replicas: number;
  readonly maxReplicas: number;
  readonly maxUnavailable: number;
  readonly ports: readonly { readonly targetPort: unknown }[];
  readonly selector: object;
  readonly template: {
    readonly spec: {
      readonly containers: readonly {
        readonly name: string;
        readonly image: string;
        readonly env?: readonly unknown[];
      }[];
    };
  };
}

/** The fields that these tests look at, of whichever kind the object is. */
function spec(object: KubeObject | undefined): Spec {
  return object?.['spec'] as Spec;
}

async function configMaps(inNamespace: string): Promise<string[]> {
  return (await list(types.ConfigMap, inNamespace))
    .map((one) => one.metadata.name)
    .filter((name) => name.startsWith('shop-'));
}

/** Of the child of this kind. */
const nameOf = (kind: string): string => (kind === 'ServiceAccount' ? 'shop.appserver' : 'shop');

describe('an AppServer', () => {
  beforeAll(() => installOperator());

  test('becomes Ready with all its children, and they go with it', async () => {
    await using ns = await namespace(restricted);
    const applied = performance.now();
    await create(
      appServer(ns.name, {
        workers: { count: 4 },
        resources: { requests: { cpu: '50m' } },
        // No start of a worker reaches it.
        autoscaling: { maxReplicas: 3, cpuUtilization: 1_000 },
      }),
    );
    const ready = await untilReady(ns.name);
    const seconds = (performance.now() - applied) / 1000;
    assert.ok(seconds < 10, `it took ${seconds.toFixed(1)} s from apply to Ready`);
    const { status } = ready as KubeObject & { status: Record<string, unknown> & { workers: { desired: number } } };
    assert.equal(status['replicas'], 2);
    assert.equal(status['readyReplicas'], 2);
    // The pods may have been asked already for how many are ready.
    assert.equal(status.workers.desired, 8);
    assert.equal(status['url'], `http://shop.${ns.name}.svc`);
    assert.match(condition(ready, 'Ready')?.message ?? '', /2 of 2 pods ready, 4 workers each/);
    assert.equal(condition(ready, 'Reconciling'), undefined);

    for (const kind of [
      'Deployment',
      'Service',
      'HorizontalPodAutoscaler',
      'PodDisruptionBudget',
      'ServiceAccount',
    ] as const) {
      const child = await get(types[kind], ns.name, nameOf(kind));
      assert.equal(child?.metadata.ownerReferences?.[0]?.uid, ready.metadata.uid, kind);
    }
    assert.equal((await configMaps(ns.name)).length, 2);
    const nodes = new Set((await pods(ns.name)).map((pod) => spec(pod).nodeName));
    assert.equal(nodes.size, 2, 'the pods are spread over the nodes');
    const answer = (await (await fetch(await serviceUrl(ns.name))).json()) as { message: string };
    assert.equal(answer.message, 'Hello from the shop');
    const [created = ''] = await untilNotes(ns.name, 'Created');
    assert.match(created, /Deployment, Service, HorizontalPodAutoscaler, PodDisruptionBudget/);
    const events = await eventsOf(ns.name);
    assert.ok(!events.some(({ type, reason }) => type === 'Warning' || reason === 'Repaired'), JSON.stringify(events));

    await destroy(types.AppServer, ns.name, 'shop');
    for (const kind of [
      'Deployment',
      'Service',
      'HorizontalPodAutoscaler',
      'PodDisruptionBudget',
      'ServiceAccount',
    ] as const) {
      await eventually(`${kind} gone`, async () =>
        (await get(types[kind], ns.name, nameOf(kind))) === undefined ? true : undefined,
      );
    }
  });

  test('has every child as it was within a second after somebody deletes or edits it', async () => {
    await using ns = await namespace(restricted);
    const autoscaling = { resources: { requests: { cpu: '50m' } }, autoscaling: { maxReplicas: 3 } };
    await create(appServer(ns.name, { replicas: 2, ...autoscaling }));
    await untilReady(ns.name);
    const names: [ResourceType, string][] = [
      [types.Service, 'shop'],
      [types.PodDisruptionBudget, 'shop'],
      [types.HorizontalPodAutoscaler, 'shop'],
      [types.ServiceAccount, nameOf('ServiceAccount')],
      ...(await configMaps(ns.name)).map((name): [ResourceType, string] => [types.ConfigMap, name]),
      [types.Deployment, 'shop'],
    ];
    for (const [type, name] of names) {
      const uid = (await get(type, ns.name, name))?.metadata.uid;
      assert.notEqual(uid, undefined, `${type.kind} ${name}`);
      await destroy(type, ns.name, name);
      await eventually(
        `${type.kind} ${name} made anew`,
        async () => {
          const found = await get(type, ns.name, name);
          return found !== undefined && found.metadata.uid !== uid ? true : undefined;
        },
        aSecond,
      );
    }

    interface Edit {
      readonly type: ResourceType;
      readonly patch: object;
      readonly asItWas: (object: KubeObject) => boolean;
    }
    const edits: Record<string, Edit> = {
      "the Deployment's image": {
        type: types.Deployment,
        patch: { spec: { template: { spec: { containers: [{ name: 'app', image: 'nginx' }] } } } },
        asItWas: (object) => spec(object).template.spec.containers[0]?.image === imageNames.flask,
      },
      "a container beside the application's": {
        type: types.Deployment,
        patch: { spec: { template: { spec: { containers: [{ name: 'other', image: 'nginx' }] } } } },
        asItWas: (object) => spec(object).template.spec.containers.length === 1,
      },
      'a variable of the application': {
        type: types.Deployment,
        patch: {
          spec: { template: { spec: { containers: [{ name: 'app', env: [{ name: 'DEBUG', value: '1' }] }] } } },
        },
        asItWas: (object) => (spec(object).template.spec.containers[0]?.env ?? []).length === 0,
      },
      "the Service's port": {
        type: types.Service,
        patch: { spec: { ports: [{ port: 80, name: 'http', targetPort: 1234 }] } },
        asItWas: (object) => spec(object).ports[0]?.targetPort === 'http',
      },
      "the Service's selector": {
        type: types.Service,
        patch: { spec: { selector: { tier: 'none' } } },
        asItWas: (object) => Object.keys(spec(object).selector).length === 2,
      },
      'the most replicas of the autoscaler': {
        type: types.HorizontalPodAutoscaler,
        patch: { spec: { maxReplicas: 9 } },
        asItWas: (object) => spec(object).maxReplicas === 3,
      },
      'the disruption budget': {
        type: types.PodDisruptionBudget,
        patch: { spec: { maxUnavailable: 2 } },
        asItWas: (object) => spec(object).maxUnavailable === 1,
      },
      "the service account's token": {
        type: types.ServiceAccount,
        patch: { automountServiceAccountToken: true },
        asItWas: (object) => object['automountServiceAccountToken'] === false,
      },
      'the owner of the Service': {
        type: types.Service,
        patch: { metadata: { ownerReferences: [{ $patch: 'replace' }] } },
        asItWas: (object) => object.metadata.ownerReferences?.length === 1,
      },
      'the label by which the operator finds the Service': {
        type: types.Service,
        patch: { metadata: { labels: { 'app.kubernetes.io/managed-by': null } } },
        asItWas: (object) => object.metadata.labels?.['app.kubernetes.io/managed-by'] === 'appserver-operator',
      },
    };
    for (const [what, { type, patch, asItWas }] of Object.entries(edits)) {
      const name = nameOf(type.kind);
      await edit(type, ns.name, name, patch);
      await eventually(
        `${what} as it was`,
        async () => {
          const found = await get(type, ns.name, name);
          return found !== undefined && asItWas(found) ? true : undefined;
        },
        aSecond,
      );
    }
    const live = 'shop-live';
    await edit(types.ConfigMap, ns.name, live, { data: { 'live.json': '{}', extra: 'x' } });
    await eventually(
      'the live settings as they were',
      async () => {
        const { data } = (await get(types.ConfigMap, ns.name, live)) as KubeObject & { data: Record<string, string> };
        return data['live.json'] !== '{}' && data['extra'] === undefined ? true : undefined;
      },
      aSecond,
    );
    const notes = await untilNotes(ns.name, 'Repaired');
    assert.ok(
      notes.some((note) => /Service shop \(spec\.ports\[http\]\.targetPort, changed by kubectl-edit\)/.test(note)),
      notes.join('\n'),
    );
    await untilReady(ns.name);
  });

  test('loses children that are no longer wanted, and its replicas survive the autoscaler coming and going', async () => {
    await using ns = await namespace(restricted);
    await create(appServer(ns.name, { replicas: 3, resources: { requests: { cpu: '10m' } } }));
    await untilReady(ns.name);
    const replicas = async (): Promise<number> => spec(await get(types.Deployment, ns.name, 'shop')).replicas;
    const pod = (await pods(ns.name)).map(({ metadata }) => metadata.uid ?? '').toSorted((a, b) => a.localeCompare(b));

    await merge(types.AppServer, ns.name, 'shop', { spec: { autoscaling: { minReplicas: 3, maxReplicas: 5 } } });
    await eventually('the autoscaler', () => get(types.HorizontalPodAutoscaler, ns.name, 'shop'));
    await eventually('the operator let go of the number', async () => {
      const found = await get(types.Deployment, ns.name, 'shop');
      return found?.metadata.annotations?.['appserver.dev/replicas-at-start'];
    });
    assert.equal(await replicas(), 3);

    await merge(types.AppServer, ns.name, 'shop', { spec: { autoscaling: null, serviceAccountName: 'default' } });
    for (const kind of ['HorizontalPodAutoscaler', 'ServiceAccount'] as const) {
      await eventually(`${kind} pruned`, async () =>
        (await get(types[kind], ns.name, nameOf(kind))) === undefined ? true : undefined,
      );
    }
    assert.equal(await replicas(), 3);
    assert.ok(pod.length === 3);
    await untilReady(ns.name);
  });

  test('keeps the configuration of old pods until the rollout is over, then prunes it', async () => {
    await using ns = await namespace(restricted);
    await create(appServer(ns.name));
    await untilReady(ns.name);
    const before = (await configMaps(ns.name)).find((name) => name.startsWith('shop-runtime-'));
    await merge(types.AppServer, ns.name, 'shop', { spec: { workers: { keepAlive: '10s' } } });
    await eventually('both configurations', async () => ((await configMaps(ns.name)).length === 3 ? true : undefined));
    await untilReady(ns.name);
    await eventually('the old one pruned', async () => {
      const names = await configMaps(ns.name);
      return names.length === 2 && !names.includes(before ?? '') ? true : undefined;
    });
  });

  test('changes the number of workers in running pods, without a restart', async () => {
    await using ns = await namespace(restricted);
    await create(appServer(ns.name, { replicas: 1 }));
    await untilReady(ns.name);
    const [before] = await pods(ns.name);
    await merge(types.AppServer, ns.name, 'shop', { spec: { workers: { count: 3 } } });
    assert.ok(before);
    const address = podAddress(before);
    // By itself the kubelet looks at the ConfigMap a minute later.
    const withinMs = 20_000;
    await eventually(
      'three workers',
      async () => ((await runtimeStatus(address)).workers.ready === 3 ? true : undefined),
      withinMs,
    );
    const [after] = await pods(ns.name);
    assert.equal(after?.metadata.uid, before?.metadata.uid);
  });

  const images: Record<string, string> = {
    'that runs as root by default': imageNames.flask,
    'with a USER of its own and no shell': testImageNames.ownUser,
  };
  for (const [which, image] of Object.entries(images)) {
    test(`works from an image ${which}, in a namespace that enforces the restricted level`, async () => {
      await using ns = await namespace(restricted);
      await create(appServer(ns.name, { image, replicas: 1, security: { readOnlyRootFilesystem: true } }));
      await untilReady(ns.name);
      const response = await fetch(await serviceUrl(ns.name));
      assert.equal(response.status, 200);
    });
  }

  test('is scaled by the scale subresource', async () => {
    await using ns = await namespace(restricted);
    await create(appServer(ns.name, { replicas: 1 }));
    await untilReady(ns.name);
    await client.json({
      method: 'PATCH',
      path: `${path(types.AppServer, ns.name, 'shop')}/scale`,
      body: { spec: { replicas: 2 } },
      contentType: 'application/merge-patch+json',
    });
    await eventually('two pods', async () => {
      const found = await untilReady(ns.name);
      return (found['status'] as { readyReplicas: number }).readyReplicas === 2 ? true : undefined;
    });
  });
});
