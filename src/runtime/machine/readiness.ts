// How a worker becomes ready, and the one whose place it takes goes.
import { withBoot } from './accounting.ts';
import type { Draft } from './draft.ts';
import { retire } from './exits.ts';

/** A program that could not be run has ended within this time, on a busy machine, too. */
const runningMs = 500;

/** When a worker that begins to run now counts as ready. */
export function readyAt({ state: { settings }, at }: Draft): number {
  return settings.kind.ready === 'when-running' ? at.now + runningMs : Infinity;
}

export function becameReady(draft: Draft, id: number): void {
  const worker = draft.find(id);
  if (worker?.kind !== 'starting') return;
  const { now, random } = draft.at;
  const { slot, place, pid, generation, replaces } = worker;
  const lastBeat = draft.state.settings.kind.heartbeat === 'optional' ? Infinity : now;
  const spread = random;
  draft.replace({ kind: 'ready', id, slot, place, pid, generation, since: now, lastBeat, spread, replace: undefined });
  const bootMs = now - worker.since;
  draft.effects.push({ kind: 'worker-ready', id, bootMs });
  draft.set({ noneReadySince: undefined, accounts: withBoot(draft.state.accounts, bootMs / 1000) });
  if (draft.state.phase.kind === 'booting') draft.enter({ kind: 'serving' });
  const old = replaces === undefined ? undefined : draft.find(replaces);
  if (old?.kind !== 'ready') return;
  const reason = old.replace ?? 'reload';
  draft.set({ replaced: { ...draft.state.replaced, [reason]: (draft.state.replaced[reason] ?? 0) + 1 } });
  draft.effects.push({ kind: 'worker-replaced', id: old.id, reason });
  retire(draft, old, 'retire');
}
