// One ConfigMap that many AppServers use, and new content of it: they replace their pods a few at a time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { names } from '../../src/api/index.ts';
import { resourceType } from '../../src/kube/index.ts';
import { childTypes } from '../../src/operator/model/kinds.ts';
import { eventually } from '../harness/api.ts';
import { OperatorProcess } from '../harness/operator-process.ts';
import { World } from './world.ts';

const configMapType = resourceType('v1', 'ConfigMap');
const apps = 12;
/** At a time: a namespace has half of the places. */
const limit = 3;

async function replaced(world: World): Promise<string[]> {
  const deployments = await world.list(childTypes.Deployment);
  return deployments
    .filter((one) => JSON.stringify(one['spec']).includes(names.contentsHashAnnotation))
    .map(({ metadata }) => metadata.name);
}

/** As the Deployment's controller would once all pods are of the new revision. */
async function settle(world: World, name: string): Promise<void> {
  const found = (await world.list(childTypes.Deployment)).find(({ metadata }) => metadata.name === name);
  const status = { observedGeneration: found?.metadata.generation, replicas: 2, updatedReplicas: 2, readyReplicas: 2 };
  await world.edit(childTypes.Deployment, name, { status: { ...status, availableReplicas: 2 } }, 'status');
}

test('new content of what many use replaces the pods of a few AppServers at a time', async () => {
  await using world = await World.create('restart');
  const flags = ['--no-leader-elect', `--restart-limit=${2 * limit}`];
  await using operator = new OperatorProcess({ adminPort: 8090, flags });
  await operator.says('leading');
  await world.put(configMapType, 'ca', { data: { bundle: 'old' } });
  for (let i = 0; i < apps; i++) await world.add(`app-${i}`, { envFrom: [{ configMapRef: { name: 'ca' } }] });
  await world.add('other', { envFrom: [{ configMapRef: { name: 'none', optional: true } }] });
  await world.becomesRight(30_000);
  assert.deepEqual(await replaced(world), [], 'a first look replaces nothing');

  await world.edit(configMapType, 'ca', { metadata: { labels: { team: 'web' } } });
  await world.edit(configMapType, 'ca', { data: { bundle: 'new' } });
  const through = new Set<string>();
  while (through.size < apps) {
    const expected = Math.min(through.size + limit, apps);
    const now = await eventually(`${expected} AppServers begin`, async () => {
      const found = await replaced(world);
      assert.ok(found.length <= expected, `${found.length} have begun while ${through.size} are through`);
      return found.length === expected ? found : undefined;
    });
    const next = now.find((name) => !through.has(name));
    assert.ok(next);
    through.add(next);
    await settle(world, next);
  }
  assert.ok(!(await replaced(world)).includes('other'));
  await world.becomesRight(10_000);
});
