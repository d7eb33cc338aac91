// What conditions and events of an AppServer say, on a real API server.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { path, resourceType } from '../../src/kube/index.ts';
import { childTypes, podType } from '../../src/operator/model/kinds.ts';
import { client, destroy, eventually } from '../harness/api.ts';
import { OperatorProcess } from '../harness/operator-process.ts';
import { untilReason, deploymentIn, tryPod, states, type Template } from './obstacles.ts';
import { World } from './world.ts';

const namespaceType = resourceType('v1', 'Namespace');
const eventType = resourceType('v1', 'Event');
const secretType = resourceType('v1', 'Secret');

let worlds = 0;
const newWorld = (): Promise<World> => World.create(`reports-${++worlds}`);

describe('an AppServer', () => {
  let operator: OperatorProcess;
  before(async () => {
    operator = new OperatorProcess({ adminPort: 8090, flags: ['--no-leader-elect'] });
    await operator.says('leading');
  });
  after(() => operator.end('SIGTERM'));

  test('a namespace that is being deleted is no reason for an alarm', async () => {
    await using world = await newWorld();
    await world.add('shop');
    await world.becomesRight(30_000);
    await destroy(namespaceType, undefined, world.namespace);
    await world.destroy(childTypes.Service, 'shop');
    const { message } = await untilReason(world, 'NamespaceTerminating');
    assert.match(message, /^Namespace \S+ is being deleted, and nothing can be created in it any more\.$/);
    assert.deepEqual(await states(world), ['Progressing', 'Reconciling']);
  });

  test('a Secret that a volume needs is named while a pod waits for it, and forgotten when it is there', async () => {
    await using world = await newWorld();
    await world.add('shop', { volumes: [{ name: 'tls', secret: { secretName: 'cert' } }] });
    assert.equal(
      await eventually('a pod is let in', async () => ((await tryPod(world)) === undefined ? true : undefined)),
      true,
    );
    const deployment = await eventually('the Deployment', () => deploymentIn(world));
    const { template } = deployment['spec'] as { template: Template };
    await world.put(podType, 'shop-1', template);
    const waiting = { name: 'app', state: { waiting: { reason: 'PodInitializing' } }, image: 'x', imageID: '' };
    const containerStatuses = [{ ...waiting, ready: false, restartCount: 0 }];
    await world.edit(podType, 'shop-1', { status: { phase: 'Pending', containerStatuses } }, 'status');
    const { message } = await untilReason(world, 'SecretNotFound');
    assert.match(
      message,
      /^Secret cert, which spec\.volumes\[tls\] needs, does not exist; create it in namespace \S+, or correct spec\.volumes\[tls\]\.$/,
    );
    await world.put(secretType, 'cert', { stringData: { 'tls.key': 'x' } });
    await untilReason(world, 'RollingOut');
    await world.destroy(podType, 'shop-1');
  });

  test('a warning of the API server about a child is an event, whose fields kubectl describe sorts by', async () => {
    await using world = await newWorld();
    await world.add('shop', { podTemplate: { spec: { nodeSelector: { 'beta.kubernetes.io/os': 'linux' } } } });
    const events = await eventually('the warning', async () => {
      const all = await world.list(eventType);
      return ['APIWarning', 'Created'].every((one) => all.some(({ reason }) => reason === one)) ? all : undefined;
    });
    const warned = events.filter(({ reason }) => reason === 'APIWarning').map(({ message }) => String(message));
    assert.equal(warned.length, 1, warned.join('\n'));
    assert.match(
      warned[0] ?? '',
      /^Deployment shop: spec\.podTemplate\.spec\.nodeSelector.*beta\.kubernetes\.io\/os.*deprecated/,
    );
    for (const { firstTimestamp, lastTimestamp, count, source, eventTime } of events) {
      assert.ok(typeof lastTimestamp === 'string' && firstTimestamp === lastTimestamp && typeof eventTime === 'string');
      assert.deepEqual([count, source], [1, { component: 'appserver-operator' }]);
    }
    const [created] = events.filter(({ reason }) => reason === 'Created').map(({ message }) => String(message));
    assert.equal(created, 'ServiceAccount, ConfigMap, Deployment, Service, PodDisruptionBudget');
  });

  test('what kubectl rollout undo has done is repaired, and the event says so', async () => {
    await using world = await newWorld();
    await world.add('shop');
    await world.becomesRight(30_000);
    const earlier = await eventually('the Deployment', () => deploymentIn(world));
    await world.change('shop', { image: 'registry.example.com/shop:2' });
    await world.becomesRight(30_000);
    const { template } = earlier['spec'] as { template: Template };
    const { annotations } = earlier.metadata;
    await client.json({
      method: 'PATCH',
      path: path(childTypes.Deployment, world.namespace, 'shop'),
      query: { fieldManager: 'kubectl-rollout' },
      body: [
        { op: 'replace', path: '/spec/template', value: template },
        { op: 'replace', path: '/metadata/annotations', value: annotations },
      ],
      contentType: 'application/json-patch+json',
    });
    await world.becomesRight(30_000);
    const repaired = await eventually('the event', async () =>
      (await world.list(eventType)).find(({ reason }) => reason === 'Repaired'),
    );
    assert.match(
      String(repaired['message']),
      /^Deployment shop \(.*spec\.template\.spec\.containers\[app\]\.image.*, changed by kubectl-rollout\)$/,
    );
  });
});
