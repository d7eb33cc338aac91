// How Argo CD and kstatus assess AppServers as the operator reports them, and what Argo CD's actions change. The scripts are
// those of the ready ConfigMap, run as Argo CD runs them; kstatus is the library that Flux uses.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { load } from 'js-yaml';
import { z } from 'zod';
import { run } from '../cluster/command.ts';
import { binDir, repository } from '../cluster/layout.ts';
import { recorded } from './recorded.ts';

const configMap = z
  .object({ data: z.record(z.string(), z.string()) })
  .parse(load(readFileSync(join(repository, 'gitops/argocd/argocd-cm.yaml'), 'utf8')));
const customization = (of: string): string => {
  const found = configMap.data[`resource.customizations.${of}.appserver.dev_AppServer`];
  assert.ok(found, of);
  return found;
};
const actions = z
  .object({
    'discovery.lua': z.string(),
    definitions: z.array(z.object({ name: z.string(), 'action.lua': z.string() })),
  })
  .parse(load(customization('actions')));

const lines = (objects: readonly object[]): string => objects.map((one) => `${JSON.stringify(one)}\n`).join('');

/** What a script returns for each object. */
async function lua<T>(script: string, objects: readonly object[], returned: z.ZodType<T>): Promise<T[]> {
  const file = join(mkdtempSync(join(tmpdir(), 'argocd-')), 'script.lua');
  writeFileSync(file, script);
  const output = await run([join(binDir, 'argocd-lua'), file], { input: lines(objects) });
  return output
    .trim()
    .split('\n')
    .map((line) => returned.parse(JSON.parse(line)));
}

describe('an AppServer when', () => {
  const health = z.object({ status: z.string(), message: z.string().min(1) });
  let argoCd: readonly z.output<typeof health>[];
  let kstatus: readonly string[];

  before(async () => {
    const resources = recorded.map(({ resource }) => resource);
    argoCd = await lua(customization('health'), resources, health);
    kstatus = (await run([join(binDir, 'kstatus')], { input: lines(resources) })).trim().split('\n');
  });

  for (const [i, { when, ...expected }] of recorded.entries()) {
    test(`${when} is ${expected.argocd} to Argo CD and ${expected.kstatus} to kstatus`, () => {
      assert.equal(argoCd[i]?.status, expected.argocd, argoCd[i]?.message ?? 'no answer');
      assert.equal(kstatus[i], expected.kstatus);
    });
  }
});

describe('Argo CD offers of an AppServer', () => {
  const cases: Record<string, [spec: object, enabled: string[]]> = {
    'that rolls out to restart it, and to pause it': [{}, ['pause', 'restart']],
    'whose rollout is not paused to restart it, and to pause it': [
      { rollout: { paused: false } },
      ['pause', 'restart'],
    ],
    'whose rollout is paused to resume it': [{ rollout: { paused: true } }, ['resume']],
  };
  for (const [name, [spec, enabled]] of Object.entries(cases)) {
    test(name, async () => {
      const offered = z.record(z.string(), z.object({ disabled: z.boolean(), iconClass: z.string() }));
      const [found = {}] = await lua(actions['discovery.lua'], [{ spec }], offered);
      assert.deepEqual(Object.keys(found).toSorted(), actions.definitions.map(({ name: one }) => one).toSorted());
      const usable = Object.entries(found).flatMap(([action, { disabled }]) => (disabled ? [] : [action]));
      assert.deepEqual(usable.toSorted(), enabled);
    });
  }
});

describe('the action of Argo CD', () => {
  const withoutRollout = {
    apiVersion: 'appserver.dev/v1alpha1',
    kind: 'AppServer',
    metadata: { name: 'shop', generation: 3 },
    // With an empty object and an empty list, which are the same to Lua.
    spec: { image: 'shop:1', proxy: {}, restartOn: [] },
    status: { observedGeneration: 3, conditions: [] },
  };
  const withRollout = (rollout: object): object => ({ ...withoutRollout, spec: { ...withoutRollout.spec, rollout } });
  const act = async (name: string, object: object): Promise<z.output<typeof result>> => {
    const script = actions.definitions.find((one) => one.name === name)?.['action.lua'] ?? '';
    const [changed] = await lua(script, [object], result);
    assert.ok(changed);
    return changed;
  };
  const result = z.looseObject({ spec: z.looseObject({}) });

  test('resume takes away what pauses the rollout, and nothing else', async () => {
    assert.deepEqual(
      await act('resume', withRollout({ maxSurge: '25%', paused: true })),
      withRollout({ maxSurge: '25%' }),
    );
    assert.deepEqual(await act('resume', withoutRollout), withoutRollout);
  });

  test('pause pauses the rollout, and changes nothing else', async () => {
    assert.deepEqual(await act('pause', withoutRollout), withRollout({ paused: true }));
    assert.deepEqual(await act('pause', withRollout({ maxSurge: 1 })), withRollout({ maxSurge: 1, paused: true }));
  });

  test('restart dates the pods, beside the annotations that they have, and changes nothing else', async () => {
    const podTemplate = { metadata: { annotations: { 'checksum/config': 'x' } }, spec: {} };
    const annotated = { ...withoutRollout, spec: { ...withoutRollout.spec, podTemplate } };
    for (const object of [withoutRollout, annotated]) {
      const changed = await act('restart', object);
      const restarted = z
        .object({ podTemplate: z.object({ metadata: z.object({ annotations: z.record(z.string(), z.string()) }) }) })
        .parse(changed.spec).podTemplate.metadata.annotations;
      const { 'kubectl.kubernetes.io/restartedAt': at = '', ...others } = restarted;
      assert.match(at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      assert.deepEqual(others, object === withoutRollout ? {} : podTemplate.metadata.annotations);
      const { podTemplate: _, ...rest } = changed.spec;
      assert.deepEqual({ ...changed, spec: rest }, withoutRollout);
    }
  });
});
