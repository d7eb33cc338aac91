import type { AppServerSpec } from './appserver.ts';
import { milliseconds } from './fields.ts';

/** For the stacks of workers that did not end in time, and for the exit of the runtime itself. */
const marginSeconds = 5;

/**
 * How long the runtime may wait for requests to stop coming. An nginx in front stops accepting at `drain.maximum`, and may
 * take as long as the workers to pass on what it has accepted.
 */
export function drainMaximumMs(spec: AppServerSpec): number {
  const behindProxy = spec.proxy === undefined ? 0 : milliseconds(spec.workers.gracefulTimeout);
  return milliseconds(spec.drain.maximum) + behindProxy;
}

/** The pod's terminationGracePeriodSeconds: whatever the runtime may take by its own deadlines, and a margin. */
export function terminationGraceSeconds(spec: AppServerSpec): number {
  const ms = drainMaximumMs(spec) + milliseconds(spec.workers.gracefulTimeout);
  return Math.ceil(ms / 1000) + marginSeconds;
}
