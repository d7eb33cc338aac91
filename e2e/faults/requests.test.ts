// What a new AppServer costs the API server: each child once, one status, at most one event, and nothing is read.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { alwaysServed, appServerType, childTypes } from '../../src/operator/model/kinds.ts';
import { eventually } from '../harness/api.ts';
import { OperatorProcess } from '../harness/operator-process.ts';
import { World } from './world.ts';

const adminPort = 8090;
const total = 20;

interface Counts {
  readonly get: number;
  readonly patch: number;
  readonly post: number;
  readonly reconciles: number;
}

/** What the operator has counted of its own requests, watches and lists left out. */
async function counts(): Promise<Counts> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  const sum = (pattern: RegExp): number =>
    [...text.matchAll(pattern)].reduce((all, [, count]) => all + Number(count), 0);
  const of = (method: string): number =>
    sum(new RegExp(`^rest_client_requests_total\\{[^}]*method="${method}"[^}]*\\} (\\d+)`, 'gm'));
  return {
    get: of('GET'),
    patch: of('PATCH'),
    post: of('POST'),
    reconciles: sum(/^controller_runtime_reconcile_total\{[^}]*\} (\d+)/gm),
  };
}

const observedGeneration = (status: unknown): unknown =>
  typeof status === 'object' && status !== null && 'observedGeneration' in status
    ? status.observedGeneration
    : undefined;

test('a new AppServer costs a request a child, one for its status, an event and one reconcile', async () => {
  await using world = await World.create('requests');
  await using operator = new OperatorProcess({ adminPort, flags: ['--no-leader-elect'] });
  await operator.says('leading');
  // Connections, and what else is done but once.
  await world.add('first');
  await world.becomesRight(10_000);
  await delay(500);
  const before = await counts();
  for (let i = 0; i < total; i++) await world.add(`shop-${i}`);
  // The API server itself gives each a status by a default, which has observed nothing.
  await eventually('all have a status of the operator', async () => {
    const apps = await world.list(appServerType);
    return (
      apps.every(({ metadata, ...rest }) => observedGeneration(rest['status']) === metadata.generation) || undefined
    );
  });
  // Echoes of what was written have come by then.
  await delay(1_000);
  const after = await counts();
  const children = (await Promise.all([...alwaysServed].map((kind) => world.list(childTypes[kind])))).flat();
  const each = children.filter(({ metadata }) => metadata.ownerReferences?.[0]?.name === 'shop-1').length;
  assert.equal(after.patch - before.patch, total * (each + 1), 'children and status');
  assert.equal(after.post - before.post, total, 'events');
  assert.equal(after.get - before.get, 0, 'nothing is read');
  assert.equal(after.reconciles - before.reconciles, total, 'reconciles');
});
