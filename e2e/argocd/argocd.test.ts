// Argo CD's own code over what e2e/gitops shows with less: the health of recorded AppServers, its actions, and whether any of
// its ways to compare sees a difference between a manifest and what is stored. Building it takes minutes, hence the suite of
// its own.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { join } from 'node:path';
import { z } from 'zod';
import { argoCd } from '../../scripts/argocd-program.ts';
import { ensureDefinitions } from '../../scripts/definitions.ts';
import type { KubeObject } from '../../src/kube/index.ts';
import { run } from '../cluster/command.ts';
import { repository } from '../cluster/layout.ts';
import { manifests, objectsOf } from '../gitops/manifests.ts';
import { recorded } from '../gitops/recorded.ts';
import { kubeconfig, get, types } from '../harness/api.ts';
import { namespace } from '../harness/appserver.ts';
import { installDefinitions, removeDefinitions } from '../harness/definitions.ts';
import { kubectl } from '../harness/operator.ts';

const configMap = join(repository, 'gitops/argocd/argocd-cm.yaml');

async function ask<T>(args: readonly string[], lines: readonly object[], answer: z.ZodType<T>): Promise<T[]> {
  const input = lines.map((one) => `${JSON.stringify(one)}\n`).join('');
  const output = await run([argoCd, ...args], { input, env: { KUBECONFIG: kubeconfig } });
  return output
    .trim()
    .split('\n')
    .map((line) => answer.parse(JSON.parse(line)));
}

describe('to Argo CD, an AppServer when', () => {
  let found: readonly { status: string }[];
  before(async () => {
    const resources = recorded.map(({ resource }) => resource);
    found = await ask(['health', configMap], resources, z.object({ status: z.string() }));
  });
  for (const [i, { when, argocd }] of recorded.entries()) {
    test(`${when} is ${argocd}`, () => assert.equal(found[i]?.status, argocd));
  }
});

describe('the actions of Argo CD', () => {
  const offered = z.array(z.looseObject({ name: z.string(), disabled: z.boolean().default(false) }));
  const object = z.looseObject({ spec: z.looseObject({}) });
  const { apiVersion } = types.AppServer;
  const paused = (is: boolean): object => ({
    apiVersion,
    kind: 'AppServer',
    metadata: { name: 'shop', namespace: 'web' },
    spec: { image: 'shop:1', restartOn: [], proxy: {}, rollout: { maxSurge: '25%', ...(is && { paused: true }) } },
  });

  test('are offered when there is something to do', async () => {
    const found = await ask(['actions', configMap], [paused(false), paused(true)], offered);
    const usable = found.map((all) => all.flatMap(({ name, disabled }) => (disabled ? [] : [name])).toSorted());
    assert.deepEqual(usable, [['pause', 'restart'], ['resume']]);
  });

  test('pause and resume change nothing else', async () => {
    assert.deepEqual(await ask(['action', configMap, 'pause'], [paused(false)], object), [paused(true)]);
    assert.deepEqual(await ask(['action', configMap, 'resume'], [paused(true)], object), [paused(false)]);
  });

  test('restart adds an annotation to the pods', async () => {
    const [restarted] = await ask(['action', configMap, 'restart'], [paused(false)], object);
    const annotations = z.object({ 'kubectl.kubernetes.io/restartedAt': z.iso.datetime() });
    z.object({ podTemplate: z.object({ metadata: z.object({ annotations }) }) }).parse(restarted?.spec);
  });
});

describe('Argo CD sees no difference', { concurrency: 1 }, () => {
  before(async () => {
    await ensureDefinitions();
    await installDefinitions();
  });
  after(() => removeDefinitions());

  const applied: Record<string, readonly string[]> = {
    'kubectl apply': [],
    'server-side apply': ['--server-side', '--field-manager=argocd-controller'],
  };
  for (const path of manifests) {
    for (const [how, flags] of Object.entries(applied)) {
      test(`after ${how} of ${path}`, async () => {
        await using ns = await namespace();
        await kubectl('apply', ...flags, '-n', ns.name, '-f', join(repository, path));
        for (const one of objectsOf(path).filter(({ kind }) => kind === 'AppServer')) {
          const config = { ...one, metadata: { ...one.metadata, namespace: ns.name } } satisfies KubeObject;
          const live = await get(types.AppServer, ns.name, one.metadata.name);
          assert.ok(live);
          const differences = await ask(['diff'], [{ config, live }], z.record(z.string(), z.unknown()));
          assert.deepEqual(differences, [{}]);
        }
      });
    }
  }
});
