// The condition of an AppServer whose pods are to be restarted for new content and have to wait.
import { reasons } from '../../api/index.ts';
import type { PresentCondition } from './conditions.ts';

/** Named at most; each has up to 317 characters. */
const mostNamed = 5;

/** @param holders keys of the AppServers that have the places */
export function restartWaiting(holders: readonly string[]): PresentCondition {
  const named = holders.slice(0, mostNamed).join(', ');
  const more = holders.length > mostNamed ? ` and ${holders.length - mostNamed} more` : '';
  const message = `A ConfigMap or Secret that the pods use has new content, and they are restarted once fewer other AppServers are: ${named}${more} restart theirs now. Each makes way when its rollout is complete, fails or is paused, after 15 minutes at the latest; check those that hang, or raise the operator's --restart-limit.`;
  return { type: 'RestartWaiting', reason: reasons.RestartLimitReached, message };
}
