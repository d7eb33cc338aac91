// install.yaml and AppServers under the real kustomize, which kubectl has in it.
import assert from 'node:assert/strict';
import { loadAll } from 'js-yaml';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { before, describe, test } from 'node:test';
import { installManifest } from '../../scripts/install-manifest.ts';
import { ApiError, isKubeObject, path, type KubeClient, type KubeObject } from '../../src/kube/index.ts';
import { repository } from '../cluster/layout.ts';
import { applyAs, client, clientAs, eventually, get, list, types } from '../harness/api.ts';
import { appServer } from '../harness/appserver.ts';
import { applyCrd, kubectl } from '../harness/operator.ts';
import { newNamespace } from './installation.ts';

/** What kustomize makes of a kustomization with these files beside it. */
async function build(kustomization: object, files: Readonly<Record<string, object>> = {}): Promise<KubeObject[]> {
  const dir = mkdtempSync(join(tmpdir(), 'appserver-kustomize-'));
  try {
    const at = (name: string): string => relative(dir, join(repository, name));
    const root = JSON.stringify(kustomization).replaceAll('REPOSITORY', at('.'));
    for (const [name, content] of Object.entries({ ...files, 'kustomization.yaml': JSON.parse(root) as object })) {
      writeFileSync(join(dir, name), JSON.stringify(content));
    }
    return loadAll(await kubectl('kustomize', dir)).filter(isKubeObject);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const find = (objects: readonly KubeObject[], kind: string, end = ''): KubeObject =>
  objects.find((one) => one.kind === kind && one.metadata.name.endsWith(end)) ?? assert.fail(`no ${kind} ${end}`);

interface Container {
  readonly image: string;
  readonly env: readonly { readonly name: string; readonly value?: string }[];
}
const specOf = (object: KubeObject): Record<string, unknown> => object['spec'] as Record<string, unknown>;
const podOf = (object: KubeObject): Record<string, unknown> => {
  const { template } = specOf(object) as { template: { spec: Record<string, unknown> } };
  return template.spec;
};

const overlay = (namespace: string, more: object = {}): object => ({
  namespace,
  namePrefix: 'my-',
  resources: ['REPOSITORY'],
  images: [
    { name: 'ghcr.io/appserver-operator/operator', newName: 'mirror.example.com/operator' },
    { name: 'ghcr.io/appserver-operator/runtime', newName: 'mirror.example.com/runtime' },
    { name: 'nginx', newName: 'mirror.example.com/nginx', newTag: '1.28.1' },
  ],
  replicas: [{ name: 'appserver-operator', count: 3 }],
  ...more,
});

/** Applies them, and deletes them when it is disposed of. */
async function apply(items: readonly KubeObject[]): Promise<AsyncDisposable> {
  const dir = mkdtempSync(join(tmpdir(), 'appserver-overlay-'));
  const file = join(dir, 'overlay.json');
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  await kubectl('apply', '--server-side', '-f', file);
  return {
    [Symbol.asyncDispose]: async () => {
      await kubectl('delete', '--wait=false', '-f', file);
      rmSync(dir, { recursive: true });
    },
  };
}

/** Creates a ConfigMap in a dry run. */
async function configMapAs(account: KubeClient, namespace: string, metadata: object = {}): Promise<void> {
  await account.json({
    method: 'POST',
    path: path(types.ConfigMap, namespace),
    query: { dryRun: 'All' },
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', namespace, ...metadata } },
  });
}

const notAChild = /the operator may write and delete only objects whose controller is the AppServer/;

async function untilRefused(attempt: () => Promise<void>, says: RegExp): Promise<void> {
  await eventually(`refused with ${String(says)}`, async () => {
    await assert.rejects(attempt(), says);
    return true;
  });
}

describe('install.yaml', { concurrency: 1 }, () => {
  before(applyCrd);

  test('is the chart with its defaults, without the CRD and without a mark of Helm', async () => {
    const content = readFileSync(join(repository, 'install.yaml'), 'utf8');
    assert.equal(content, await installManifest(), 'stale: run `npm run generate`');
    assert.doesNotMatch(content, /helm/i);
    assert.doesNotMatch(content, /kind: CustomResourceDefinition/);
  });

  test('leaves AppServers where they are when it is deleted', async () => {
    const apps = await newNamespace();
    const file = join(repository, 'install.yaml');
    await kubectl('apply', '--server-side', '-f', join(repository, 'crds'), '-f', file);
    await applyAs(types.AppServer, appServer(apps));
    await kubectl('delete', '-f', file, '--wait=false');
    assert.ok(await get(types.AppServer, apps, 'shop'));
    assert.equal((await get(types.AppServer, apps, 'shop'))?.metadata.deletionTimestamp, undefined);
  });

  test('takes its images, the runtime among them, and its replicas from an overlay', async () => {
    const deployment = find(await build(overlay('ops')), 'Deployment');
    const [{ image, env } = assert.fail('no container')] = podOf(deployment)['containers'] as Container[];
    assert.match(image, /^mirror\.example\.com\/operator:\d/);
    const values = Object.fromEntries(env.map(({ name, value }) => [name, value]));
    assert.match(values['RUNTIME_IMAGE'] ?? '', /^mirror\.example\.com\/runtime:\d/);
    assert.equal(values['PROXY_IMAGE'], 'mirror.example.com/nginx:1.28.1');
    assert.equal(specOf(deployment)['replicas'], 3);
  });

  test('has the CRD beside it, which keeps its name', async () => {
    const objects = await build(overlay('ops', { resources: ['REPOSITORY', 'REPOSITORY/crds'] }));
    assert.equal(find(objects, 'CustomResourceDefinition').metadata.name, 'appservers.appserver.dev');
  });

  test('holds the operator to its policies in another namespace and under another name', async () => {
    const [namespace, apps] = [`ops-${process.pid}`, await newNamespace()];
    const objects = await build(overlay(namespace));
    assert.equal(find(objects, 'Namespace').metadata.name, namespace);
    await using _applied = await apply(objects);
    const account = find(objects, 'ServiceAccount');
    assert.deepEqual([account.metadata.namespace, account.metadata.name], [namespace, 'my-appserver-operator']);
    const operator = clientAs(`system:serviceaccount:${namespace}:my-appserver-operator`);
    await untilRefused(() => configMapAs(operator, apps), notAChild);
    const child = {
      labels: { 'app.kubernetes.io/managed-by': 'appserver-operator', 'app.kubernetes.io/instance': 'shop' },
      ownerReferences: [
        { apiVersion: 'appserver.dev/v1alpha1', kind: 'AppServer', name: 'shop', uid: 'x', controller: true },
      ],
    };
    await configMapAs(operator, apps, child);
    const secret = (name: string): Promise<unknown> =>
      operator.json({
        method: 'POST',
        path: path(types.Secret, namespace),
        query: { dryRun: 'All' },
        body: { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace } },
      });
    await assert.rejects(secret('other'), /may create no Secret but its own key/);
    await secret('appserver-operator-key');
    // Nobody else is held to them.
    await configMapAs(client, apps);
    const stranger = clientAs(`system:serviceaccount:${namespace}:default`);
    await assert.rejects(
      configMapAs(stranger, apps),
      (error) => error instanceof ApiError && /cannot create resource "configmaps"/.test(error.message),
    );
  });

  test('holds each of two overlays to the policies, and neither to the names of the other', async () => {
    const apps = await newNamespace();
    await using stack = new AsyncDisposableStack();
    for (const name of ['one', 'two']) {
      const namespace = `${name}-${process.pid}`;
      stack.use(await apply(await build(overlay(namespace, { namePrefix: '', nameSuffix: `-${name}` }))));
      const operator = clientAs(`system:serviceaccount:${namespace}:appserver-operator-${name}`);
      await untilRefused(() => configMapAs(operator, apps), notAChild);
    }
    assert.ok((await list(types.ClusterRoleBinding)).some(({ metadata }) => metadata.name.endsWith('-two')));
  });
});

const references = {
  env: [
    { name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'a' } } },
    { name: 'B', valueFrom: { secretKeyRef: { name: 'db', key: 'b' } } },
  ],
  envFrom: [{ configMapRef: { name: 'settings' } }, { secretRef: { name: 'db' } }],
};
const ofPods = {
  imagePullSecrets: [{ name: 'db' }],
  serviceAccountName: 'robot',
  volumes: [
    { name: 'a', configMap: { name: 'settings' } },
    { name: 'b', secret: { secretName: 'db' } },
    { name: 'c', projected: { sources: [{ configMap: { name: 'settings' } }, { secret: { name: 'db' } }] } },
    { name: 'd', persistentVolumeClaim: { claimName: 'files' } },
  ],
};
const side = { name: 'side', image: 'registry.example.com/side:1', ...references };
const first = { name: 'first', image: 'registry.example.com/first:1', ...references };

