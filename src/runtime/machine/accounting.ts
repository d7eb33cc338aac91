// What is counted over the life of the pod and outlives the workers that it is about.
import { latencyBounds, statusClasses } from '../shared/shared-memory-layout.ts';

export interface Counters {
  readonly begun: number;
  readonly ended: number;
  readonly seconds: number;
  /** One entry a bucket of `latencyBounds` and one for the rest; not cumulative. */
  readonly buckets: readonly number[];
  /** One entry a class of `statusClasses`. */
  readonly statuses: readonly number[];
}

export const noCounters: Counters = {
  begun: 0,
  ended: 0,
  seconds: 0,
  buckets: Array.from({ length: latencyBounds.length + 1 }, () => 0),
  statuses: statusClasses.map(() => 0),
};

export function addCounters(a: Counters, b: Counters): Counters {
  return {
    begun: a.begun + b.begun,
    ended: a.ended + b.ended,
    seconds: a.seconds + b.seconds,
    buckets: a.buckets.map((count, i) => count + (b.buckets[i] ?? 0)),
    statuses: a.statuses.map((count, i) => count + (b.statuses[i] ?? 0)),
  };
}

/** What a worker has left in its row of the shared memory. */
export interface Left {
  readonly counters: Counters;
  /** Open when it ended. */
  readonly connections: number;
}

/** Upper bounds in seconds of the time that workers take until they are ready. */
export const bootBounds = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const;
/** More would make /status grow for as long as the pod runs. */
const recentBoots = 8;

export interface Boots {
  /** One entry a bucket of `bootBounds` and one for the rest; not cumulative. */
  readonly counts: readonly number[];
  readonly seconds: number;
  /** Seconds of the last few, the newest last. */
  readonly recent: readonly number[];
}

export interface Accounts {
  /** What workers that have ended had counted. */
  readonly ended: Counters;
  /** Requests that workers had in hand when they ended. */
  readonly requestsLost: number;
  /** Connections that workers had open when they ended, with and without a request. */
  readonly connectionsLost: number;
  readonly boots: Boots;
  /** Processes that the kernel has killed for memory, as far as it is known whose end that was. */
  readonly oomKills: number;
}

/** @param oomKills those from before */
export function noAccounts(oomKills: number): Accounts {
  return {
    ended: noCounters,
    requestsLost: 0,
    connectionsLost: 0,
    boots: { counts: [...bootBounds, Infinity].map(() => 0), seconds: 0, recent: [] },
    oomKills,
  };
}

/** A worker has ended: what it had begun and not ended ended with it. */
export function withEnded(accounts: Accounts, { counters, connections }: Left): Accounts {
  return {
    ...accounts,
    ended: addCounters(accounts.ended, { ...counters, begun: counters.ended }),
    requestsLost: accounts.requestsLost + counters.begun - counters.ended,
    connectionsLost: accounts.connectionsLost + connections,
  };
}

/** A worker has become ready. */
export function withBoot(accounts: Accounts, seconds: number): Accounts {
  const { boots } = accounts;
  const found = bootBounds.findIndex((bound) => seconds <= bound);
  const bucket = found === -1 ? bootBounds.length : found;
  return {
    ...accounts,
    boots: {
      counts: boots.counts.map((count, i) => count + (i === bucket ? 1 : 0)),
      seconds: boots.seconds + seconds,
      recent: [...boots.recent, seconds].slice(-recentBoots),
    },
  };
}
