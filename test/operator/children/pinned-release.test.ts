// What a new operator does to pods that are there: nothing.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { repository } from '../../../e2e/cluster/layout.ts';
import type { KubeObject } from '../../../src/kube/index.ts';
import { stamped } from '../../../src/operator/children/stamp.ts';
import { newestLayout, type Layout } from '../../../src/operator/model/layout.ts';
import type { OwnRelease } from '../../../src/operator/model/release.ts';
import { childrenIn, appServer, facts, stored, type Given } from '../../builders.ts';
import { examples } from '../examples.ts';

/** As the version before, and so its Deployments, have it. */
const old: OwnRelease = {
  runtimeImage: 'registry.example.com/runtime:0.2.0',
  runtimeImagePullPolicy: undefined,
  proxyImage: 'nginx:1.28',
  layout: 1,
  earlierImages: new Set(),
};
const next: OwnRelease = { ...old, runtimeImage: 'registry.example.com/runtime:0.3.0', layout: newestLayout };

function childBy(release: OwnRelease, spec: object, rest: Given = {}, kind = 'Deployment'): KubeObject {
  const given = { app: appServer(spec), release, ...rest };
  const found = childrenIn(facts(given)).find((child) => child.kind === kind);
  assert.ok(found);
  return stored(stamped(found));
}

const deploymentBy = (release: OwnRelease, spec: object, children: readonly KubeObject[] = []): KubeObject =>
  childBy(release, spec, { children });

interface PodTemplate {
  readonly spec: {
    readonly serviceAccountName: string;
    readonly initContainers: readonly { image: string }[];
    readonly containers: { image: string }[];
  };
}

const template = (deployment: KubeObject): PodTemplate => (deployment['spec'] as { template: PodTemplate }).template;

const runtimeImage = (deployment: KubeObject): string | undefined => template(deployment).spec.initContainers[0]?.image;

const annotated = (deployment: KubeObject, annotations: Record<string, string>): KubeObject => ({
  ...deployment,
  metadata: { ...deployment.metadata, annotations: { ...deployment.metadata.annotations, ...annotations } },
});

/** As the admission of a cluster makes it, at once or later. */
const mirrored = (deployment: KubeObject): KubeObject => {
  const changed = structuredClone(deployment);
  const [app] = template(changed).spec.containers;
  assert.ok(app);
  app.image = `mirror.example.com/${app.image}`;
  return changed;
};

const scaledTo = (deployment: KubeObject, replicas: number): KubeObject => ({
  ...deployment,
  spec: { ...(deployment['spec'] as object), replicas },
});

