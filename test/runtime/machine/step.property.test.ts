// Random sequences of events through step(), against a small world that behaves as processes do: what is signalled may
// die, what has died cannot speak. The invariants are those on which the pod's users rely.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'node:test';
import { nextDeadline } from '../../../src/runtime/machine/deadline.ts';
import { replacement } from '../../../src/runtime/machine/replacement.ts';
import {
  initialState,
  readyCount,
  type Event,
  type Settings,
  type State,
  type Worker,
} from '../../../src/runtime/machine/state.ts';
import { step } from '../../../src/runtime/machine/step.ts';
import { nothingLeft, settings } from '../../builders.ts';

const command = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('ready' as const), pick: fc.nat(9) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('heartbeat' as const), pick: fc.nat(9) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('die' as const), pick: fc.nat(9), code: fc.constantFrom(0, 1, 4, null) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 8_000 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('scale' as const), by: fc.constantFrom(1 as const, -1 as const) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('configure' as const),
      workers: fc.integer({ min: 1, max: 6 }),
      lifetimeMs: fc.constantFrom(0, 5_000),
      overdue: fc.constantFrom('abort' as const, 'replace' as const, 'none' as const),
      heartbeat: fc.constantFrom('always' as const, 'between-requests' as const, 'optional' as const),
      ready: fc.constantFrom('when-told' as const, 'when-running' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reload' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stop-worker' as const), pick: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('unready' as const), pick: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('withheld' as const), ms: fc.integer({ min: 1, max: 5_000 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('starved' as const), ids: fc.array(fc.nat(9)) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('sample' as const),
      requests: fc.nat(200),
      memoryBytes: fc.nat(200),
      ageMs: fc.option(fc.nat(4_000), { nil: undefined }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('traffic' as const), quiet: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('terminate' as const, 'quit' as const) }) },
);
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

/** How many of them share a place with another. */
function sharing(workers: readonly Worker[]): number {
  return workers.length - new Set(workers.map(({ place }) => place)).size;
}

class World {
  state: State;
  now = 0;
  readonly alive = new Map<number, number>();
  readonly announced = { started: false, drain: false, exit: false };
  #nextPid = 100;

  constructor(afterFailedStart: Settings['afterFailedStart']) {
    this.state = initialState({ ...settings, afterFailedStart }, 0);
  }

  send(event: Event): void {
    const before = this.state;
    if (event.kind === 'started') this.announced.started = true;
    const [next, effects] = step(before, event, { now: this.now, random: 0.5 });
    this.state = next;
    this.checkReplacement(before, event);
    this.checkPlaces(before);
    const spawned: Event[] = [];
    for (const effect of effects) {
      assert.ok(!this.announced.exit, 'nothing happens after the exit');
      if (effect.kind === 'spawn') {
        assert.ok(this.announced.started, 'no worker runs before what comes before all workers is done');
        assert.ok(this.now >= next.startNotBefore, 'restarts back off');
        const pid = this.#nextPid++;
        this.alive.set(effect.id, pid);
        spawned.push({ kind: 'spawned', id: effect.id, pid }, { kind: 'running', id: effect.id });
      }
      if (effect.kind === 'order')
        assert.ok([...this.alive.values()].includes(effect.pid), 'only living workers are given orders');
      if (effect.kind === 'announce-drain') this.announced.drain = true;
      if (effect.kind === 'exit') {
        assert.equal(this.alive.size, 0, 'no worker is left unreaped');
        this.announced.exit = true;
      }
    }
    for (const one of spawned) this.send(one);
    this.check();
  }

  check(): void {
    const { state } = this;
    const slots = state.workers.map((worker) => worker.slot);
    assert.equal(new Set(slots).size, slots.length, 'no two workers share a slot');
    assert.deepEqual(
      new Set(state.workers.map((worker) => worker.id)),
      new Set(this.alive.keys()),
      'every process is known',
    );
    const wanted = state.workers.filter(({ kind }) => kind === 'starting' || kind === 'ready').length;
    assert.ok(wanted <= state.settings.workers + 1, 'never more than one worker beside those that are wanted');
    if (wanted > state.settings.workers)
      assert.ok(replacement(state) !== undefined, 'one more than wanted only while it takes the place of another');
    if (state.phase.kind === 'stopping') assert.equal(wanted, 0, 'a stopping pod keeps no worker');
    const deadline = nextDeadline(state);
    // A worker that never beats, as it may, is awaited by nobody.
    const owes = state.workers.some(
      (one) => one.kind !== 'killed' && !(one.kind === 'ready' && one.lastBeat === Infinity),
    );
    if (owes)
      assert.ok(
        deadline !== undefined && deadline > this.now,
        'whatever is awaited has a deadline, and none has passed unseen',
      );
  }

