// Whether the pods of an AppServer are replaced, because a ConfigMap or Secret that they use has new content.
import { reasons } from '../../api/index.ts';
import type { EventRecorder } from '../../kube/index.ts';
import { recorded, restart } from '../decide/restart.ts';
import type { Facts } from '../model/facts.ts';
import type { Reference } from '../model/references.ts';
import { isSettled, isStuck } from '../model/rollout.ts';
import type { Contents } from '../observe/content-versions.ts';
import type { PresentCondition } from '../status/conditions.ts';
import { restartWaiting } from '../status/restart-waiting.ts';
import type { RestartTurn } from './restart-limiter.ts';
import type { Subject } from './subject.ts';

export interface RestartDecision {
  readonly facts: Facts;
  /** `begins` once the Deployment has been written, `goes on` since then. */
  readonly replacing: 'no' | 'begins' | 'goes on';
  /** Why they are not replaced yet. */
  readonly waiting: PresentCondition | undefined;
}

export interface NewContentOptions {
  readonly contents: Contents;
  readonly events: EventRecorder;
}

/** Whether pods are being replaced; not those of a rollout that has failed or is paused, which need no place. */
export const isRolling = (facts: Facts): boolean =>
  facts.app.spec.rollout.paused !== true && !isSettled(facts) && !isStuck(facts);

/** @param used what the pods use */
export async function decideRestart(
  { contents, events }: NewContentOptions,
  { key, object }: Subject,
  { facts, used }: { readonly facts: Facts; readonly used: readonly Reference[] },
  turn: RestartTurn,
): Promise<RestartDecision> {
  const { restartOn, rollout } = facts.app.spec;
  const references = used.filter(({ kind }) => restartOn.includes(kind));
  const looks = await contents.read(key, references, recorded(facts.restart.contents));
  const { now, later, changed } = restart(facts.restart, references, looks);
  const paused = rollout.paused === true;
  if (changed.length === 0) {
    return { facts: { ...facts, restart: now }, replacing: isRolling(facts) ? 'goes on' : 'no', waiting: undefined };
  }
  // A rollout that is paused replaces nothing, and needs no place.
  const place = paused ? undefined : turn.request(rollout.progressDeadlineSeconds * 1_000);
  const may = place?.kind !== 'waiting';
  const then = may ? 'pods are replaced' : 'pods are replaced once fewer other AppServers do that';
  const note = `New content of ${changed.map((id) => id.replace('/', ' ')).join(', ')}: ${then}`;
  events.record(object, { type: 'Normal', reason: reasons.ContentChanged, action: 'Restart', note });
  return {
    facts: { ...facts, restart: may ? now : later },
    replacing: place?.kind === 'granted' ? 'begins' : 'no',
    waiting: place?.kind === 'waiting' ? restartWaiting(place.holders) : undefined,
  };
}
