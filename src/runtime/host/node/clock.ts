import type { Clock, Timer } from '../host.ts';

/** Longer ones would overflow, and run at once. */
const longestMs = 2 ** 31 - 1;

function cancelled(timer: NodeJS.Timeout): Timer {
  return { cancel: () => clearTimeout(timer) };
}

export const clock: Clock = {
  now: () => Number(process.hrtime.bigint()) / 1e6,
  date: () => new Date().toISOString(),
  // A timer of whole milliseconds must not come before its time.
  after: (ms, run) => cancelled(setTimeout(run, Math.min(longestMs, Math.max(0, Math.ceil(ms))))),
  every: (ms, run) => cancelled(setInterval(run, Math.min(longestMs, Math.max(1, Math.ceil(ms))))),
  soon: (run) => queueMicrotask(run),
  // Node runs timers before it reads.
  afterInput: (run) => void setImmediate(run),
};