  /** Places are 0 to below the number of workers that are wanted; two have one only while one takes it from the other. */
  checkPlaces(before: State): void {
    const { workers, settings: wanted } = this.state;
    const serving = workers.filter(({ kind }) => kind === 'starting' || kind === 'ready');
    for (const worker of serving) {
      assert.ok(worker.place < wanted.workers, 'no place is above those that are wanted');
      const others = serving.filter((one) => one.place === worker.place && one.id !== worker.id);
      for (const other of others) {
        const [old, successor] = other.id < worker.id ? [other, worker] : [worker, other];
        assert.ok(
          successor.kind === 'starting' && successor.replaces === old.id,
          'a place is shared with its successor',
        );
      }
      const known = before.workers.find(({ id }) => id === worker.id);
      assert.equal(worker.place, known?.place ?? worker.place, 'a worker keeps its place');
      const old = worker.kind === 'starting' && workers.find(({ id }) => id === worker.replaces);
      if (old) assert.equal(worker.place, old.place, 'a successor has the place of its predecessor');
    }
    assert.ok(sharing(serving) <= 1, 'one at a time is replaced');
    const full = serving.length - sharing(serving) === wanted.workers;
    const places = new Set(serving.map(({ place }) => place));
    if (full) assert.equal(places.size, wanted.workers, 'each place is taken');
  }

  /** A reload or a recycling never costs a serving worker before another serves. */
  checkReplacement(before: State, event: Event): void {
    if (before.phase.kind !== 'serving' || this.state.phase.kind !== 'serving') return;
    if (event.kind === 'exited' || event.kind === 'configured' || event.kind === 'scale') return;
    // It serves nobody any more.
    if (event.kind === 'unready') return;
    const lost = this.state.workers.filter(
      ({ id, kind }) => kind === 'draining' && before.workers.some((one) => one.id === id && one.kind === 'ready'),
    );
    if (lost.length > 0) assert.ok(readyCount(this.state) >= readyCount(before), 'a replacement is ready first');
  }

  die(id: number, code: number | null): void {
    this.alive.delete(id);
    this.send({ kind: 'exited', id, code, signal: code === null ? 'SIGKILL' : null, ...nothingLeft });
  }

  #pick(index: number): number | undefined {
    const ids = [...this.alive.keys()];
    return ids[index % Math.max(1, ids.length)];
  }

  run(one: Command): void {
    switch (one.do) {
      case 'wait':
        return this.wait(one.ms);
      case 'scale':
        return this.send({ kind: 'scale', by: one.by });
      case 'configure':
        return this.send({
          kind: 'configured',
          settings: {
            ...settings,
            afterFailedStart: this.state.settings.afterFailedStart,
            workers: one.workers,
            recycle: { requests: 100, jitter: 20, memoryBytes: 150, lifetimeMs: one.lifetimeMs },
            kind: { overdue: one.overdue, heartbeat: one.heartbeat, ready: one.ready, hookBeforeStop: false },
          },
        });
      case 'reload':
        return this.send({ kind: 'reload' });
      case 'withheld':
        return this.send({ kind: 'withheld', ms: one.ms });
      case 'starved':
        return this.send({ kind: 'starved', ids: one.ids });
      case 'sample': {
        const oldest = one.ageMs === undefined ? undefined : { text: 'GET /', ageMs: one.ageMs };
        const { requests, memoryBytes } = one;
        const samples = [...this.alive.keys()].map((id) => ({ id, requests, memoryBytes, oldest }));
        return this.send({ kind: 'sampled', samples });
      }
      case 'traffic':
        return this.send({ kind: 'traffic', quiet: one.quiet });
      case 'terminate':
      case 'quit':
        return this.send({ kind: one.do });
      case 'ready':
      case 'heartbeat':
      case 'stop-worker':
      case 'unready':
      case 'die': {
        const id = this.#pick(one.pick);
        if (id === undefined) return undefined;
        return one.do === 'die' ? this.die(id, one.code) : this.send({ kind: one.do, id });
      }
    }
  }

  /** Time passes as the supervisor's timer sees it: from deadline to deadline. */
  wait(ms: number): void {
    const until = this.now + ms;
    for (let turns = 0; turns < 1_000; turns++) {
      const deadline = nextDeadline(this.state);
      if (deadline === undefined || deadline > until) break;
      this.now = Math.max(this.now, deadline);
      this.send({ kind: 'tick', heard: this.now });
    }
    this.now = until;
  }

  /** Every process obeys from here on. @returns milliseconds until the exit */
  finish(): number {
    const from = this.now;
    for (let turns = 0; turns < 1_000 && this.state.phase.kind !== 'stopped'; turns++) {
      for (const worker of this.state.workers)
        if (worker.kind !== 'starting' && worker.kind !== 'ready') this.die(worker.id, 0);
      const deadline = nextDeadline(this.state);
      if (deadline === undefined) continue;
      this.now = Math.max(this.now, deadline);
      this.send({ kind: 'tick', heard: this.now });
    }
    return this.now - from;
  }
}

test('invariants hold over 10,000 random sequences of events', () => {
  const afterFailedStart = fc.constantFrom('retry' as const, 'wait-for-reload' as const);
  const commandsOf = (most: number): fc.Arbitrary<Command[]> => fc.array(command, { maxLength: most });
  fc.assert(
    fc.property(afterFailedStart, commandsOf(5), commandsOf(40), (after, early, commands) => {
      const world = new World(after);
      for (const one of early) world.run(one);
      if (!world.announced.exit) world.send({ kind: 'started' });
      for (const one of commands) world.run(one);
      world.send({ kind: 'terminate' });
      const took = world.finish();
      assert.equal(world.state.phase.kind, 'stopped', 'asked to end, it ends');
      assert.ok(took <= settings.drainMaximumMs + settings.gracefulTimeoutMs + 2_000, `after ${took} ms`);
    }),
    { numRuns: 10_000 },
  );
});
