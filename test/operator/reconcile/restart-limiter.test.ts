import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, test } from 'node:test';
import { namespaceOfKey } from '../../../src/kube/index.ts';
import { RestartLimit, type Place } from '../../../src/operator/reconcile/restart-limiter.ts';

const minute = 60_000;

class World {
  now = 0;
  readonly freed: string[] = [];
  readonly limit: RestartLimit;

  constructor(most: number) {
    this.limit = new RestartLimit({ most, onFree: (app) => this.freed.push(app), now: () => this.now });
  }

  /** A reconcile that finds new content, and replaces pods if it may. */
  wants(app: string, deadlineMs = 10 * minute): Promise<Place> {
    return this.limit.turn(app, async (turn) => {
      const place = turn.request(deadlineMs);
      if (place.kind === 'granted') turn.keep();
      return place;
    });
  }

  async mayBegin(app: string): Promise<boolean> {
    return (await this.wants(app)).kind === 'granted';
  }

  /** A reconcile that sees pods being replaced. */
  async rolls(app: string): Promise<void> {
    await this.limit.turn(app, async (turn) => turn.keep());
  }

  /** A reconcile that has no use for a place: all is well, paused, invalid, refused, or the AppServer is gone. */
  async isThrough(app: string): Promise<void> {
    await this.limit.turn(app, async () => undefined);
  }

  advance(ms: number): void {
    this.now += ms;
    this.limit.tick();
  }
}

