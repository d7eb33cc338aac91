// One namespace that keeps the operator as busy as it can, and another that knows nothing of it.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { applyAs, eventually, get, merge, types } from './harness/api.ts';
import { appServer, create, namespace, restricted } from './harness/appserver.ts';
import { installOperator } from './harness/operator.ts';

/** Milliseconds until an AppServer that is created now has its Deployment. */
async function untilDeployed(inNamespace: string, name: string): Promise<number> {
  const started = performance.now();
  await create(appServer(inNamespace, { replicas: 0 }, name));
  await eventually(`Deployment ${name}`, () => get(types.Deployment, inNamespace, name));
  return performance.now() - started;
}

/** Milliseconds that somebody takes who applies as many objects by hand, under the same noise. */
async function untilApplied(inNamespace: string, name: string): Promise<number> {
  const started = performance.now();
  const metadata = { name, namespace: inNamespace };
  for (const one of ['account', 'runtime', 'live']) {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...metadata, name: `${name}-${one}` } };
    await applyAs(types.ConfigMap, object);
  }
  const labels = { app: name };
  const containers = [{ name: 'app', image: 'registry.example.com/app' }];
  const spec = {
    replicas: 0,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers } },
  };
  const { apiVersion, kind } = types.Deployment;
  await applyAs(types.Deployment, { apiVersion, kind, metadata, spec });
  await eventually(`Deployment ${name}`, () => get(types.Deployment, inNamespace, name));
  return performance.now() - started;
}

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0;

before(() => installOperator());

test('an application that is created is there soon, however fast somebody changes others elsewhere', async (context) => {
  await using noisy = await namespace(restricted);
  await using quiet = await namespace(restricted);
  const stop = new AbortController();
  let patches = 0;
  const noise = Array.from({ length: 12 }, async (_, i) => {
    const name = `noise-${i}`;
    await create(appServer(noisy.name, { replicas: 0 }, name));
    for (let round = 0; !stop.signal.aborted; round++) {
      await merge(types.AppServer, noisy.name, name, { spec: { env: [{ name: 'ROUND', value: String(round) }] } });
      patches++;
    }
  });
  await delay(5_000);
  const deployed: number[] = [];
  const applied: number[] = [];
  for (let i = 0; i < 5; i++) {
    deployed.push(await untilDeployed(quiet.name, `shop-${i}`));
    applied.push(await untilApplied(quiet.name, `bare-${i}`));
  }
  stop.abort();
  await Promise.all(noise);
  const figures = `deployed after ${deployed.map(Math.round).join(', ')} ms, applied after ${applied.map(Math.round).join(', ')} ms, beside ${patches} patches`;
  context.diagnostic(figures);
  assert.ok(median(deployed) <= 2 * median(applied), figures);
});
