// What is repaired and what is left alone: edits of others are undone, and what the cluster's admission makes of the
// operator's own requests is how the cluster wants it.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { path, type KubeObject } from '../src/kube/index.ts';
import { client, edit, eventually, get, list, merge, types } from './harness/api.ts';
import { appServer, condition, create, namespace, untilReady } from './harness/appserver.ts';
import { installOperator, kubectl, operatorNamespace, release } from './harness/operator.ts';
import { webhook, type Operation } from './harness/webhook.ts';

interface Container {
  readonly name: string;
  readonly image: string;
  readonly imagePullPolicy?: string;
}

interface Spec {
  readonly template: { readonly spec: { readonly containers: readonly Container[] } };
}

const containersOf = (deployment: KubeObject | undefined): readonly Container[] =>
  (deployment?.['spec'] as Spec | undefined)?.template.spec.containers ?? [];

const container = '/spec/template/spec/containers';

/** As policy engines, registries' mirrors, meshes and digest resolvers do it. */
const kinds: Record<string, (deployment: KubeObject) => readonly Operation[]> = {
  'prefixes images': (deployment) => [
    {
      op: 'replace',
      path: `${container}/0/image`,
      value: `mirror.example.com/${containersOf(deployment)[0]?.image.replace(/^mirror\.example\.com\//, '')}`,
    },
  ],
  'sets a pull policy': () => [{ op: 'add', path: `${container}/0/imagePullPolicy`, value: 'Always' }],
  'adds a container': (deployment) =>
    containersOf(deployment).some(({ name }) => name === 'mesh')
      ? []
      : [{ op: 'add', path: `${container}/-`, value: { name: 'mesh', image: 'mesh.example.com/proxy:1' } }],
  'resolves tags to digests': (deployment) => [
    {
      op: 'replace',
      path: `${container}/0/image`,
      value: `${containersOf(deployment)[0]?.image.split('@')[0]}@sha256:${'0'.repeat(64)}`,
    },
  ],
};

const childrenIn = async (inNamespace: string): Promise<string[]> => {
  const all = await Promise.all(
    [types.Deployment, types.Service, types.ConfigMap, types.ServiceAccount, types.PodDisruptionBudget].map((type) =>
      list(type, inNamespace),
    ),
  );
  return all.flat().map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`);
};

/** Number of revisions of the pod template that there have been. */
const revisions = async (inNamespace: string): Promise<string | undefined> =>
  (await get(types.Deployment, inNamespace, 'shop'))?.metadata.annotations?.['deployment.kubernetes.io/revision'];

const scaleOperator = async (replicas: number): Promise<void> => {
  await kubectl('scale', 'deployment', release, '--namespace', operatorNamespace, `--replicas=${replicas}`);
  await kubectl('rollout', 'status', 'deployment', release, '--namespace', operatorNamespace, '--timeout=60s');
  await eventually('its pods', async () =>
    (await list(types.Pod, operatorNamespace)).length === replicas ? true : undefined,
  );
};

const restartOperator = async (): Promise<void> => {
  await scaleOperator(0);
  await scaleOperator(1);
};

/** Long enough for a reconcile that follows from whatever was done before. */
const rest = (): Promise<void> => delay(1_500);

async function isLeftAlone(inNamespace: string): Promise<void> {
  await rest();
  const app = await untilReady(inNamespace);
  const was = { children: await childrenIn(inNamespace), revisions: await revisions(inNamespace) };
  await rest();
  assert.deepEqual({ children: await childrenIn(inNamespace), revisions: await revisions(inNamespace) }, was);
  assert.equal(condition(app, 'FieldConflict'), undefined);
}

/** Its pods are looked at by no test here. */
const small = { replicas: 0 };

describe('admission that changes Deployments', { concurrency: 1 }, () => {
  before(() => installOperator());

  for (const [name, mutate] of Object.entries(kinds)) {
    test(`and ${name} is the cluster's own business, from the beginning and over a restart of the operator`, async () => {
      await using ns = await namespace();
      await using _ = await webhook('e2e-drift', ns.name, mutate);
      await create(appServer(ns.name, small));
      await untilReady(ns.name);
      const [first, ...others] = mutate((await get(types.Deployment, ns.name, 'shop')) as KubeObject);
      assert.ok(first === undefined || others.length === 0);
      await isLeftAlone(ns.name);
      const made = await revisions(ns.name);
      await restartOperator();
      await isLeftAlone(ns.name);
      assert.equal(await revisions(ns.name), made, 'a restart of the operator rolls nothing');

      await merge(types.AppServer, ns.name, 'shop', { spec: { env: [{ name: 'A', value: '1' }] } });
      await eventually('the change', async () =>
        JSON.stringify(containersOf(await get(types.Deployment, ns.name, 'shop'))).includes('"A"') ? true : undefined,
      );
      await isLeftAlone(ns.name);
    });

    test(`and ${name} may come and go`, async () => {
      await using ns = await namespace();
      await create(appServer(ns.name, small));
      await untilReady(ns.name);
      {
        await using _ = await webhook('e2e-drift', ns.name, mutate);
        await edit(types.Deployment, ns.name, 'shop', { metadata: { labels: { team: 'web' } } });
        await isLeftAlone(ns.name);
      }
      await isLeftAlone(ns.name);
      await edit(types.Deployment, ns.name, 'shop', { metadata: { labels: { team: 'shop' } } });
      await isLeftAlone(ns.name);
    });
  }
});

