// A supervisor's state with a clock of its own, for tests.
import { initialState, type Effect, type Event, type State } from '../../../src/runtime/machine/state.ts';
import { step } from '../../../src/runtime/machine/step.ts';
import { settings } from '../../builders.ts';

/** Drives step() with a clock of its own. */
export class Run {
  state: State = initialState(settings, 0);
  effects: Effect[] = [];
  now = 0;

  /** Effects of this event alone are left in `effects`. */
  send(event: Event, random = 0.5): this {
    [this.state, this.effects] = step(this.state, event, { now: this.now, random });
    return this;
  }

  wait(ms: number): this {
    this.now += ms;
    return this.send({ kind: 'tick', heard: this.now });
  }

  /** Two workers, ready, with process ids 101 and 102. */
  serving(): this {
    this.send({ kind: 'started' });
    for (const id of [1, 2]) this.send({ kind: 'spawned', id, pid: 100 + id }).send({ kind: 'ready', id });
    return this;
  }

  kinds(): string[] {
    return this.effects.map((effect) => (effect.kind === 'order' ? `${effect.order} ${effect.pid}` : effect.kind));
  }

  workers(): string[] {
    return this.state.workers.map((worker) => `${worker.id} ${worker.kind}`);
  }
}