describe('AppServers with the component kustomize/applications', { concurrency: 1 }, () => {
  const shop = { ...appServer('web'), metadata: { name: 'shop' } };
  const spec = {
    image: 'registry.example.com/shop:1',
    proxy: { image: 'registry.example.com/nginx:1' },
    app: { wsgi: 'shop:app' },
    ingress: { hosts: ['shop.example.com'], tlsSecretName: 'db' },
    ...references,
    ...ofPods,
    podTemplate: { spec: { containers: [side], initContainers: [first], volumes: ofPods.volumes } },
  };
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'peer' },
    spec: {
      template: {
        spec: {
          ...ofPods,
          containers: [{ name: 'app', image: 'registry.example.com/shop:1', ...references }, side],
          initContainers: [first],
        },
      },
    },
  };
  const objects = {
    'app.yaml': { ...shop, spec },
    'peer.yaml': deployment,
    'account.yaml': { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'robot' } },
    'claim.yaml': { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'files' } },
    'ingress.yaml': {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'other' },
      spec: { rules: [{ http: { paths: [{ backend: { service: { name: 'shop', port: { number: 80 } } } }] } }] },
    },
  };
  const kustomization = {
    namePrefix: 'dev-',
    resources: Object.keys(objects),
    components: ['REPOSITORY/kustomize/applications'],
    configMapGenerator: [{ name: 'settings', literals: ['a=1'] }],
    secretGenerator: [{ name: 'db', literals: ['b=2'] }],
    images: ['shop', 'side', 'first', 'nginx'].map((name) => ({
      name: `registry.example.com/${name}`,
      newName: `mirror.example.com/${name}`,
      digest: `sha256:${'0'.repeat(64)}`,
    })),
    replicas: [{ name: 'shop', count: 5 }],
  };

  test('have every image, reference and number rewritten as those of a Deployment are', async () => {
    const built = await build(kustomization, objects);
    const made = specOf(find(built, 'AppServer'));
    const peer = podOf(find(built, 'Deployment'));
    const [app, besides] = peer['containers'] as Record<string, unknown>[];
    const [init] = peer['initContainers'] as Record<string, unknown>[];
    assert.match(String(app?.['image']), /^mirror\.example\.com\/shop@sha256:/);
    assert.notDeepEqual(app?.['envFrom'], references.envFrom, 'kustomize has rewritten the peer');
    for (const field of ['image', 'env', 'envFrom']) assert.deepEqual(made[field], app?.[field], field);
    for (const field of Object.keys(ofPods)) assert.deepEqual(made[field], peer[field], field);
    const template = (made['podTemplate'] as { spec: Record<string, unknown> }).spec;
    assert.deepEqual(template, { containers: [besides], initContainers: [init], volumes: peer['volumes'] });
    assert.match((made['proxy'] as { image: string }).image, /^mirror\.example\.com\/nginx@sha256:/);
    const { tlsSecretName } = made['ingress'] as { tlsSecretName: string };
    assert.equal(tlsSecretName, find(built, 'Secret').metadata.name);
    assert.equal(made['replicas'], 5);
  });

  test('are found under their new name by an Ingress of somebody else', async () => {
    const built = await build(kustomization, objects);
    assert.match(JSON.stringify(find(built, 'Ingress')['spec']), /"service":\{"name":"dev-shop"/);
  });
});
