import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, test } from 'node:test';
import { WorkQueue } from '../../src/kube/queue.ts';
import { VirtualTimers } from './virtual-timers.ts';

function queue(): { timers: VirtualTimers; work: WorkQueue } {
  const timers = new VirtualTimers();
  return { timers, work: new WorkQueue({ timers, random: () => 1 }) };
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

  test("namespaces take turns: one with thousands of keys is in nobody's way", async () => {
    const { work } = queue();
    for (let i = 0; i < 5_000; i++) work.add(`flood/${i}`);
    work.add('web/shop');
    for (let i = 0; i < 100; i++) work.add(`flood/${i}`, 'urgent');
    work.add('web/blog', 'urgent');
    const taken = await takeMany(work, 8);
    assert.ok(taken.indexOf('web/blog') < 2, taken.join(' '));
    assert.ok(taken.includes('web/shop'), taken.join(' '));
  });

  test('a namespace whose keys take long leaves takers for the others', async () => {
    const work = new WorkQueue({ timers: new VirtualTimers(), mostOfNamespace: 4 });
    const taken: string[] = [];
    const take = async (least: 'urgent' | 'normal'): Promise<void> => {
      taken.push((await work.take(least)) ?? '');
    };
    for (let i = 0; i < 6; i++) void take('normal');
    for (let i = 0; i < 2; i++) void take('urgent');
    for (let i = 0; i < 20; i++) work.add(`slow/${i}`, i % 2 === 0 ? 'urgent' : 'normal');
    await new Promise(setImmediate);
    assert.equal(taken.length, 4);
    work.add('web/shop');
    work.add('web/blog', 'urgent');
    await new Promise(setImmediate);
    assert.deepEqual(taken.slice(4).toSorted(), ['web/blog', 'web/shop']);
    work.done(taken[0] ?? '');
    await new Promise(setImmediate);
    assert.equal(taken.length, 7, 'a key that is done makes room for the next one');
    assert.match(taken[6] ?? '', /^slow/);
  });

  test('no namespace is worked on more than it may be, and no taker waits while a key may be taken', async () => {
    const call = fc.record({
      do: fc.constantFrom('add' as const, 'hurry' as const, 'take' as const, 'done' as const),
      key: fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(5)).map(([namespace, i]) => `${namespace}/${i}`),
    });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.array(call, { maxLength: 80 }), async (most, calls) => {
        const work = new WorkQueue({ timers: new VirtualTimers(), mostOfNamespace: most });
        const [working, waiting] = [new Set<string>(), new Set<string>()];
        let takers = 0;
        const take = async (): Promise<void> => {
          takers++;
          const taken = (await work.take()) ?? '';
          takers--;
          working.add(taken);
          waiting.delete(taken);
        };
        for (const { do: what, key } of calls) {
          if (what === 'take') {
            void take();
          } else if (what === 'done') {
            const [first] = working;
            if (first === undefined) continue;
            working.delete(first);
            work.done(first);
          } else if (!working.has(key)) {
            waiting.add(key);
            work.add(key, what === 'hurry' ? 'urgent' : 'normal');
          }
          await new Promise(setImmediate);
          const of = (namespace: string): number => [...working].filter((one) => one.startsWith(namespace)).length;
          for (const namespace of ['a/', 'b/', 'c/'])
            assert.ok(of(namespace) <= most, `${namespace}: ${of(namespace)}`);
          const idle = takers > 0 && work.depth > 0 && [...waiting].some((one) => of(one.slice(0, 2)) < most);
          // A key that comes too often is not ready yet, and is not counted as waiting by depth.
          assert.ok(!idle || work.depth < waiting.size, 'a taker waits in vain');
        }
        work.close();
      }),
      { numRuns: 200 },
    );
  });

  test('however much is urgent, every fourth key is one that is not', async () => {
    const { work } = queue();
    for (let i = 0; i < 100; i++) work.add(`flood/${i}`, 'urgent');
    for (let i = 0; i < 10; i++) work.add(`web/${i}`);
    const taken = await takeMany(work, 20);
    assert.deepEqual(
      taken.flatMap((key, i) => (key.startsWith('web/') ? [i + 1] : [])),
      [4, 8, 12, 16, 20],
    );
  });

  test('thousands of keys of one namespace, each a few times, are not held up', async () => {
    const { work } = queue();
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 1_000; i++) work.add(`web/${i}`);
      assert.equal(work.depth, 1_000);
      for (const key of await takeMany(work, 1_000)) work.done(key);
    }
  });

  test('a key that changes all the time is spaced out, and what comes last is not lost', async () => {
    const { timers, work } = queue();
    let turns = 0;
    const changeFor = async (seconds: number): Promise<void> => {
      for (let ms = 0; ms < seconds * 1_000; ms += 10) {
        work.add('web/shop', 'urgent');
        if (work.depth > 0) {
          turns++;
          work.done((await work.take()) ?? '');
        }
        timers.advance(10);
      }
    };
    await changeFor(60);
    assert.ok(turns < 60, `${turns} turns in a minute`);
    work.add('web/shop', 'urgent');
    timers.advance(3_000);
    assert.equal(work.depth, 1);
    work.done((await work.take()) ?? '');
    timers.advance(60_000);
    work.add('web/shop', 'urgent');
    assert.equal(work.depth, 1, 'a single edit is taken over at once');
  });

  test('edits of every child, one after the other, are not held up', async () => {
    const { timers, work } = queue();
    for (let edit = 0; edit < 20; edit++) {
      work.add('web/shop', 'urgent');
      assert.equal(work.depth, 1, `edit ${edit}`);
      work.done((await work.take()) ?? '');
      timers.advance(50);
    }
  });

  test('reports of progress do not hold up an edit', async () => {
    const { work } = queue();
    for (let i = 0; i < 10; i++) {
      work.add('web/shop');
      work.done((await work.take()) ?? '');
    }
    work.add('web/shop');
    assert.equal(work.depth, 0);
    work.add('web/shop', 'urgent');
    assert.equal(await work.take('urgent'), 'web/shop');
  });

  for (const noisyKeys of [3, 12, 500]) {
    test(`while ${noisyKeys} keys of one namespace are changed all the time, new ones elsewhere begin within 100 ms`, async () => {
      const { timers, work } = queue();
      const takers = 8;
      const reconcileMs = 50;
      const busy = new Map<string, number>();
      const addedAt = new Map<string, number>();
      const waited: number[] = [];
      for (let ms = 0; ms < 30_000; ms += 5) {
        for (let i = 0; i < 3; i++) work.add(`noisy/${Math.floor((ms / 5) * 3 + i) % noisyKeys}`, 'urgent');
        if (ms % 1_000 === 0) {
          work.add(`quiet/shop-${ms}`);
          addedAt.set(`quiet/shop-${ms}`, ms);
        }
        for (const [key, until] of busy) {
          if (until > ms) continue;
          busy.delete(key);
          work.done(key);
        }
        while (busy.size < takers && work.depth > 0) {
          const key = (await work.take()) ?? '';
          busy.set(key, ms + reconcileMs);
          const since = addedAt.get(key);
          if (since !== undefined) waited.push(ms - since);
        }
        timers.advance(5);
      }
      assert.equal(waited.length, 30);
      assert.ok(Math.max(...waited) <= 100, `${Math.max(...waited)} ms`);
    });
  }

  test('what was seen while it was worked on does not come again; what is added afterwards does', async () => {
    const { work } = queue();
    for (const after of [false, true]) {
      work.add('web/shop');
      assert.equal(await work.take(), 'web/shop');
      work.add('web/shop', 'urgent');
      work.seen('web/shop');
      if (after) work.add('web/shop');
      work.done('web/shop');
      assert.equal(work.depth, after ? 1 : 0);
    }
  });

  test('a look that was planned is not forgotten for what was seen', async () => {
    const { timers, work } = queue();
    work.add('web/shop');
    await work.take();
    work.addAfter('web/shop', 1_000);
    work.add('web/shop');
    work.seen('web/shop');
    work.done('web/shop');
    timers.advance(1_000);
    assert.equal(work.depth, 1);
  });

  test('everybody has his turn in time, whatever others add, and at rest nothing is left in memory', async () => {
    const addition = fc.record({
      key: fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(5)).map(([namespace, i]) => `${namespace}/${i}`),
      priority: fc.constantFrom('urgent' as const, 'normal' as const),
      how: fc.constantFrom('done' as const, 'fail' as const, 'seen' as const, 'changed' as const),
      pauseMs: fc.constantFrom(0, 0, 0, 10, 500),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(addition, { maxLength: 150 }), async (all) => {
        const { timers, work } = queue();
        // The longest pause, and a turn of each key of each priority before it.
        const inTimeMs = 3_000 + 36 * 10;
        const addedAt = new Map<string, number>();
        const turn = async (how: (typeof all)[number]['how']): Promise<void> => {
          if (work.depth === 0) return;
          const key = (await work.take()) ?? '';
          const waited = timers.now() - (addedAt.get(key) ?? timers.now());
          assert.ok(waited <= inTimeMs, `${key} waited ${waited} ms`);
          addedAt.delete(key);
          if (how === 'changed') {
            work.add(key);
            addedAt.set(key, timers.now());
          }
          if (how === 'seen') work.seen(key);
          if (how === 'fail') work.retry(key);
          else work.succeeded(key);
          work.done(key);
          timers.advance(10);
        };
        for (const { key, priority, how, pauseMs } of all) {
          work.add(key, priority);
          if (!addedAt.has(key)) addedAt.set(key, timers.now());
          for (let ms = 0; ms < pauseMs; ms += 10) {
            if (work.depth > 0) await turn(how);
            else timers.advance(10);
          }
          await turn(how);
        }
        for (let ms = 0; ms < 300_000; ms += 100) {
          if (work.depth > 0) await turn('done');
          else timers.advance(100);
        }
        assert.deepEqual([addedAt.size, work.held, timers.planned], [0, 0, 0]);
      }),
      { numRuns: 200 },
    );
  });
});

async function takeMany(work: WorkQueue, count: number): Promise<string[]> {
  const taken: string[] = [];
  while (taken.length < count) taken.push((await work.take()) ?? '');
  return taken;
}
