// How a worker becomes ready, and the one whose place it takes goes.
import { withBoot } from './accounting.ts';
import type { Draft } from './draft.ts';
import { retire } from './exits.ts';

/** A program that cannot be run has ended within this time, on a busy machine, too: it has nothing else to do. */
const runningMs = 500;

/** One that will not say so itself counts as ready when it has run for a moment. */
export function running(draft: Draft, id: number): void {
  const worker = draft.find(id);
  if (worker?.kind !== 'starting' || draft.state.settings.kind.ready !== 'when-running') return;
  draft.replace({ ...worker, readyAt: Math.min(worker.readyAt, draft.at.now + runningMs) });
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
