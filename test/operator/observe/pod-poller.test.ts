import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Cache } from '../../../src/kube/index.ts';
import type { PodView } from '../../../src/operator/model/pod.ts';
import { PodPoller } from '../../../src/operator/observe/pod-poller.ts';
import type { WorkerView } from '../../../src/operator/model/worker-status.ts';
import { pod } from '../../builders.ts';

const labels = { 'app.kubernetes.io/instance': 'shop' };

interface Bench {
  readonly pods: Cache<PodView>;
  readonly workers: Map<string, WorkerView>;
  /** Addresses, in the order in which they were asked. */
  readonly asked: string[];
  readonly told: string[];
  /** JSON of the answer; undefined for none. */
  answer: (address: string) => unknown;
  /** Of each answer. */
  bytes: number;
  readonly after: (seconds: number) => Promise<void>;
}

function bench(...all: readonly PodView[]): Bench {
  let time = 0;
  const pods = new Cache<PodView>(() => undefined);
  for (const one of all) pods.set(`${one.namespace}/${one.name}`, { ...one, labels });
  const made: Bench = {
    pods,
    workers: new Map(),
    asked: [],
    told: [],
    bytes: 500,
    answer: () => ({ workers: { desired: 2, ready: 2 }, restarts: {}, lastFailure: null }),
    after: async (seconds) => {
      for (let i = 0; i < seconds; i++) {
        time += 1_000;
        await poller.tick();
      }
    },
  };
  const poller = new PodPoller({
    pods,
    workers: made.workers,
    everyMs: 60_000,
    ask: async (address) => {
      made.asked.push(address);
      return { json: await made.answer(address), bytes: made.bytes };
    },
    now: () => time,
    random: () => 0.5,
    onChange: (app) => made.told.push(`change ${app}`),
    onTrouble: (app, { note }) => made.told.push(`trouble ${app}: ${note}`),
  });
  return made;
}

const report = (ready: number, restarts: Record<string, number> = {}): object => ({
  workers: { desired: 2, ready, list: [] },
  restarts,
  lastFailure: ready < 2 ? 'BOOT_TIMEOUT' : null,
});

