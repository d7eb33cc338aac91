// The AppServers that the repository shows, on an API server: each is accepted, leads to children that are accepted, and
// shows no difference to those who have applied it, however they compare.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { join } from 'node:path';
import { ensureDefinitions } from '../../scripts/definitions.ts';
import type { KubeObject } from '../../src/kube/index.ts';
import { repository } from '../cluster/layout.ts';
import { eventually, get, types } from '../harness/api.ts';
import { condition, create, namespace } from '../harness/appserver.ts';
import { installDefinitions, removeDefinitions } from '../harness/definitions.ts';
import { kubectl } from '../harness/operator.ts';
import { OperatorProcess } from '../harness/operator-process.ts';
import { documented, manifests, objectsOf } from './manifests.ts';

const fields = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Paths at which what is applied differs from what is stored, as clients see it that know no schema of a custom resource
 * (Argo CD's default): an object is compared field by field, and everything else, lists among it, as a whole.
 */
function differing(applied: unknown, stored: unknown, path: string): string[] {
  if (!fields(applied) || !fields(stored)) return isDeepStrictEqual(applied, stored) ? [] : [path];
  return Object.entries(applied).flatMap(([key, value]) => differing(value, stored[key], `${path}.${key}`));
}

/** Once the operator has written the children, or has said why not. */
async function untilObserved(inNamespace: string, name: string): Promise<KubeObject> {
  return eventually(`a status of ${name}`, async () => {
    const found = await get(types.AppServer, inNamespace, name);
    return condition(found, 'Ready') === undefined ? undefined : found;
  });
}

function assertUntroubled(found: KubeObject): void {
  for (const type of ['Stalled', 'Degraded']) {
    const one = condition(found, type);
    assert.notEqual(one?.status, 'True', one?.message ?? '');
  }
}

/** What is changed beside Git, in fields of which Git says nothing. */
const besides: Record<string, object> = {
  'a restart': {
    podTemplate: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': '2026-11-26T08:00:00Z' } } },
  },
  'a pause': { rollout: { paused: true } },
  'another number of pods': { replicas: 5 },
};

describe('of what the repository shows', { concurrency: 1 }, () => {
  let operator: OperatorProcess;
  before(async () => {
    await ensureDefinitions();
    await installDefinitions();
    operator = new OperatorProcess({ adminPort: 8090, flags: ['--no-leader-elect'] });
    await operator.says('leading');
  });
  after(async () => {
    await operator[Symbol.asyncDispose]();
    await removeDefinitions();
  });

  test('there is a manifest for each example, and complete ones', () => {
    for (const example of ['flask', 'django', 'django-async', 'express', 'fastapi', 'fastify', 'go'])
      assert.ok(manifests.includes(`examples/${example}/appserver.yaml`), example);
    assert.ok(manifests.filter((path) => path.startsWith('examples/manifests/')).length >= 4);
  });

  for (const path of manifests) {
    const file = join(repository, path);
    const names = objectsOf(path).flatMap(({ kind, metadata }) => (kind === 'AppServer' ? [metadata.name] : []));

    describe(path, () => {
      test('every field is known, and the operator makes all children', async () => {
        await using ns = await namespace();
        const warnings = await kubectl('apply', '--validate=strict', '--warnings-as-errors', '-n', ns.name, '-f', file);
        assert.doesNotMatch(warnings, /unchanged|configured/);
        for (const name of names) assertUntroubled(await untilObserved(ns.name, name));
      });

      test('kubectl apply shows no difference, before the operator has looked and after it', async () => {
        await using ns = await namespace();
        await kubectl('apply', '-n', ns.name, '-f', file);
        assert.equal(await kubectl('diff', '-n', ns.name, '-f', file), '');
        for (const name of names) await untilObserved(ns.name, name);
        assert.equal(await kubectl('diff', '-n', ns.name, '-f', file), '');
        const again = await kubectl('apply', '-n', ns.name, '-f', file);
        assert.deepEqual(
          again
            .trim()
            .split('\n')
            .filter((line) => !line.endsWith(' unchanged')),
          [],
        );
      });

      test('server-side apply shows no difference, and a second applier finds no conflict', async () => {
        await using ns = await namespace();
        const apply = (manager: string): Promise<string> =>
          kubectl('apply', '--server-side', `--field-manager=${manager}`, '-n', ns.name, '-f', file);
        const diff = (manager: string): Promise<string> =>
          kubectl('diff', '--server-side', `--field-manager=${manager}`, '-n', ns.name, '-f', file);
        await apply('argocd-controller');
        for (const name of names) await untilObserved(ns.name, name);
        assert.equal(await diff('argocd-controller'), '');
        await apply('kustomize-controller');
        assert.equal(await diff('kustomize-controller'), '');
      });

      test('a client that knows no schema sees no difference', async () => {
        await using ns = await namespace();
        await kubectl('apply', '--server-side', '-n', ns.name, '-f', file);
        for (const one of objectsOf(path).filter(({ kind }) => kind === 'AppServer')) {
          const stored = await untilObserved(ns.name, one.metadata.name);
          assert.deepEqual(differing(one, stored, one.kind), []);
        }
      });
    });
  }

  for (const [what, spec] of Object.entries(besides)) {
    test(`${what} is no difference to a repository that does not speak of it`, async () => {
      const file = join(repository, 'examples/flask/appserver.yaml');
      for (const flags of [[], ['--server-side', '--field-manager=argocd-controller']]) {
        await using ns = await namespace();
        await kubectl('apply', ...flags, '-n', ns.name, '-f', file);
        const patch = `--patch=${JSON.stringify({ spec })}`;
        await kubectl(
          'patch',
          'appserver',
          'shop',
          '--type=merge',
          '-n',
          ns.name,
          '--field-manager=argocd-server',
          patch,
        );
        assert.equal(await kubectl('diff', ...flags, '-n', ns.name, '-f', file), '');
      }
    });
  }

  for (const { where, spec } of documented) {
    test(`${where} is accepted, and the operator makes all children`, async () => {
      await using ns = await namespace();
      const { apiVersion, kind } = types.AppServer;
      await create({ apiVersion, kind, metadata: { name: 'documented', namespace: ns.name }, spec });
      assertUntroubled(await untilObserved(ns.name, 'documented'));
    });
  }
});
