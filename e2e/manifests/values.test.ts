// What the chart makes of its values.
import assert from 'node:assert/strict';
import { load, loadAll } from 'js-yaml';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { isKubeObject, type KubeObject } from '../../src/kube/index.ts';
import { applyAs, types } from '../harness/api.ts';
import { installDefinitions } from '../harness/definitions.ts';
import { applyCrd, chart, helm, kubectl } from '../harness/operator.ts';
import { digest, everything } from './everything.ts';
import { newNamespace } from './installation.ts';

async function withValues<T>(values: object, use: (file: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'appserver-values-'));
  try {
    const file = join(dir, 'values.json');
    writeFileSync(file, JSON.stringify(values));
    return await use(file);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** The objects of a release, as `helm template` has them. */
function render(values: object, namespace = 'ops'): Promise<KubeObject[]> {
  return withValues(values, async (file) =>
    loadAll(await helm('template', 'operator', chart, '--namespace', namespace, '--values', file)).filter(isKubeObject),
  );
}

const of = (objects: readonly KubeObject[], kind: string): KubeObject[] => objects.filter((one) => one.kind === kind);

interface PodSpec {
  readonly securityContext: Record<string, unknown>;
  readonly priorityClassName?: string;
  readonly topologySpreadConstraints?: readonly { readonly topologyKey: string }[];
  readonly imagePullSecrets?: readonly object[];
  readonly serviceAccountName: string;
  readonly volumes?: readonly { readonly name: string }[];
  readonly containers: readonly {
    readonly image: string;
    readonly args: readonly string[];
    readonly env: readonly { readonly name: string; readonly value?: string }[];
    readonly volumeMounts?: readonly { readonly name: string }[];
  }[];
}

function podOf(objects: readonly KubeObject[]): PodSpec {
  const [deployment = assert.fail('no Deployment')] = of(objects, 'Deployment');
  return (deployment['spec'] as { template: { spec: PodSpec } }).template.spec;
}

/** As `helm upgrade --reuse-values` has them from a chart that did not know a key. */
const unknownToEarlierCharts = {
  ...Object.fromEntries(
    [
      ...['rbac', 'podDisruptionBudget', 'topologySpreadConstraints', 'priorityClassName', 'podSecurityContext'],
      ...['securityContext', 'networkPolicy', 'commonLabels', 'commonAnnotations', 'extraArgs', 'extraEnv'],
      ...['extraEnvFrom', 'extraVolumes', 'extraVolumeMounts'],
    ].map((key) => [key, null]),
  ),
  metrics: { podMonitor: null, serviceMonitor: null, prometheusRule: null },
  serviceAccount: { create: null },
  image: { digest: null },
  runtimeImage: { digest: null },
};

const valuesFiles: Record<string, object> = {
  defaults: {},
  everything,
  'keys that earlier charts did not know': unknownToEarlierCharts,
  'one replica in named namespaces': { replicas: 1, watchNamespaces: ['web', 'shop'] },
  'no policies': { admissionPolicy: { install: false }, watchNamespaces: ['web'] },
  'an account of its own': { serviceAccount: { create: false, name: 'mine' } },
};

describe('values of the chart', { concurrency: 1 }, () => {
  before(async () => {
    await applyCrd();
    await installDefinitions();
    for (const name of ['web', 'shop']) {
      await applyAs(types.Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    }
  });

  for (const [name, values] of Object.entries(valuesFiles)) {
    test(`helm lint has nothing to say: ${name}`, () =>
      withValues(values, async (file) => {
        assert.doesNotMatch(await helm('lint', '--strict', chart, '--values', file), /\[(WARNING|ERROR|INFO)\]/);
      }));

    test(`the API server takes every object, and warns of none: ${name}`, async () => {
      const objects = await render(values, await newNamespace());
      const items = objects.filter(({ kind }) => kind !== 'CustomResourceDefinition');
      await withValues({ apiVersion: 'v1', kind: 'List', items }, async (file) => {
        await kubectl('apply', '--server-side', '--dry-run=server', '--warnings-as-errors', '-f', file);
      });
    });
  }

  test('images may be pinned by digest, beside a tag or with that of the chart', async () => {
    const [container = assert.fail()] = podOf(await render(everything)).containers;
    assert.match(container.image, new RegExp(`^ghcr.io/appserver-operator/operator:\\d+\\.\\d+\\.\\d+@${digest}$`));
    const runtime = container.env.find((one) => one.name === 'RUNTIME_IMAGE')?.value;
    assert.equal(runtime, `ghcr.io/appserver-operator/runtime:1.2.3@${digest}`);
  });

  test('a platform may choose the user', async () => {
    const nulls = { runAsUser: null, runAsGroup: null, fsGroup: null };
    const { securityContext } = podOf(await render({ podSecurityContext: nulls }));
    assert.deepEqual(securityContext, { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
  });

  test('more than one replica has a budget and is spread; one has neither', async () => {
    const two = await render({});
    assert.equal(of(two, 'PodDisruptionBudget').length, 1);
    const keys = podOf(two).topologySpreadConstraints?.map((one) => one.topologyKey);
    assert.deepEqual(keys, ['kubernetes.io/hostname', 'topology.kubernetes.io/zone']);
    const one = await render({ replicas: 1 });
    assert.deepEqual(of(one, 'PodDisruptionBudget'), []);
    assert.equal(podOf(one).topologySpreadConstraints, undefined);
    assert.deepEqual(of(await render({ podDisruptionBudget: { install: false } }), 'PodDisruptionBudget'), []);
  });

  test('common labels and annotations are on every object and on the pods', async () => {
    for (const { kind, metadata, spec } of await render(everything)) {
      if (kind === 'CustomResourceDefinition') continue;
      assert.equal(metadata.labels?.['team'], 'ops', `${kind} ${metadata.name}`);
      assert.equal(metadata.annotations?.['contact'], 'ops@example.com', `${kind} ${metadata.name}`);
      if (kind !== 'Deployment') continue;
      const { template, selector } = spec as { template: KubeObject; selector: { matchLabels: object } };
      assert.equal(template.metadata.labels?.['team'], 'ops');
      assert.equal(template.metadata.annotations?.['contact'], 'ops@example.com');
      // It is immutable.
      assert.deepEqual(Object.keys(selector.matchLabels), ['app.kubernetes.io/name', 'app.kubernetes.io/instance']);
    }
  });

  test('arguments, variables, volumes, priority and pull secrets reach the pods', async () => {
    const pod = podOf(await render(everything));
    const [container = assert.fail()] = pod.containers;
    assert.equal(container.args.at(-1), '--admin-port=8080');
    assert.ok(container.env.some(({ name }) => name === 'HTTPS_PROXY'));
    assert.deepEqual(
      pod.volumes?.map(({ name }) => name),
      ['tls', 'ca'],
    );
    assert.deepEqual(
      container.volumeMounts?.map(({ name }) => name),
      ['tls', 'ca'],
    );
    assert.equal(pod.priorityClassName, 'system-cluster-critical');
    assert.deepEqual(pod.imagePullSecrets, [{ name: 'registry' }]);
  });

  test('an account that exists is used, and none is made', async () => {
    const objects = await render({ serviceAccount: { create: false, name: 'mine' } });
    assert.deepEqual(of(objects, 'ServiceAccount'), []);
    assert.equal(podOf(objects).serviceAccountName, 'mine');
    await assert.rejects(render({ serviceAccount: { create: false } }), /serviceAccount\.name is required/);
  });

  test('no two releases share the name of a cluster-wide object', async () => {
    const clusterWide = async (release: string, namespace: string): Promise<string[]> => {
      const rendered = await helm('template', release, chart, '--namespace', namespace);
      return loadAll(rendered)
        .filter(isKubeObject)
        .filter(({ kind, metadata }) => metadata.namespace === undefined && kind !== 'CustomResourceDefinition')
        .map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    };
    const releases = [
      ['a-b', 'c'],
      ['a', 'b-c'],
      ['a.b', 'view'],
      ['a', 'view'],
      ['appserver-operator', 'view'],
      ['appserver-operator-view', 'ops'],
      ['appserver-operator', 'ops'],
    ] as const;
    const names = (await Promise.all(releases.map(([release, namespace]) => clusterWide(release, namespace)))).flat();
    assert.deepEqual(
      names.filter((name, i) => names.indexOf(name) !== i),
      [],
    );
  });

  test('every value is in the schema and in the README', () => {
    const known = load(readFileSync(join(chart, 'values.yaml'), 'utf8')) as Record<string, unknown>;
    const { properties } = JSON.parse(readFileSync(join(chart, 'values.schema.json'), 'utf8')) as {
      properties: Record<string, unknown>;
    };
    const readme = readFileSync(join(chart, 'README.md'), 'utf8');
    for (const key of Object.keys(known)) {
      assert.ok(key in properties, `${key} in values.schema.json`);
      assert.ok(readme.includes(`\`${key}`), `${key} in README.md`);
    }
  });
});
