// A cluster whose Gateway API is older than the version that the operator uses.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reasons } from '../../src/api/index.ts';
import { path, resourceType } from '../../src/kube/index.ts';
import { client, destroy, eventually } from '../harness/api.ts';
import { OperatorProcess } from '../harness/operator-process.ts';
import { World } from './world.ts';

const definitions = resourceType('apiextensions.k8s.io/v1', 'CustomResourceDefinition');
const name = 'httproutes.gateway.networking.k8s.io';

async function defineHttpRoutes(version: string): Promise<AsyncDisposable> {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  await client.json({
    method: 'POST',
    path: path(definitions),
    body: {
      apiVersion: definitions.apiVersion,
      kind: definitions.kind,
      metadata: {
        name,
        annotations: { 'api-approved.kubernetes.io': 'https://github.com/kubernetes-sigs/gateway-api/pull/1538' },
      },
      spec: {
        group: 'gateway.networking.k8s.io',
        names: { plural: 'httproutes', singular: 'httproute', kind: 'HTTPRoute', listKind: 'HTTPRouteList' },
        scope: 'Namespaced',
        versions: [{ name: version, served: true, storage: true, schema }],
      },
    },
  });
  return { [Symbol.asyncDispose]: () => destroy(definitions, undefined, name) };
}

test('an operator starts where HTTPRoute is served in another version only, and says so to those that use it', async () => {
  await using _ = await defineHttpRoutes('v1beta1');
  await using world = await World.create('optional-kind');
  await using operator = new OperatorProcess({ adminPort: 8090, flags: ['--no-leader-elect'] });
  await operator.says('leading');
  await world.add('plain');
  await world.becomesRight(10_000);
  await world.add('routed', { httpRoute: { parentRefs: [{ name: 'gateway' }] } });
  const ready = await eventually('the condition', async () =>
    (await world.conditions('routed')).find(({ type }) => type === 'Ready'),
  );
  assert.equal(ready.reason, reasons.CRDNotInstalled);
});
