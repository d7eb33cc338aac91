// Whatever form the API server stores the children in, they are written once, and then neither when something makes the
// operator look again nor when it is restarted.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { alwaysServed, appServerType, childTypes } from '../../src/operator/model/kinds.ts';
import { oddNotation } from '../../test/operator/odd-notations.ts';
import { OperatorProcess } from '../harness/operator-process.ts';
import { World } from './world.ts';

const total = process.env['FAULTS'] === 'few' ? 250 : 1_000;
const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));

/** In which all would be reconciled several times over. */
const restMs = 10_000;

interface Status {
  readonly observedGeneration?: number;
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message: string }[];
}

/** Versions of all children, which each write changes. */
async function versions(world: World): Promise<string[]> {
  const all = await Promise.all([...alwaysServed].map((kind) => world.list(childTypes[kind])));
  return all.flat().map(({ kind, metadata }) => `${kind} ${metadata.name} ${metadata.resourceVersion}`);
}

/** Once each AppServer has a status of its present generation. */
async function observed(world: World): Promise<void> {
  const deadline = performance.now() + 180_000;
  for (;;) {
    const apps = await world.list(appServerType);
    const behind = apps.filter(
      ({ metadata, status }) => (status as Status | undefined)?.observedGeneration !== metadata.generation,
    );
    if (behind.length === 0) return;
    assert.ok(performance.now() < deadline, `${behind.length} have no status`);
    // A list of a thousand is dear: it would be most of what the API server does.
    await delay(1_000);
  }
}

const told = async (world: World, type: string): Promise<string[]> =>
  (await world.list(appServerType)).flatMap(({ metadata, status }) =>
    ((status as Status | undefined)?.conditions ?? [])
      .filter((one) => one.type === type && one.status === 'True')
      .map(({ message }) => `${metadata.name}: ${message}`),
  );

/** Several in flight at a time. */
async function forEach(work: (name: string, index: number) => Promise<void>): Promise<void> {
  const left = Array.from({ length: total }, (_, i) => i).values();
  const worker = async (): Promise<void> => {
    for (const index of left) await work(`odd-${index}`, index);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}

test(`${total} AppServers in every notation are written once`, async (t) => {
  t.diagnostic(`seed ${seed}`);
  await using world = await World.create('canonical');
  const specs = fc.sample(oddNotation, { numRuns: total, seed });
  let written: string[];
  {
    await using operator = new OperatorProcess({ adminPort: 8090, flags: ['--no-leader-elect'] });
    await operator.says('leading');
    await forEach(async (name, i) => world.add(name, specs[i]));
    await observed(world);
    const refused = await told(world, 'Stalled');
    t.diagnostic(`${refused.length} have a child that the API server refuses`);
    assert.ok(refused.length < total / 10, refused.slice(0, 10).join('\n'));
    written = await versions(world);
    t.diagnostic(`${written.length} children`);
    await forEach(async (name) => world.edit(appServerType, name, { metadata: { annotations: { looked: 'again' } } }));
    await delay(restMs);
    assert.deepEqual(await versions(world), written, 'another look writes nothing');
    assert.deepEqual(await told(world, 'FieldConflict'), []);
  }
  await using operator = new OperatorProcess({ adminPort: 8090, flags: ['--no-leader-elect', '--log-level=debug'] });
  await operator.says('reconciled');
  await delay(restMs);
  assert.deepEqual(await versions(world), written, 'a restart writes nothing');
  // It is at work: a change of each reaches what it is about, and nothing else.
  await forEach(async (name) => world.edit(appServerType, name, { spec: { logging: { level: 'debug' } } }));
  await observed(world);
  const isLive = (line: string): boolean => line.includes('-live ');
  const others = (lines: readonly string[]): string[] => lines.filter((line) => !isLive(line));
  const after = await versions(world);
  assert.deepEqual(others(after), others(written), 'a live change writes the live configuration alone');
  assert.notDeepEqual(after.filter(isLive), written.filter(isLive));
});
