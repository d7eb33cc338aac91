// What is told of an AppServer whose pods are to be replaced, and which has to wait for that.
import { reasons } from '../../api/index.ts';
import type { PresentCondition } from './conditions.ts';

/** Named at most; each has up to 317 characters. */
const mostNamed = 5;

/** @param holders keys of the AppServers that have the places */
export function restartWaiting(holders: readonly string[]): PresentCondition {
  const named = holders.slice(0, mostNamed).join(', ');
  const more = holders.length > mostNamed ? ` and ${holders.length - mostNamed} more` : '';
  const message = `What the pods use has new content, and they are replaced as soon as there is a place for it: ${named}${more} replace theirs now. A place is free when such a rollout is complete, fails or is paused, after 15 minutes at the latest; see to those that hang, or raise the operator's --restart-limit.`;
  return { type: 'RestartWaiting', reason: reasons.RestartPlacesTaken, message };
}
