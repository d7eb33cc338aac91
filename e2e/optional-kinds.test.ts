// Kinds that a cluster may or may not know, with the definitions that their projects publish.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { resourceType } from '../src/kube/index.ts';
import { eventually, get, merge, types } from './harness/api.ts';
import { appServer, create, namespace, untilReady, untilReason } from './harness/appserver.ts';
import { installDefinitions, removeDefinitions } from './harness/definitions.ts';
import { installOperator, kubectl } from './harness/operator.ts';

const httpRoutes = resourceType('gateway.networking.k8s.io/v1', 'HTTPRoute');
const podMonitors = resourceType('monitoring.coreos.com/v1', 'PodMonitor');
const serviceMonitors = resourceType('monitoring.coreos.com/v1', 'ServiceMonitor');

describe('kinds that the cluster may not know', () => {
  before(async () => {
    await removeDefinitions();
    await installOperator();
  });
  after(() => removeDefinitions());

  test('are made when their definitions come, and missed when asked for in vain', async () => {
    await using ns = await namespace();
    const spec = {
      replicas: 1,
      httpRoute: { parentRefs: [{ name: 'public' }], hostnames: ['shop.example'] },
      monitoring: { labels: { team: 'web' } },
    };
    await create(appServer(ns.name, spec));
    const missing = await untilReason(ns.name, 'CRDNotInstalled');
    assert.match(missing.message, /spec\.httpRoute requires the Gateway API/);

    await installDefinitions(['HTTPRoute']);
    const route = await eventually('the route', () => get(httpRoutes, ns.name, 'shop'));
    assert.deepEqual((route['spec'] as { hostnames: string[] }).hostnames, ['shop.example']);
    await untilReady(ns.name);
    assert.equal((await get(types.Deployment, ns.name, 'shop'))?.metadata.generation, 1, 'no pod was replaced for it');

    await installDefinitions(['PodMonitor']);
    const monitor = await eventually('the monitor', () => get(podMonitors, ns.name, 'shop'));
    assert.equal(monitor.metadata.labels?.['team'], 'web');
    await kubectl(
      'patch',
      'httproute',
      'shop',
      '-n',
      ns.name,
      '--type=merge',
      '-p',
      '{"spec":{"hostnames":["x.example"]}}',
    );
    await eventually('repaired', async () => {
      const found = await get(httpRoutes, ns.name, 'shop');
      return JSON.stringify(found?.['spec']).includes('shop.example') ? true : undefined;
    });

    await installDefinitions(['ServiceMonitor']);
    await merge(types.AppServer, ns.name, 'shop', { spec: { monitoring: { kind: 'ServiceMonitor' } } });
    await eventually('the other kind of monitor', () => get(serviceMonitors, ns.name, 'shop'));
    await eventually('pruned', async () =>
      (await get(podMonitors, ns.name, 'shop')) === undefined ? true : undefined,
    );

    await removeDefinitions(['HTTPRoute']);
    await untilReason(ns.name, 'CRDNotInstalled');
    await merge(types.AppServer, ns.name, 'shop', { spec: { httpRoute: null } });
    await untilReady(ns.name);
  });

  test('are made with rights in the named namespaces alone, where no definition may be watched', async () => {
    await using ns = await namespace();
    await installDefinitions(['HTTPRoute', 'PodMonitor']);
    await installOperator('--set', `watchNamespaces={${ns.name}}`);
    const httpRoute = { parentRefs: [{ name: 'public' }], hostnames: ['shop.example'] };
    await create(appServer(ns.name, { replicas: 1, httpRoute, monitoring: {} }));
    await eventually('the route', () => get(httpRoutes, ns.name, 'shop'));
    await eventually('the monitor', () => get(podMonitors, ns.name, 'shop'));
    await untilReady(ns.name);
  });
});