describe('places for restarts', () => {
  test('so many begin, and the next when one is through', async () => {
    const world = new World(2);
    assert.deepEqual(await Promise.all(['a/1', 'b/1', 'c/1', 'a/1'].map((app) => world.mayBegin(app))), [
      true,
      true,
      false,
      true,
    ]);
    await world.isThrough('d/never-begun');
    assert.deepEqual(world.freed, []);
    await world.isThrough('a/1');
    assert.deepEqual(world.freed, ['c/1']);
    assert.equal(await world.mayBegin('c/1'), true);
    await world.isThrough('b/1');
    assert.deepEqual(world.freed, ['c/1'], 'nobody waits any more');
  });

  test('a namespace has at most half of them, and others begin meanwhile', async () => {
    const world = new World(10);
    for (let i = 0; i < 20; i++) await world.wants(`flood/${i}`);
    assert.deepEqual(world.limit.holders, ['flood/0', 'flood/1', 'flood/2', 'flood/3', 'flood/4']);
    assert.equal(await world.mayBegin('web/shop'), true);
  });

  test('one place is for everybody', async () => {
    const world = new World(1);
    assert.deepEqual([await world.mayBegin('a/1'), await world.mayBegin('a/2')], [true, false]);
    await world.isThrough('a/1');
    assert.equal(await world.mayBegin('a/2'), true);
  });

  test('namespaces take turns, whoever came first with many', async () => {
    const world = new World(2);
    for (const app of ['a/1', 'b/1', 'a/2', 'a/3', 'a/4', 'c/1', 'd/1']) await world.wants(app);
    for (const app of ['b/1', 'a/1', 'c/1', 'a/2', 'd/1']) await world.isThrough(app);
    assert.deepEqual(world.freed.slice(0, 4), ['c/1', 'a/2', 'd/1', 'a/3']);
  });

  test('who waits is told who has them; of its own namespace, where that has its half', async () => {
    const world = new World(4);
    for (const app of ['a/2', 'a/1', 'b/1']) await world.wants(app);
    assert.deepEqual(await world.wants('a/3'), { kind: 'waiting', holders: ['a/1', 'a/2'] });
    await world.wants('c/1');
    assert.deepEqual(await world.wants('d/1'), { kind: 'waiting', holders: ['a/1', 'a/2', 'b/1', 'c/1'] });
  });

  const lasting: Record<string, [deadlineMs: number, lastsMs: number]> = {
    'ends when its rollout has failed': [2 * minute, 2 * minute],
    'ends after a quarter of an hour, whatever deadline the AppServer has': [24 * 60 * minute, 15 * minute],
  };
  for (const [name, [deadlineMs, lastsMs]] of Object.entries(lasting)) {
    test(`a place ${name}`, async () => {
      const world = new World(1);
      await world.wants('a/1', deadlineMs);
      await world.wants('b/1');
      world.advance(lastsMs - 1);
      await world.rolls('a/1');
      await world.wants('a/1', deadlineMs);
      assert.deepEqual(world.freed, [], 'and keeping it makes it no longer');
      world.advance(1);
      assert.deepEqual(world.freed, ['b/1']);
      await world.rolls('a/1');
      assert.deepEqual(world.limit.holders, ['b/1']);
    });
  }

  test('a place is free when the turn ends without having kept it', async () => {
    const world = new World(1);
    await world.wants('a/1');
    await world.wants('b/1');
    await world.rolls('a/1');
    // The Deployment was refused.
    await world.limit.turn('a/1', async (turn) => turn.request(minute));
    assert.deepEqual(world.freed, ['b/1']);
  });

  test('a turn that throws gives back what was granted for it, and leaves what was there before', async () => {
    const world = new World(1);
    const conflict = (app: string): Promise<void> =>
      assert.rejects(
        world.limit.turn(app, async (turn) => {
          turn.request(minute);
          throw new Error('conflict');
        }),
      );
    await conflict('a/1');
    assert.deepEqual(world.limit.holders, []);
    await world.wants('a/1');
    await conflict('a/1');
    assert.deepEqual(world.limit.holders, ['a/1']);
    await conflict('b/1');
    assert.equal(world.limit.waiting, 1);
    await world.isThrough('a/1');
    assert.deepEqual(world.freed, ['b/1']);
    await conflict('b/1');
    assert.deepEqual(world.limit.holders, []);
  });

  test('a turn that throws after it has begun keeps its place', async () => {
    const world = new World(1);
    await assert.rejects(
      world.limit.turn('a/1', async (turn) => {
        turn.request(minute);
        turn.keep();
        throw new Error('the status could not be written');
      }),
    );
    assert.deepEqual(world.limit.holders, ['a/1']);
  });

  test('a place that comes free while the one that waits is still being reconciled is not lost', async () => {
    const world = new World(1);
    await world.wants('a/1');
    await world.limit.turn('b/1', async (turn) => {
      assert.equal(turn.request(minute).kind, 'waiting');
      await world.isThrough('a/1');
    });
    assert.deepEqual([world.freed, world.limit.holders], [['b/1'], ['b/1']]);
  });

  test('rollouts that were under way before count, however many they are', async () => {
    const world = new World(2);
    world.limit.resume(['a/1', 'a/2', 'a/3']);
    assert.equal(await world.mayBegin('b/1'), false);
    await world.isThrough('a/1');
    assert.equal(await world.mayBegin('b/1'), false, 'there are still as many as there may be');
    await world.isThrough('a/2');
    assert.deepEqual(world.freed, ['b/1']);
    world.advance(15 * minute);
    assert.deepEqual(world.limit.holders, []);
  });

  test('no place is held for one that wants no more', async () => {
    const world = new World(1);
    await world.wants('a/1');
    await world.wants('b/1');
    await world.isThrough('b/1');
    await world.isThrough('a/1');
    assert.deepEqual([world.freed, world.limit.holders, world.limit.waiting], [[], [], 0]);
  });

  test('whatever happens, there are never too many, none is lost, and everybody who waits has a turn', async () => {
    const app = fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(4)).map(([namespace, i]) => `${namespace}/${i}`);
    const step = fc.record({
      app,
      how: fc.constantFrom(
        'wants' as const,
        'wants' as const,
        'rolls' as const,
        'through' as const,
        'throws' as const,
        'rest' as const,
      ),
      ms: fc.constantFrom(1_000, minute, 20 * minute),
    });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 80 }), async (most, steps) => {
        const world = new World(most);
        const half = Math.max(1, Math.floor(most / 2));
        const within = (): void => {
          const byNamespace = Map.groupBy(world.limit.holders, namespaceOfKey);
          assert.ok(world.limit.holders.length <= most);
          for (const held of byNamespace.values()) assert.ok(held.length <= half);
        };
        /** How many had been told before it began to wait. */
        const wanting = new Map<string, number>();
        for (const { app: one, how, ms } of steps) {
          switch (how) {
            case 'wants':
              if (await world.mayBegin(one)) wanting.delete(one);
              else if (!wanting.has(one)) wanting.set(one, world.freed.length);
              break;
            case 'rolls':
              await world.rolls(one);
              wanting.delete(one);
              break;
            case 'through':
              await world.isThrough(one);
              wanting.delete(one);
              break;
            case 'throws':
              await world.limit.turn(one, () => Promise.reject(new Error('x'))).catch(() => undefined);
              break;
            case 'rest':
              world.advance(ms);
              break;
          }
          within();
        }
        // Nobody says anything any more: leases end, and those that wait are told one after the other.
        for (let i = 0; i < 16; i++) {
          world.advance(15 * minute);
          within();
        }
        for (const [one, before] of wanting) {
          assert.ok(world.freed.slice(before).includes(one), `${one} has waited for ever`);
        }
        assert.deepEqual([world.limit.holders, world.limit.waiting], [[], 0]);
      }),
      { numRuns: 300 },
    );
  });
});
