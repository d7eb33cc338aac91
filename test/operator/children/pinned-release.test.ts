// What a new operator does to pods that are there: nothing.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { repository } from '../../../e2e/cluster/layout.ts';
import type { KubeObject } from '../../../src/kube/index.ts';
import { desired } from '../../../src/operator/children/desired.ts';
import type { Release } from '../../../src/operator/model/facts.ts';
import { stamped } from '../../../src/operator/children/stamp.ts';
import { appServer, facts } from '../../builders.ts';
import { examples } from '../examples.ts';

const old: Release = {
  runtimeImage: 'registry.example.com/runtime:0.1.0',
  runtimeImagePullPolicy: undefined,
  proxyImage: 'nginx:1.28',
};
const next: Release = { ...old, runtimeImage: 'registry.example.com/runtime:0.2.0', proxyImage: 'nginx:1.30' };

function deploymentBy(release: Release, spec: object, children: readonly KubeObject[] = []): KubeObject {
  const found = desired(facts({ app: appServer(spec), release, children })).find(({ kind }) => kind === 'Deployment');
  assert.ok(found);
  return stamped(found);
}

interface PodTemplate {
  readonly spec: { readonly initContainers: readonly { image: string }[]; readonly containers: { image: string }[] };
}

const template = (deployment: KubeObject): PodTemplate => (deployment['spec'] as { template: PodTemplate }).template;

/** The image of the runtime that the next operator wants where this is what there is. */
function runtimeImage(spec: object, observed: KubeObject): string | undefined {
  return template(deploymentBy(next, spec, [observed])).spec.initContainers[0]?.image;
}

describe('runtime of a new operator', () => {
  const before = deploymentBy(old, {});

  const cases: Record<string, [spec: object, image: Release]> = {
    'is not for pods of which nothing has changed': [{}, old],
    'is not for pods that a change does not replace': [{ replicas: 5, workers: { count: 7 } }, old],
    'is for pods that a change replaces': [{ image: 'registry.example.com/shop:2' }, next],
    'is for all pods when asked for': [{ runtime: { upgrade: 'now' } }, next],
  };
  for (const [name, [spec, release]] of Object.entries(cases)) {
    test(name, () => assert.equal(runtimeImage(spec, before), release.runtimeImage));
  }

  const images: Record<string, string> = {
    'registry.example.com/runtime:0.1.0': 'registry.example.com/runtime:0.2.0',
    'registry.example.com:5000/runtime:0.1.0': 'registry.example.com:5000/runtime',
    'runtime:0.1.0': 'runtime@sha256:0123',
  };
  for (const [expected, image] of Object.entries(images)) {
    test(`is ${expected} where 0.1.0 is asked for and the operator has ${image}`, () => {
      const spec = { runtime: { version: '0.1.0' } };
      const found = deploymentBy({ ...next, runtimeImage: image }, spec, [before]);
      assert.equal(template(found).spec.initContainers[0]?.image, expected);
    });
  }

  test('is not what repairs a Deployment that somebody has edited', () => {
    const edited = structuredClone(before);
    const [app] = template(edited).spec.containers;
    assert.ok(app);
    app.image = 'by-hand';
    assert.deepEqual(template(deploymentBy(next, {}, [edited])), template(before));
  });

  test('is not for pods behind an nginx of which nothing has changed, nor is its nginx', () => {
    const behind = deploymentBy(old, { proxy: {} });
    assert.deepEqual(template(deploymentBy(next, { proxy: {} }, [behind])), template(behind));
  });

  test('that is taken back is taken back', () => {
    const after = deploymentBy(next, { image: 'registry.example.com/shop:2' }, [before]);
    assert.deepEqual(template(deploymentBy(old, {}, [after])), template(before));
  });
});

describe('pods of released versions', () => {
  const dir = join(repository, 'test/operator/golden');
  for (const file of readdirSync(dir)) {
    const golden = JSON.parse(readFileSync(join(dir, file), 'utf8')) as Record<string, unknown>;
    test(`what ${file.replace('.json', '')} has written is written still`, () => {
      for (const [name, podTemplate] of Object.entries(golden)) {
        assert.deepEqual(
          template(deploymentBy(old, examples[name] ?? {})),
          podTemplate,
          `${name}: another pod template rolls the pods of everybody at an upgrade of the operator`,
        );
      }
      assert.deepEqual(Object.keys(golden), Object.keys(examples));
    });
  }
});