describe('edits of children', { concurrency: 1 }, () => {
  before(() => installOperator());
  after(() => scaleOperator(1));

  const image = async (inNamespace: string): Promise<string | undefined> =>
    containersOf(await get(types.Deployment, inNamespace, 'shop'))[0]?.image;

  const setImage = (inNamespace: string, value: string): Promise<void> =>
    edit(types.Deployment, inNamespace, 'shop', {
      spec: { template: { spec: { containers: [{ name: 'app', image: value }] } } },
    });

  test('are undone where admission has its say in them, too', async () => {
    await using ns = await namespace();
    await using _ = await webhook('e2e-drift', ns.name, kinds['prefixes images'] ?? (() => []));
    await create(appServer(ns.name, small));
    await untilReady(ns.name);
    const wanted = await image(ns.name);
    assert.match(wanted ?? '', /^mirror\.example\.com\//);
    await setImage(ns.name, 'by-hand:1');
    await eventually('undone', async () => ((await image(ns.name)) === wanted ? true : undefined));
    await isLeftAlone(ns.name);
  });

  test('are undone that were made while no operator was there', async () => {
    await using ns = await namespace();
    await create(appServer(ns.name, small));
    await untilReady(ns.name);
    const wanted = await image(ns.name);
    await scaleOperator(0);
    await setImage(ns.name, 'by-hand:1');
    await scaleOperator(1);
    await eventually('undone', async () => ((await image(ns.name)) === wanted ? true : undefined));
    await isLeftAlone(ns.name);
  });

  test('are undone that somebody applies in the name of the operator', async () => {
    await using ns = await namespace();
    await create(appServer(ns.name, small));
    await untilReady(ns.name);
    // Another second than that of the operator's own write.
    await rest();
    const { metadata, ...found } = (await get(types.Deployment, ns.name, 'shop')) as KubeObject;
    const wanted = await image(ns.name);
    const { name, namespace: inNamespace, annotations, labels, ownerReferences } = metadata;
    const spec = structuredClone(found['spec']) as { template: { spec: { containers: { image: string }[] } } };
    for (const one of spec.template.spec.containers) one.image = 'by-hand:1';
    await client.json({
      method: 'PATCH',
      path: path(types.Deployment, ns.name, 'shop'),
      query: { fieldManager: 'appserver-operator', force: 'true' },
      body: {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name, namespace: inNamespace, annotations, labels, ownerReferences },
        spec,
      },
      contentType: 'application/apply-patch+yaml',
    });
    await eventually('undone', async () => ((await image(ns.name)) === wanted ? true : undefined));
    await isLeftAlone(ns.name);
  });

  test('of who has set what are undone', async () => {
    await using ns = await namespace();
    await create(appServer(ns.name, small));
    await untilReady(ns.name);
    await client.json({
      method: 'PATCH',
      path: path(types.Deployment, ns.name, 'shop'),
      body: [{ op: 'replace', path: '/metadata/managedFields', value: [{}] }],
      contentType: 'application/json-patch+json',
    });
    await eventually('applied anew', async () => {
      const entries = (await get(types.Deployment, ns.name, 'shop'))?.metadata.managedFields ?? [];
      return entries.some(({ manager, operation }) => manager === 'appserver-operator' && operation === 'Apply')
        ? true
        : undefined;
    });
    await isLeftAlone(ns.name);
  });
});
