// Random AppServers, such as the schema knows and such as it does not: each is refused with a sentence, or its children are
// as they should be, or its status says what stands in the way. None is in the way of another.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'node:test';
import { ApiError } from '../../src/kube/index.ts';
import { randomSpec } from '../../test/operator/random-spec.ts';
import { OperatorProcess } from '../harness/operator-process.ts';
import { World } from './world.ts';

const total = process.env['FAULTS'] === 'few' ? 100 : 1_000;
const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));

test('random AppServers are refused with a sentence, converge, or say why they do not', async (t) => {
  t.diagnostic(`seed ${seed}`);
  await using world = await World.create('random');
  await using operator = new OperatorProcess({ adminPort: 8090, flags: ['--no-leader-elect'] });
  await operator.says('leading');
  let ended = false;
  void operator.exited.then(() => (ended = true));
  const refusals: string[] = [];
  const taken: string[] = [];
  for (const [i, spec] of fc.sample(randomSpec, { numRuns: total, seed }).entries()) {
    const name = `random-${i}`;
    try {
      await world.add(name, spec);
      taken.push(name);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      refusals.push(error.message);
      assert.ok(error.status === 422 || error.status === 400, `${error.status}: ${error.message}`);
      assert.match(error.message, /spec/, JSON.stringify(spec));
    }
  }
  t.diagnostic(`${taken.length} taken, ${refusals.length} refused`);
  assert.ok(taken.length > total / 10 && refusals.length > total / 20, 'there is enough of both');
  const excused = await world.becomesRightOrSaysWhy(60_000);
  t.diagnostic(`${excused.size} of those taken say what is wrong with them`);
  const begun = performance.now();
  await world.add('one-more');
  await world.becomesRightOrSaysWhy(5_000);
  t.diagnostic(`another one converged within ${Math.round(performance.now() - begun)} ms`);
  assert.ok(!ended, `the operator has ended:\n${operator.tail}`);
});