describe('polling', () => {
  test('asks each pod once in its time, and tells of the first answer alone', async () => {
    const { asked, told, after } = bench(pod('a', { ready: true }));
    await after(180);
    assert.equal(asked.length, 3);
    assert.deepEqual(told, ['change web/shop']);
  });

  test('asks pods that are not ready yet every five seconds, and no more than others once they are', async () => {
    const made = bench(pod('a', { ready: false }));
    await made.after(20);
    assert.equal(made.asked.length, 4);
    made.pods.set('web/a', { ...pod('a', { ready: true }), labels });
    await made.after(66);
    assert.equal(made.asked.length, 6);
  });

  test('asks a pod again as soon as it has become ready', async () => {
    const made = bench(pod('a', { ready: false }));
    await made.after(2);
    assert.equal(made.asked.length, 1);
    made.pods.set('web/a', { ...pod('a', { ready: true }), labels });
    await made.after(1);
    assert.equal(made.asked.length, 2);
    assert.equal(made.workers.get('web/a')?.isOfReadyPod, true);
  });

  test('looks closely at a pod that lacks workers', async () => {
    const made = bench(pod('a', { ready: true }));
    let ended = 2;
    made.answer = () => report(1, { BOOT_TIMEOUT: Math.min(8, ++ended) });
    await made.after(60);
    assert.equal(made.asked.length, 6);
    assert.deepEqual(made.workers.get('web/a'), {
      desired: 2,
      ready: 1,
      restarts: { BOOT_TIMEOUT: 8 },
      lastFailure: 'BOOT_TIMEOUT',
      isOfReadyPod: true,
      shortSince: 3,
      lacking: true,
    });
  });

  test('tells of workers that exit unexpectedly, once for each time that they have', async () => {
    const made = bench(pod('a', { ready: true }));
    await made.after(40);
    made.answer = () => report(2, { WORKER_KILLED: 2, REQUEST_TIMEOUT: 1 });
    await made.after(130);
    assert.deepEqual(
      made.told.filter((one) => one.startsWith('trouble')),
      ['trouble web/shop: Workers of pod a exit unexpectedly: REQUEST_TIMEOUT, WORKER_KILLED; its log shows why'],
    );
  });

  test('does not take a pod at its word that became ready while it was asked', async () => {
    const made = bench(pod('a', { ready: false }));
    made.answer = () => {
      made.pods.set('web/a', { ...pod('a', { ready: true }), labels });
      return report(0);
    };
    await made.after(1);
    assert.equal(made.workers.get('web/a')?.isOfReadyPod, false);
  });

  test('tells nothing of what has ended before it looked for the first time', async () => {
    const made = bench(pod('a', { ready: true }));
    made.answer = () => report(2, { WORKER_KILLED: 2 });
    await made.after(130);
    assert.deepEqual(made.told, ['change web/shop']);
  });

  const silent: Record<string, Partial<PodView>> = {
    'has no address yet': { address: undefined },
    'is ending': { terminating: true },
  };
  for (const [name, state] of Object.entries(silent)) {
    test(`does not ask a pod that ${name}`, async () => {
      const { asked, after } = bench(pod('a', state));
      await after(120);
      assert.deepEqual(asked, []);
    });
  }

  test('goes on when a pod gives no answer, or none of a runtime', async () => {
    const made = bench(pod('a', { ready: true }));
    const answers: unknown[] = [undefined, { unrelated: true }];
    made.answer = () => (answers.length > 0 ? answers.shift() : report(2));
    await made.after(160);
    assert.equal(made.asked.length, 3);
    assert.equal(made.workers.get('web/a')?.ready, 2);
  });

  test('forgets pods that are gone', async () => {
    const made = bench(pod('a', { ready: true }));
    await made.after(40);
    assert.equal(made.workers.size, 1);
    made.pods.delete('web/a');
    await made.after(1);
    assert.equal(made.workers.size, 0);
  });

  test('asks so many at the same time and no more, of one namespace fewer', async () => {
    for (const [namespaces, expected] of [
      [20, 64],
      [1, 16],
    ] as const) {
      const all = Array.from({ length: 100 }, (_, i) =>
        pod(`p${i}`, { namespace: `web-${i % namespaces}`, ready: true, address: `10.0.0.${i}` }),
      );
      const made = bench(...all);
      let open = 0;
      let mostOpen = 0;
      made.answer = async () => {
        mostOpen = Math.max(mostOpen, ++open);
        await delay(1);
        open--;
        return report(2);
      };
      // All of them are due in the same second.
      await made.after(45);
      assert.deepEqual([new Set(made.asked).size, mostOpen], [100, expected]);
    }
  });

  const liars: Record<string, () => unknown> = {
    'answer garbage': () => 'garbage',
    'do not answer': () => undefined,
    'answer something else': () => ({ workers: { desired: 'many' }, restarts: [], lastFailure: 7 }),
  };
  for (const [name, answer] of Object.entries(liars)) {
    test(`asks pods that ${name} less and less often, and again soon when they have become ready`, async () => {
      const made = bench(pod('a', { ready: false }));
      made.answer = answer;
      await made.after(600);
      assert.ok(made.asked.length < 12, `${made.asked.length} times in ten minutes`);
      await made.after(3_000);
      const before = made.asked.length;
      await made.after(3_000);
      assert.ok(made.asked.length - before <= 11, `${made.asked.length - before} times in fifty minutes`);
      made.pods.set('web/a', { ...pod('a', { ready: true }), labels });
      made.answer = () => report(2);
      await made.after(6);
      assert.equal(made.workers.get('web/a')?.ready, 2);
    });
  }

  test('looks at a pod that never gets better no more often than at others, in the end', async () => {
    const made = bench(pod('a', { ready: true }));
    made.answer = () => report(1);
    await made.after(600);
    const before = made.asked.length;
    await made.after(600);
    assert.equal(made.asked.length - before, 10);
  });

  test("two hundred lying pods are in nobody's way, and leave little in memory", async () => {
    const all = Array.from({ length: 200 }, (_, i) => pod(`liar-${i}`, { namespace: 'flood', address: `10.1.0.${i}` }));
    const made = bench(...all, pod('a', { ready: true, address: '10.0.0.1' }));
    let asked = 0;
    made.bytes = 60_000;
    made.answer = (address) => ({
      workers: { desired: 128, ready: 0 },
      restarts: Object.fromEntries(
        Array.from({ length: 200 }, (_, i) => [`${address} ${i}`, address === '10.0.0.1' ? 0 : ++asked]),
      ),
      lastFailure: `${asked}`,
    });
    await made.after(300);
    const ofFlood = made.asked.filter((address) => address !== '10.0.0.1').length;
    assert.ok(ofFlood / 300 < 12, `${ofFlood / 300} polls a second`);
    assert.ok(made.asked.length - ofFlood >= 5, 'the other pod has its turns');
    assert.ok(JSON.stringify([...made.workers]).length < 201 * 200);
    const notes = made.told.filter((one) => one.startsWith('trouble'));
    assert.ok(notes.length <= 6, `${notes.length} events in five minutes`);
    assert.ok(notes.every((one) => one.length < 300));
    for (const { namespace, name } of all) made.pods.delete(`${namespace}/${name}`);
    await made.after(120);
    assert.deepEqual([...made.workers.keys()], ['web/a']);
  });

  test('long answers are paid for with fewer polls', async () => {
    const counts = await Promise.all(
      [500, 64 * 1_024].map(async (bytes) => {
        const made = bench(...Array.from({ length: 100 }, (_, i) => pod(`p${i}`, { address: `10.0.0.${i}` })));
        made.bytes = bytes;
        await made.after(30);
        const before = made.asked.length;
        await made.after(30);
        return made.asked.length - before;
      }),
    );
    assert.ok((counts[1] ?? 0) < (counts[0] ?? 0) / 3, counts.join(' and '));
  });

  test('every pod has its turn, however many there are of one namespace', async () => {
    const made = bench(...Array.from({ length: 1_000 }, (_, i) => pod(`p${i}`, { address: `10.0.${i}` })));
    made.answer = () => undefined;
    await made.after(120);
    assert.equal(new Set(made.asked).size, 1_000);
  });
});
