// What is left to others: the number of pods to an autoscaler of the user's, labels to the AppServer, the way of a rollout.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResourceType } from '../../src/kube/index.ts';
import { appServerType, childTypes } from '../../src/operator/model/kinds.ts';
import { OperatorProcess } from '../harness/operator-process.ts';
import { World } from './world.ts';

interface DeploymentSpec {
  readonly template: object;
  readonly replicas: number;
  readonly strategy: { readonly type: string; readonly rollingUpdate?: object };
}

async function deployment(world: World): Promise<DeploymentSpec> {
  const [found] = await world.list(childTypes.Deployment);
  assert.ok(found);
  return found['spec'] as DeploymentSpec;
}

const replicas = async (world: World): Promise<number> => (await deployment(world)).replicas;

const scale = (world: World, type: ResourceType, to: number): Promise<void> =>
  world.edit(type, 'shop', { spec: { replicas: to } }, 'scale');

test('an autoscaler that targets the Deployment sets its number of replicas, and one that targets the AppServer its own', async () => {
  await using world = await World.create('scaled');
  await using operator = new OperatorProcess({ adminPort: 8090, flags: ['--no-leader-elect'] });
  await operator.says('leading');

  await world.add('shop', { replicas: 3 });
  await world.becomesRight(10_000);
  await scale(world, appServerType, 4);
  await world.becomesRight(10_000);
  assert.equal(await replicas(world), 4, "the AppServer's number is the Deployment's");

  await world.change('shop', { scaleTarget: 'Deployment' });
  await world.becomesRight(10_000);
  assert.equal(await replicas(world), 4, 'nothing is reset when the number is let go');
  await scale(world, childTypes.Deployment, 9);
  await world.change('shop', { rollout: { revisionHistoryLimit: 3 }, image: 'registry.example.com/shop:2' });
  await world.becomesRight(10_000);
  assert.equal(await replicas(world), 9, "the autoscaler's number stays");

  await world.change('shop', { scaleTarget: null });
  await world.becomesRight(10_000);
  assert.equal(await replicas(world), 4, "the AppServer's number again");
});

test('a rollout that recreates can be asked for, and be taken back', async () => {
  await using world = await World.create('recreated');
  await using operator = new OperatorProcess({ adminPort: 8090, flags: ['--no-leader-elect'] });
  await operator.says('leading');
  await world.add('shop');
  await world.becomesRight(10_000);
  await world.change('shop', { rollout: { strategy: 'Recreate' } });
  await world.becomesRight(10_000);
  assert.deepEqual((await deployment(world)).strategy, { type: 'Recreate' });
  await world.change('shop', { rollout: { strategy: null } });
  await world.becomesRight(10_000);
  assert.equal((await deployment(world)).strategy.type, 'RollingUpdate');
});

test('labels of the AppServer come to its children, and go with it', async () => {
  await using world = await World.create('labelled');
  await using operator = new OperatorProcess({ adminPort: 8090, flags: ['--no-leader-elect'] });
  await operator.says('leading');
  await world.add('shop');
  await world.becomesRight(10_000);
  const { template } = await deployment(world);
  for (const team of ['web', 'data', null]) {
    await world.edit(appServerType, 'shop', { metadata: { labels: { team, 'helm.sh/chart': 'shop-1' } } });
    await world.becomesRight(10_000);
    const [found] = await world.list(childTypes.Deployment);
    assert.equal(found?.metadata.labels?.['team'], team ?? undefined);
    assert.equal(found?.metadata.labels?.['helm.sh/chart'], undefined);
    assert.deepEqual((await deployment(world)).template, template, 'no pod is replaced');
  }
});
