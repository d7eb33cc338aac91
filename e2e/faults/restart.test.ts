// One ConfigMap that many AppServers use, and new content of it: they replace their pods a few at a time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { names, reasons } from '../../src/api/index.ts';
import { resourceType } from '../../src/kube/index.ts';
import { appServerType, childTypes } from '../../src/operator/model/kinds.ts';
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

const flags = ['--no-leader-elect', `--restart-limit=${2 * limit}`];
const user = { envFrom: [{ configMapRef: { name: 'ca' } }] };

async function addAll(world: World, spec: object): Promise<void> {
  await world.put(configMapType, 'ca', { data: { bundle: 'old' } });
  for (let i = 0; i < apps; i++) await world.add(`app-${i}`, { ...user, ...spec });
}

/** @param through how many of them have settled */
async function untilBegun(world: World, through: number): Promise<string[]> {
  const expected = Math.min(through + limit, apps);
  return eventually(`${expected} AppServers begin`, async () => {
    const found = await replaced(world);
    assert.ok(found.length <= expected, `${found.length} have begun while ${through} are through`);
    return found.length === expected ? found : undefined;
  });
}

test('new content of what many use replaces the pods of a few AppServers at a time', async () => {
  await using world = await World.create('restart');
  await using operator = new OperatorProcess({ adminPort: 8090, flags });
  await operator.says('leading');
  await addAll(world, {});
  await world.add('other', { envFrom: [{ configMapRef: { name: 'none', optional: true } }] });
  await world.becomesRight(30_000);
  assert.deepEqual(await replaced(world), [], 'a first look replaces nothing');

  await world.edit(configMapType, 'ca', { metadata: { labels: { team: 'web' } } });
  await world.edit(configMapType, 'ca', { data: { bundle: 'new' } });
  const through = new Set<string>();
  while (through.size < apps) {
    const now = await untilBegun(world, through.size);
    const next = now.find((name) => !through.has(name));
    assert.ok(next);
    through.add(next);
    await settle(world, next);
  }
  assert.ok(!(await replaced(world)).includes('other'));
  await world.becomesRight(10_000);
});

test('as few at a time where a child of each is refused, and after a restart of the operator', async () => {
  await using world = await World.create('restart-refused');
  // What comes after the Deployment, and is somebody else's.
  const spec = { defaultBackend: { service: { name: 'else', port: { number: 80 } } } };
  for (let i = 0; i < apps; i++) await world.put(childTypes.Ingress, `app-${i}`, { spec });
  {
    await using operator = new OperatorProcess({ adminPort: 8090, flags });
    await operator.says('leading');
    await addAll(world, { ingress: { hosts: ['shop.example.com'] } });
    await eventually('all have tried', async () => {
      const found = await world.list(appServerType);
      return found.every((one) => JSON.stringify(one['status'] ?? '').includes(reasons.NameConflict))
        ? true
        : undefined;
    });
    await world.edit(configMapType, 'ca', { data: { bundle: 'new' } });
    const begun = await untilBegun(world, 0);
    await settle(world, begun[0] ?? '');
    await untilBegun(world, 1);
    // Two more looks at each: what is refused is tried again, and nobody may lose a place by it.
    for (let look = 0; look < 2; look++) {
      for (const { metadata } of await world.list(appServerType)) {
        await world.edit(appServerType, metadata.name, { metadata: { annotations: { look: String(look) } } });
      }
    }
    await untilBegun(world, 1);
    await operator.end('SIGTERM');
  }
  await using next = new OperatorProcess({ adminPort: 8090, flags });
  await next.says('leading');
  await world.edit(configMapType, 'ca', { data: { bundle: 'newer' } });
  await untilBegun(world, 1);
});
