import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Cache } from '../../../src/kube/index.ts';
import type { PodView } from '../../../src/operator/model/pod.ts';
import { Sweep } from '../../../src/operator/observe/pod-poller.ts';
import type { WorkerView } from '../../../src/operator/model/worker-status.ts';
import { pod } from '../../builders.ts';

const labels = { 'app.kubernetes.io/instance': 'shop' };

interface Bench {
  readonly pods: Cache<PodView>;
  readonly workers: Map<string, WorkerView>;
  /** Addresses, in the order in which they were asked. */
  readonly asked: string[];
  readonly told: string[];
  answer: (address: string) => unknown;
  readonly after: (seconds: number) => Promise<void>;
}

function bench(...all: readonly PodView[]): Bench {
  let time = 0;
  const pods = new Cache<PodView>(() => undefined);
  for (const one of all) pods.set(`web/${one.name}`, { ...one, labels });
  const made: Bench = {
    pods,
    workers: new Map(),
    asked: [],
    told: [],
    answer: () => ({ workers: { desired: 2, ready: 2 }, restarts: {}, lastFailure: null }),
    after: async (seconds) => {
      for (let i = 0; i < seconds; i++) {
        time += 1_000;
        await sweep.tick();
      }
    },
  };
  const sweep = new Sweep({
    pods,
    workers: made.workers,
    everyMs: 60_000,
    ask: (address) => {
      made.asked.push(address);
      return Promise.resolve(made.answer(address));
    },
    now: () => time,
    random: () => 0.5,
    onChange: (app) => made.told.push(`change ${app}`),
    onTrouble: (app, name, codes) => made.told.push(`trouble ${app} ${name} ${codes.join(' ')}`),
  });
  return made;
}

const report = (ready: number, restarts: Record<string, number> = {}): object => ({
  workers: { desired: 2, ready, list: [] },
  restarts,
  lastFailure: ready < 2 ? 'BOOT_TIMEOUT' : null,
});

describe('a sweep', () => {
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

  test('looks closely at a pod that lacks workers', async () => {
    const made = bench(pod('a', { ready: true }));
    made.answer = () => report(1, { BOOT_TIMEOUT: 3 });
    await made.after(60);
    assert.equal(made.asked.length, 6);
    assert.deepEqual(made.workers.get('web/a'), {
      desired: 2,
      ready: 1,
      restarts: { BOOT_TIMEOUT: 3 },
      lastFailure: 'BOOT_TIMEOUT',
      lacking: true,
    });
  });

  test('tells of workers that end unasked, once for each time that they have', async () => {
    const made = bench(pod('a', { ready: true }));
    await made.after(40);
    made.answer = () => report(2, { WORKER_KILLED: 2, REQUEST_TIMEOUT: 1 });
    await made.after(130);
    assert.deepEqual(
      made.told.filter((one) => one.startsWith('trouble')),
      ['trouble web/shop a WORKER_KILLED REQUEST_TIMEOUT'],
    );
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
    const answers: unknown[] = [new Error('refused'), { unrelated: true }, report(2)];
    made.answer = () => {
      const answer = answers.shift() ?? report(2);
      if (answer instanceof Error) throw answer;
      return answer;
    };
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

  test('asks so many at the same time and no more', async () => {
    const all = Array.from({ length: 600 }, (_, i) => pod(`p${i}`, { ready: true, address: `10.0.0.${i}` }));
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
    await made.after(31);
    assert.deepEqual([new Set(made.asked).size, mostOpen], [600, 64]);
  });
});
