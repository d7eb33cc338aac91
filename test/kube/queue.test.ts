import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, test } from 'node:test';
import { WorkQueue } from '../../src/kube/queue.ts';
import { VirtualTimers } from './virtual-timers.ts';

function queue(): { timers: VirtualTimers; work: WorkQueue } {
  const timers = new VirtualTimers();
  return { timers, work: new WorkQueue(timers, () => 1) };
}

describe('work queue', () => {
  test('holds a key once, in the order of arrival', async () => {
    const { work } = queue();
    for (const key of ['a', 'b', 'a']) work.add(key);
    assert.equal(work.depth, 2);
    assert.deepEqual([await work.take(), await work.take()], ['a', 'b']);
  });

  test('hands a key to one taker at a time, and again when it changed meanwhile', async () => {
    const { work } = queue();
    work.add('a');
    assert.equal(await work.take(), 'a');
    work.add('a');
    work.add('a');
    assert.equal(work.depth, 0);
    work.done('a');
    assert.equal(await work.take(), 'a');
    work.done('a');
    assert.equal(work.depth, 0);
  });

  test('wakes a waiting taker', async () => {
    const { work } = queue();
    const taken = work.take();
    work.add('a');
    assert.equal(await taken, 'a');
  });

  test('backs off with each failure in a row and forgets them on success', () => {
    const { work } = queue();
    assert.deepEqual(
      [1, 2, 3].map(() => work.retry('a')),
      [50, 100, 200],
    );
    work.succeeded('a');
    assert.equal(work.retry('a'), 50);
  });

  test('keeps the earlier of two times, and adding at once overtakes both', () => {
    const { timers, work } = queue();
    work.addAfter('a', 1_000);
    work.addAfter('a', 5_000);
    timers.advance(1_000);
    assert.equal(work.depth, 1);
    work.addAfter('b', 1_000);
    work.add('b');
    assert.equal(timers.planned, 0);
  });

  test('hands out what is urgent first, also what has become so while it waited or was worked on', async () => {
    const { work } = queue();
    for (const key of ['a', 'b', 'c', 'd']) work.add(key);
    work.add('d', 'urgent');
    work.add('b', 'urgent');
    work.add('b');
    assert.equal(work.depth, 4);
    assert.deepEqual([await work.take(), await work.take(), await work.take()], ['d', 'b', 'a']);
    work.add('a', 'urgent');
    work.add('a');
    work.done('a');
    assert.deepEqual([await work.take(), await work.take()], ['a', 'c']);
  });

  test('keeps those who take only what is urgent for that', async () => {
    const { work } = queue();
    const urgent = work.take('urgent');
    work.add('a');
    assert.equal(work.depth, 1);
    work.add('b', 'urgent');
    assert.equal(await urgent, 'b');
    assert.equal(await work.take(), 'a');
    const waiting = work.take('urgent');
    work.add('c');
    work.add('c', 'urgent');
    assert.equal(await waiting, 'c', 'also what has become so while it waited');
    assert.equal(work.depth, 0);
  });

  test('closed, it hands out nothing and lets go of its timers and takers', async () => {
    const { timers, work } = queue();
    work.addAfter('a', 1_000);
    const taken = work.take();
    work.close();
    assert.equal(await taken, undefined);
    assert.equal(await work.take(), undefined);
    assert.equal(timers.planned, 0);
    work.add('b');
    assert.equal(work.depth, 0);
  });

  test('no key is lost and none is worked on twice at once, whatever the order of calls', async () => {
    const call = fc.oneof(
      fc.record({
        do: fc.constantFrom('add' as const, 'hurry' as const, 'retry' as const, 'later' as const),
        key: fc.constantFrom('a', 'b', 'c'),
      }),
      fc.record({ do: fc.constantFrom('take' as const, 'done' as const), key: fc.constant('') }),
      fc.record({ do: fc.constant('wait' as const), key: fc.constant('') }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 60 }), async (calls) => {
        const { timers, work } = queue();
        const owed = new Set<string>();
        const working: string[] = [];
        const take = async (): Promise<void> => {
          const key = await work.take();
          assert.ok(key !== undefined && !working.includes(key), 'twice at once');
          owed.delete(key);
          working.push(key);
        };
        const owe = (key: string): void => void owed.add(key);
        const actions: Record<(typeof calls)[number]['do'], (key: string) => unknown> = {
          add: (key) => (owe(key), work.add(key)),
          hurry: (key) => (owe(key), work.add(key, 'urgent')),
          retry: (key) => (owe(key), work.retry(key)),
          later: (key) => (owe(key), work.addAfter(key, 10)),
          take: () => (work.depth > 0 ? take() : undefined),
          done: () => working.splice(0, 1).forEach((key) => work.done(key)),
          wait: () => timers.advance(25),
        };
        for (const { do: what, key } of calls) await actions[what](key);
        for (const key of working.splice(0)) work.done(key);
        timers.advance(100_000);
        while (work.depth > 0) {
          await take();
          for (const key of working.splice(0)) work.done(key);
        }
        assert.deepEqual(owed, new Set(), 'lost');
      }),
      { numRuns: 1_000 },
    );
  });
});
