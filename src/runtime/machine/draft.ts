// Collects the changes and effects of one step().
import type { Effect, Order, Phase, State, Worker } from './state.ts';

export interface Instant {
  /** Milliseconds of a clock that never goes back. */
  readonly now: number;
  /** From 0 to below 1, new with each step; spreads restarts. */
  readonly random: number;
}

export class Draft {
  state: State;
  readonly effects: Effect[] = [];
  readonly at: Instant;

  constructor(state: State, at: Instant) {
    this.state = state;
    this.at = at;
  }

  set(changes: Partial<State>): void {
    this.state = { ...this.state, ...changes };
  }

  replace(worker: Worker): void {
    this.set({ workers: this.state.workers.map((one) => (one.id === worker.id ? worker : one)) });
  }

  enter(phase: Phase): void {
    if (phase.kind !== this.state.phase.kind) this.effects.push({ kind: 'phase', phase: phase.kind });
    this.set({ phase });
  }

  find(id: number): Worker | undefined {
    return this.state.workers.find((worker) => worker.id === id);
  }

  order({ id, slot, pid }: Worker, order: Order): void {
    if (pid !== undefined) this.effects.push({ kind: 'order', order, id, slot, pid });
  }
}
