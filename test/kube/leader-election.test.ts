import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, test } from 'node:test';
import { ApiError } from '../../src/kube/errors.ts';
import { LeaderElection, type Lease, type LeaseStore } from '../../src/kube/leader-election.ts';
import { VirtualTimers } from './virtual-timers.ts';

const timing = { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000 };

/** The API server: one Lease, optimistic locking, and watches that tell it to all. */
class Store {
  lease: Lease | undefined;
  readonly watchers = new Set<(lease: Lease | undefined) => void>();
  writes = 0;
  #version = 0;

  write(next: Omit<Lease, 'resourceVersion'>, seen: Lease | undefined): Lease {
    this.writes++;
    if (seen?.resourceVersion !== this.lease?.resourceVersion) throw new ApiError(409, 'Conflict', 'it has changed');
    return this.put(next);
  }

  /** To an earlier time. Nobody is told: watches break off, and list anew. */
  restore(lease: Lease): void {
    this.lease = lease;
    this.#version = Number(lease.resourceVersion);
  }

  put(next: Omit<Lease, 'resourceVersion'> | undefined): Lease {
    const stored = { holder: '', durationMs: 0, transitions: 0, ...next, resourceVersion: String(++this.#version) };
    this.lease = next === undefined ? undefined : stored;
    for (const watcher of this.watchers) watcher(this.lease);
    return stored;
  }
}

/** A process that can be stopped, as by SIGSTOP, and cut off. */
class Process {
  readonly election: LeaderElection;
  readonly errors: unknown[] = [];
  paused = false;
  cutOff = false;
  /** What each write is answered with. */
  refusal: Error | undefined;
  /** The first write is done, and its answer lost on the way; so is what the watch would tell at once. */
  answersLost = false;
  readonly #held: (() => void)[] = [];

  constructor(name: string, store: Store, timers: VirtualTimers) {
    const run = (callback: () => void): void => {
      if (this.paused) this.#held.push(callback);
      else callback();
    };
    const own: LeaseStore = {
      write: (next, seen) =>
        new Promise((resolve, reject) => {
          const answer = (): void => {
            try {
              if (this.cutOff) throw new Error('no route to host');
              if (this.refusal !== undefined) throw this.refusal;
              const lost = this.answersLost;
              const written = store.write(next, seen);
              this.answersLost = false;
              if (lost) throw new Error('socket hang up');
              run(() => resolve(written));
            } catch (error) {
              run(() => reject(error instanceof Error ? error : new Error('unknown', { cause: error })));
            }
          };
          // What was sent arrives whether the process runs or not.
          timers.after(5, answer);
        }),
    };
    this.election = new LeaderElection({
      store: own,
      identity: name,
      timing,
      timers: { now: () => timers.now(), after: (ms, callback) => timers.after(ms, () => run(callback)) },
      onError: (error) => this.errors.push(error),
    });
    store.watchers.add((lease) => {
      if (!this.cutOff && !this.answersLost) run(() => this.election.observe(lease));
    });
  }

  start(store: Store): void {
    this.election.observe(store.lease);
    this.election.start();
  }

  resume(store: Store): void {
    this.paused = false;
    for (const callback of this.#held.splice(0)) callback();
    if (!this.cutOff) this.election.observe(store.lease);
  }
}

const turns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Passing {
  readonly check?: () => void;
  readonly stepMs?: number;
}

async function pass(
  timers: VirtualTimers,
  ms: number,
  { check = () => undefined, stepMs = 50 }: Passing = {},
): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    timers.advance(Math.min(stepMs, ms - passed));
    await turns();
    check();
  }
}

function two(): { timers: VirtualTimers; store: Store; a: Process; b: Process } {
  const timers = new VirtualTimers();
  const store = new Store();
  return { timers, store, a: new Process('a', store, timers), b: new Process('b', store, timers) };
}

describe('leader election', () => {
  test('the first takes the lease, and renews it as often as it is to', async () => {
    const { timers, store, a } = two();
    a.start(store);
    await pass(timers, 500);
    assert.ok(a.election.leads());
    const { writes } = store;
    await pass(timers, 20_000);
    assert.ok(a.election.leads());
    assert.equal(store.writes - writes, 9);
    assert.equal(store.lease?.transitions, 0);
  });

  test('the second waits without a write, and leads within moments once the first gives it back', async () => {
    const { timers, store, a, b } = two();
    a.start(store);
    await pass(timers, 500);
    b.start(store);
    const { writes } = store;
    await pass(timers, 1_000);
    assert.equal(store.writes, writes);
    const releasing = a.election.release();
    await pass(timers, 500);
    await releasing;
    assert.deepEqual([a.election.leads(), b.election.leads()], [false, true]);
    assert.equal(store.lease?.transitions, 1);
  });

  test('the second takes over from one that crashed, when the lease has run out', async () => {
    const { timers, store, a, b } = two();
    a.start(store);
    await pass(timers, 500);
    b.start(store);
    a.paused = true;
    await pass(timers, timing.leaseMs - 1_000);
    assert.ok(!b.election.leads());
    await pass(timers, 2_500);
    assert.ok(b.election.leads());
  });

  test('one that cannot renew stops before the lease has run out', async () => {
    const { timers, store, a } = two();
    a.start(store);
    await pass(timers, 500);
    a.cutOff = true;
    await pass(timers, timing.renewDeadlineMs + 500);
    assert.ok(!a.election.leads());
    await a.election.lost;
    assert.match(String(a.errors[0]), /no route to host/);
  });

  test('one that was stopped knows when it runs again, before anybody tells it', async () => {
    const { timers, store, a } = two();
    a.start(store);
    await pass(timers, 500);
    a.paused = true;
    await pass(timers, timing.renewDeadlineMs);
    assert.ok(!a.election.leads());
  });

  test('one from whom the lease is taken by force stops at once', async () => {
    const { timers, store, a } = two();
    a.start(store);
    await pass(timers, 500);
    store.put({ holder: 'somebody', durationMs: 15_000, transitions: 7 });
    await a.election.lost;
    assert.ok(!a.election.leads());
  });

  test('takes a lease that was deleted anew', async () => {
    const { timers, store, a, b } = two();
    a.start(store);
    await pass(timers, 500);
    b.start(store);
    store.put(undefined);
    await pass(timers, 500);
    assert.deepEqual([a.election.leads(), b.election.leads()], [false, true]);
  });

  test('one that is released during its first write waits for it, and gives back what was written', async () => {
    const { timers, store, a, b } = two();
    a.start(store);
    const releasing = a.election.release();
    await pass(timers, 500);
    await releasing;
    assert.equal(store.lease?.holder, '');
    assert.ok(!a.election.leads());
    b.start(store);
    await pass(timers, 500);
    assert.ok(b.election.leads());
  });

  test('one whose first write arrives and is never answered gives back what it wrote, once it hears of it', async () => {
    const { timers, store, a } = two();
    a.answersLost = true;
    a.start(store);
    const releasing = a.election.release();
    await pass(timers, 500);
    a.election.observe(store.lease);
    await pass(timers, 500);
    await releasing;
    assert.equal(store.lease?.holder, '');
  });

  test('one that is released during a renewal gives back what that wrote', async () => {
    const { timers, store, a } = two();
    a.start(store);
    await pass(timers, 500);
    const { writes } = store;
    timers.advance(timing.retryMs);
    const releasing = a.election.release();
    await pass(timers, 500);
    await releasing;
    assert.deepEqual([store.writes - writes, store.lease?.holder], [2, '']);
    assert.deepEqual(a.errors, []);
  });

  test('one whose lease is changed by somebody when it is released gives that back', async () => {
    const { timers, store, a } = two();
    a.start(store);
    await pass(timers, 500);
    const releasing = a.election.release();
    // A label, for one.
    if (store.lease !== undefined) store.put(store.lease);
    await pass(timers, 3_000);
    await releasing;
    assert.equal(store.lease?.holder, '');
    assert.deepEqual(a.errors, []);
  });

  test('a release ends also where somebody changes the lease again and again', async () => {
    const { timers, store, a } = two();
    a.start(store);
    await pass(timers, 500);
    let released = false;
    void a.election.release().then(() => (released = true));
    await pass(timers, 10_000, {
      stepMs: 5,
      check: () => {
        if (store.lease !== undefined) store.put({ ...store.lease, holder: 'a' });
      },
    });
    assert.ok(released);
  });

  test('what the watch tells late of the time before a write does not make it doubt its lease', async () => {
    const { timers, store, a } = two();
    a.start(store);
    await pass(timers, 500);
    const early = store.lease;
    await pass(timers, 4_000);
    a.election.observe(early);
    const { writes } = store;
    await pass(timers, timing.retryMs);
    assert.equal(store.writes - writes, 1);
    const releasing = a.election.release();
    await pass(timers, 500);
    await releasing;
    assert.equal(store.lease?.holder, '');
  });

  test('a lease of before a restore of etcd is taken for what it is, and the next one leads after it', async () => {
    const { timers, store, a } = two();
    a.start(store);
    await pass(timers, 500);
    const early = store.lease;
    await pass(timers, 4_000);
    assert.ok(early);
    // Held by one that is no more.
    store.restore({ ...early, holder: 'gone' });
    a.election.observe(store.lease, true);
    assert.ok(!a.election.leads(), 'it has lost it');
    const b = new Process('b', store, timers);
    b.start(store);
    await pass(timers, timing.leaseMs + timing.retryMs);
    assert.ok(b.election.leads());
  });

  test('one that waits goes on waiting for the lease of before a restore', async () => {
    const { timers, store, a, b } = two();
    a.start(store);
    await pass(timers, 500);
    const early = store.lease;
    b.start(store);
    await pass(timers, 4_000);
    assert.ok(early);
    a.cutOff = true;
    store.restore(early);
    b.election.observe(early, true);
    await pass(timers, timing.leaseMs + timing.retryMs);
    assert.ok(b.election.leads());
  });

  const refusals: Record<string, [error: Error, told: number]> = {
    'the account is gone': [new ApiError(401, 'Unauthorized', 'Unauthorized'), 0],
    'the rights are gone': [new ApiError(403, 'Forbidden', 'leases is forbidden'), 0],
    'the lease is gone': [new ApiError(404, 'NotFound', 'leases not found'), 0],
    'the API server is gone': [new Error('no route to host'), 1],
  };
  for (const [what, [error, told]] of Object.entries(refusals)) {
    test(`a release where ${what} ends, and ${told === 0 ? 'makes no noise' : 'says so'}`, async () => {
      const { timers, store, a } = two();
      a.start(store);
      await pass(timers, 500);
      a.refusal = error;
      const releasing = a.election.release();
      await pass(timers, 500);
      await releasing;
      assert.equal(a.errors.length, told);
      assert.ok(!a.election.leads());
    });
  }

  test('never do two lead, whatever happens to whom', async () => {
    const what = fc.constantFrom('pause', 'resume', 'cut off', 'reconnect', 'start', 'release');
    const steps = fc.array(fc.tuple(what, fc.nat(2), fc.integer({ min: 0, max: 20_000 })), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(steps, async (script) => {
        const timers = new VirtualTimers();
        const store = new Store();
        const all = ['a', 'b', 'c'].map((name) => new Process(name, store, timers));
        const check = (): void => {
          const leaders = all.filter(({ election }) => election.leads());
          assert.ok(leaders.length <= 1, 'two lead');
        };
        for (const [action, index, ms] of script) {
          const process = all[index];
          if (process === undefined) continue;
          if (action === 'pause') process.paused = true;
          else if (action === 'resume') process.resume(store);
          else if (action === 'cut off') process.cutOff = true;
          else if (action === 'reconnect') process.cutOff = false;
          else if (action === 'start') process.start(store);
          else void process.election.release();
          await pass(timers, ms, { check, stepMs: 250 });
        }
      }),
      { numRuns: 200 },
    );
  });
});
