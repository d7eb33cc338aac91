// How long after one poll of a pod the next one is.

/** Between two polls of a pod of which something is off. */
export const closePollMs = 5_000;
/** Close polls in a row, some minute of them, after which they become rarer: what is off stays so. */
const closeInARow = 12;
/** Failures in a row that change nothing: a runtime that starts does not answer yet. */
const freeFailures = 2;
const longestMs = 5 * 60_000;

/** Polls in a row, up to the last one. */
export interface Streaks {
  /** Without a report: no answer, too long a one, or garbage. */
  readonly failures: number;
  /** Of a pod of which something is off. */
  readonly close: number;
}

export const noStreaks: Streaks = { failures: 0, close: 0 };

const doubled = (ms: number, times: number, most: number): number => Math.min(most, ms * 2 ** Math.min(times, 30));

/**
 * Milliseconds until the next poll.
 * @param everyMs between two polls of a pod that is well
 */
export function nextPollMs({ failures, close }: Streaks, everyMs: number): number {
  const usual =
    close === 0 ? everyMs : doubled(Math.min(closePollMs, everyMs), Math.max(0, close - closeInARow), everyMs);
  return doubled(usual, Math.max(0, failures - freeFailures), Math.max(everyMs, longestMs));
}
