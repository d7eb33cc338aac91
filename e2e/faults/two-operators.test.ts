// Two operators that watch the same namespaces: one acts, and the AppServer names both.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { resourceType } from '../../src/kube/index.ts';
import { appServerType, childTypes } from '../../src/operator/model/kinds.ts';
import { eventually } from '../harness/api.ts';
import { OperatorProcess } from '../harness/operator-process.ts';
import { World } from './world.ts';

const leaseType = resourceType('coordination.k8s.io/v1', 'Lease');

const flags = (id: string): string[] => [`--leader-election-id=${id}`, '--leader-election-namespace=default'];

async function untilConflict(world: World, present: boolean, timeoutMs?: number): Promise<string> {
  return eventually(
    `the condition ${present ? 'there' : 'gone'}`,
    async () => {
      const found = (await world.conditions('shop')).find(({ type }) => type === 'OperatorConflict');
      return (found !== undefined) === present ? (found?.message ?? 'gone') : undefined;
    },
    timeoutMs,
  );
}

const written = async (world: World): Promise<string[]> => {
  const all = await Promise.all([childTypes.Deployment, childTypes.Service].map((type) => world.list(type)));
  return all.flat().map(({ kind, metadata }) => `${kind} ${metadata.resourceVersion}`);
};

test('of two operators on one AppServer one acts, both are named, and the other takes over when it ends', async () => {
  await using world = await World.create('two');
  await using first = new OperatorProcess({ adminPort: 8090, flags: flags('first') });
  await first.says('leading');
  await world.add('shop');
  await world.becomesRight(10_000);
  // Whoever may write ConfigMaps cannot make it stand back, with a Lease of their own.
  const renewTime = new Date().toISOString().replace('Z', '000Z');
  await world.put(leaseType, 'mine', { spec: { holderIdentity: 'x', leaseDurationSeconds: 3_600, renewTime } });
  await world.edit(childTypes.ConfigMap, 'shop-live', {
    metadata: { annotations: { 'appserver.dev/operator': 'two/mine' } },
  });
  await world.change('shop', { service: { port: 80 }, replicas: 3 });
  await world.becomesRight(10_000);
  const before = await written(world);

  await using second = new OperatorProcess({ adminPort: 8091, flags: flags('second') });
  await second.says('leading');
  await second.says('AppServer left to another operator');
  assert.match(
    await untilConflict(world, true),
    /^The operators default\/first and default\/second both watch this AppServer; default\/first acts on it\. Let each watch/,
  );
  await world.change('shop', { service: { port: 81 } });
  await eventually('the change', async () => {
    const [service] = await world.list(childTypes.Service);
    return JSON.stringify(service?.['spec']).includes('"port":81') ? true : undefined;
  });
  await delay(1_000);
  assert.deepEqual(
    (await written(world)).filter((one) => one.startsWith('Deployment')),
    before.filter((one) => one.startsWith('Deployment')),
    'nobody writes what is as it should be',
  );

  await first.end('SIGTERM');
  await world.change('shop', { service: { port: 82 } });
  // It looks for the first one again after half a minute.
  await eventually(
    'the change by the second',
    async () => {
      const [service] = await world.list(childTypes.Service);
      return JSON.stringify(service?.['spec']).includes('"port":82') ? true : undefined;
    },
    60_000,
  );
  await untilConflict(world, false);
  assert.equal((await world.list(appServerType)).length, 1);
});

test('an operator that holds its Lease and watches other namespaces by now is not waited for', async () => {
  await using world = await World.create('split');
  {
    await using everywhere = new OperatorProcess({ adminPort: 8090, flags: flags('first') });
    await everywhere.says('leading');
    await world.add('shop');
    await world.becomesRight(10_000);
  }
  await using elsewhere = new OperatorProcess({ adminPort: 8090, flags: [...flags('first'), '--namespace=default'] });
  await elsewhere.says('leading');
  await using here = new OperatorProcess({ adminPort: 8091, flags: [...flags('second'), '--namespace=split'] });
  await here.says('leading');
  await world.change('shop', { service: { port: 81 } });
  // It waits a minute for an answer, and looks twice a minute.
  await world.becomesRight(110_000);
});