describe('the release of pods under a new operator', () => {
  const before = deploymentBy(old, {});
  const behind = deploymentBy(old, { proxy: {} });
  const nowAt2 = deploymentBy(next, {});
  const later: OwnRelease = { ...next, runtimeImage: 'registry.example.com/runtime:0.3.1' };

  const cases: Record<string, { operator?: OwnRelease; spec?: object; observed: KubeObject; want: OwnRelease }> = {
    'stays when nothing has changed': { observed: before, want: old },
    'stays when a change replaces no pods': {
      spec: { replicas: 5, workers: { count: 7 } },
      observed: before,
      want: old,
    },
    'stays when somebody has edited the Deployment': { observed: mirrored(before), want: old },
    'stays when admission has changed what the version before wrote, and a change replaces no pods': {
      spec: { replicas: 5, rollout: { maxSurge: 1 } },
      observed: mirrored(before),
      want: old,
    },
    'stays when admission has changed the Deployment, and a change replaces no pods': {
      spec: { replicas: 5 },
      operator: {
        ...later,
        runtimeImage: 'registry.example.com/runtime:0.3.0-1',
        earlierImages: new Set([next.runtimeImage]),
      },
      observed: mirrored(nowAt2),
      want: next,
    },
    'stays when somebody scales what admission has changed': {
      observed: scaledTo(mirrored(before), 7),
      want: old,
    },
    'stays when an autoscaler is asked for where admission has changed the Deployment': {
      spec: { autoscaling: { maxReplicas: 9 }, resources: { requests: { cpu: '1' } } },
      observed: mirrored(deploymentBy(old, { resources: { requests: { cpu: '1' } } })),
      want: old,
    },
    'stays when the Deployment is given labels and annotations where admission has changed it': {
      spec: { deployment: { labels: { team: 'web' }, annotations: { note: 'x' } } },
      observed: mirrored(before),
      want: old,
    },
    'stays when an autoscaler targets the Deployment where admission has changed it': {
      spec: { scaleTarget: 'Deployment' },
      observed: mirrored(before),
      want: old,
    },
    'stays when the autoscaler goes where admission has changed the Deployment': {
      spec: { resources: { requests: { cpu: '1' } } },
      observed: mirrored(deploymentBy(old, { autoscaling: { maxReplicas: 9 }, resources: { requests: { cpu: '1' } } })),
      want: old,
    },
    'stays when the operator is not told the pull policy any more': {
      observed: deploymentBy({ ...old, runtimeImagePullPolicy: 'Always' }, {}),
      want: { ...old, runtimeImagePullPolicy: 'Always' },
    },
    'stays when the nginx of the operator changes and the AppServer names its own': {
      spec: { proxy: { image: 'nginx:mine' } },
      operator: { ...next, proxyImage: 'nginx:1.30' },
      observed: deploymentBy(old, { proxy: { image: 'nginx:mine' } }),
      want: old,
    },
    'stays when podTemplate repeats what only the layout of these pods sets': {
      spec: { podTemplate: { spec: { serviceAccountName: 'shop' } } },
      observed: deploymentBy(old, { podTemplate: { spec: { serviceAccountName: 'shop' } } }),
      want: old,
    },
    'stays when the operator is told another pull policy': {
      operator: { ...next, runtimeImagePullPolicy: 'Always' },
      observed: before,
      want: old,
    },
    'stays behind an nginx, and so does the nginx': {
      spec: { proxy: {} },
      operator: { ...next, proxyImage: 'nginx:1.30', earlierImages: new Set(['nginx:1.28']) },
      observed: behind,
      want: old,
    },
    'is the new one when a change replaces the pods': {
      spec: { image: 'registry.example.com/shop:2' },
      observed: before,
      want: next,
    },
    'is the new one when it is asked for': { spec: { runtime: { upgrade: 'now' } }, observed: before, want: next },
    'is the new one where the image on the Deployment is a foreign one': {
      observed: annotated(before, { 'appserver.dev/runtime-image': 'evil.example.com/runtime:0.2.0' }),
      want: next,
    },
    'is the new one where the image on the Deployment is of an unknown version': {
      observed: annotated(before, { 'appserver.dev/runtime-image': 'registry.example.com/runtime:0.0.9' }),
      want: next,
    },
    'is the new one where the image on the Deployment has a digest that nobody has named': {
      observed: annotated(before, { 'appserver.dev/runtime-image': 'registry.example.com/runtime@sha256:0123' }),
      want: next,
    },
    'is the new one where the layout on the Deployment is unknown': {
      observed: annotated(before, { 'appserver.dev/layout': '99' }),
      want: next,
    },
    'is the new one where the image of nginx on the Deployment is a foreign one': {
      spec: { proxy: {} },
      observed: annotated(behind, { 'appserver.dev/proxy-image': 'evil.example.com/nginx' }),
      want: next,
    },
  };
  for (const [name, { operator = next, spec = {}, observed, want }] of Object.entries(cases)) {
    test(name, () => {
      const found = deploymentBy(operator, spec, [observed]);
      assert.deepEqual(template(found).spec, template(deploymentBy(want, spec)).spec);
    });
  }

  test('has the image that was named where a digest is', () => {
    const digest = 'registry.example.com/runtime@sha256:0123';
    const observed = deploymentBy({ ...old, runtimeImage: digest }, {});
    const operator = { ...next, earlierImages: new Set([digest]) };
    assert.equal(runtimeImage(deploymentBy(operator, {}, [observed])), digest);
  });

  const images: Record<string, string> = {
    'registry.example.com/runtime:0.2.0': 'registry.example.com/runtime:0.3.0',
    'registry.example.com:5000/runtime:0.2.0': 'registry.example.com:5000/runtime',
    'runtime:0.2.0': 'runtime@sha256:0123',
  };
  for (const [expected, image] of Object.entries(images)) {
    test(`is ${expected} where 0.2.0 is asked for and the operator has ${image}`, () => {
      const spec = { runtime: { version: '0.2.0' } };
      assert.equal(runtimeImage(deploymentBy({ ...next, runtimeImage: image }, spec, [before])), expected);
    });
  }

  test('keeps its layout where its runtime is asked for by name', () => {
    const spec = { runtime: { version: '0.2.0' } };
    const observed = deploymentBy(old, spec);
    assert.deepEqual(template(deploymentBy(next, spec, [observed])), template(observed));
  });

  test('that is taken back is taken back', () => {
    const after = deploymentBy(next, { image: 'registry.example.com/shop:2' }, [before]);
    assert.deepEqual(template(deploymentBy(old, {}, [after])), template(before));
  });

  test('takes the account of its layout with it', () => {
    const account = (children: readonly KubeObject[], spec: object): string =>
      childBy(next, spec, { children }, 'ServiceAccount').metadata.name;
    assert.equal(account([before], {}), 'shop');
    assert.equal(template(before).spec.serviceAccountName, 'shop');
    assert.equal(account([before], { image: 'registry.example.com/shop:2' }), 'shop.appserver');
    assert.equal(account([], {}), 'shop.appserver');
  });
});

describe('pods of released versions', () => {
  const dir = join(repository, 'test/operator/golden');
  /** As all of the files have it. */
  const asWritten = { ...old, runtimeImage: 'registry.example.com/runtime:0.1.0' };
  const layouts: Readonly<Record<string, Layout>> = { '0.1.0.json': 1, '0.2.0.json': 2, '0.3.0.json': 3 };
  for (const file of readdirSync(dir)) {
    const golden = JSON.parse(readFileSync(join(dir, file), 'utf8')) as Record<string, unknown>;
    test(`what ${file.replace('.json', '')} has written is written still`, () => {
      const layout = layouts[file];
      assert.ok(layout, 'its layout is known');
      for (const [name, podTemplate] of Object.entries(golden)) {
        assert.deepEqual(
          template(deploymentBy({ ...asWritten, layout }, examples[name] ?? {})),
          podTemplate,
          `${name}: another pod template rolls the pods of everybody at an upgrade of the operator`,
        );
      }
      assert.deepEqual(Object.keys(golden), Object.keys(examples));
    });
  }
});
