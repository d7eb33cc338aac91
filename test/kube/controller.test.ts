import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '../../src/kube/errors.ts';
import { Controller, type Outcome, type Result } from '../../src/kube/controller.ts';
import { WorkQueue } from '../../src/kube/queue.ts';
import { VirtualTimers } from './virtual-timers.ts';

const outcomes: Record<string, { reconcile: () => Promise<Outcome>; result: Result; planned: number }> = {
  'a success is done': { reconcile: async () => ({ kind: 'done' }), result: 'success', planned: 0 },
  'a requeue comes again': {
    reconcile: async () => ({ kind: 'requeue', afterMs: 500, why: 'x' }),
    result: 'requeue_after',
    planned: 1,
  },
  'a failure is tried again': { reconcile: () => Promise.reject(new Error('x')), result: 'error', planned: 1 },
  'a conflict is no failure, and tried again': {
    reconcile: () => Promise.reject(new ApiError(409, 'Conflict', 'the object has been modified')),
    result: 'conflict',
    planned: 1,
  },
};

for (const [name, { reconcile, result, planned }] of Object.entries(outcomes)) {
  test(name, async () => {
    const timers = new VirtualTimers();
    const queue = new WorkQueue({ timers, random: () => 1 });
    const results: string[] = [];
    const reported = Promise.withResolvers<void>();
    const controller = new Controller({
      queue,
      concurrency: 2,
      reconcile,
      onResult: ({ key }, how) => {
        results.push(`${key} ${how}`);
        reported.resolve();
      },
    });
    const running = controller.run();
    queue.add('web/shop');
    await reported.promise;
    assert.deepEqual(results, [`web/shop ${result}`]);
    assert.equal(timers.planned, planned);
    queue.close();
    await running;
  });
}

test('each reconcile has an id of its own, which its result has too', async () => {
  const queue = new WorkQueue({ timers: new VirtualTimers(), random: () => 1 });
  const begun: string[] = [];
  const ended: string[] = [];
  const twice = Promise.withResolvers<void>();
  const controller = new Controller({
    queue,
    concurrency: 1,
    reconcile: async ({ id }) => {
      begun.push(id);
      return { kind: 'done' };
    },
    onResult: ({ key, id }) => {
      ended.push(id);
      if (ended.length === 2) twice.resolve();
      else queue.add(key);
    },
  });
  const running = controller.run();
  queue.add('web/shop');
  await twice.promise;
  assert.deepEqual(ended, begun);
  assert.equal(new Set(begun).size, 2);
  queue.close();
  await running;
});

test('many keys that need nothing of the outside leave everything else its turn', async () => {
  const queue = new WorkQueue({ timers: new VirtualTimers() });
  const total = 100;
  let done = 0;
  const all = Promise.withResolvers<void>();
  const controller = new Controller({
    queue,
    concurrency: 2,
    reconcile: async () => ({ kind: 'done' }),
    onResult: () => {
      done++;
      if (done === total) all.resolve();
    },
  });
  for (let i = 0; i < total; i++) queue.add(`web/shop-${i}`);
  const running = controller.run();
  const doneBefore = new Promise<number>((resolve) => setImmediate(() => resolve(done)));
  await all.promise;
  assert.ok((await doneBefore) <= 2, `${await doneBefore} were reconciled before anything else had its turn`);
  queue.close();
  await running;
});

test('conflicts in a row are tried again as soon as the first', async () => {
  const timers = new VirtualTimers();
  const queue = new WorkQueue({ timers, random: () => 1 });
  let tries = 0;
  let reported = Promise.withResolvers<void>();
  const controller = new Controller({
    queue,
    concurrency: 1,
    reconcile: () => {
      tries++;
      return Promise.reject(new ApiError(409, 'Conflict', 'the object has been modified'));
    },
    onResult: () => reported.resolve(),
  });
  const running = controller.run();
  queue.add('web/shop');
  for (let i = 1; i <= 5; i++) {
    await reported.promise;
    assert.equal(tries, i);
    reported = Promise.withResolvers();
    await new Promise((resolve) => setImmediate(resolve));
    timers.advance(100);
  }
  queue.close();
  await running;
});

test('who cannot tell of a result goes on all the same, and the key is free again', async () => {
  const queue = new WorkQueue({ timers: new VirtualTimers(), random: () => 1 });
  const begun: string[] = [];
  const all = Promise.withResolvers<void>();
  const controller = new Controller({
    queue,
    concurrency: 1,
    reconcile: async ({ key }) => {
      begun.push(key);
      if (begun.length === 3) all.resolve();
      return { kind: 'done' };
    },
    onResult: ({ key }) => {
      if (begun.length < 3) queue.add(key);
      throw new Error('no space left on device');
    },
  });
  const running = controller.run();
  queue.add('web/shop');
  await all.promise;
  assert.deepEqual(begun, ['web/shop', 'web/shop', 'web/shop']);
  queue.close();
  await running;
  assert.deepEqual(queue.underWay, []);
});
