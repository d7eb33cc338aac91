import type { AppServerSpec } from './appserver.ts';
import { milliseconds } from './fields.ts';

/** For the stacks of workers that did not end in time, and for the exit of the runtime itself. */
const marginSeconds = 5;

/** The pod's terminationGracePeriodSeconds: whatever the runtime may take by its own deadlines, and a margin. */
export function terminationGraceSeconds(spec: AppServerSpec): number {
  const ms = milliseconds(spec.drain.maximum) + milliseconds(spec.workers.gracefulTimeout);
  return Math.ceil(ms / 1000) + marginSeconds;
}
