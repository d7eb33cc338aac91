// Which moment the supervisor's one timer is armed for.
import { counts, type State } from './state.ts';

/** With no worker ready for so long, the process ends. */
export const noneReadyLimitMs = 60_000;

/** When step() must be called again at the latest with a tick; undefined when only events matter. */
export function nextDeadline(state: State): number | undefined {
  const deadlines = state.workers.flatMap((worker): number[] => {
    switch (worker.kind) {
      case 'starting':
        return [worker.deadline];
      case 'ready':
        return [worker.lastBeat + state.settings.heartbeatTimeoutMs];
      case 'draining':
      case 'aborting':
        return [worker.killAt];
      case 'killed':
        return [];
    }
  });
  const { phase, settings } = state;
  if (phase.kind === 'serving' && state.noneReadySince !== undefined) {
    deadlines.push(state.noneReadySince + noneReadyLimitMs);
  }
  if (phase.kind === 'draining') {
    deadlines.push(phase.quiet ? phase.since + settings.drainMinimumMs : phase.since + settings.drainMaximumMs);
  }
  const serving = phase.kind === 'booting' || phase.kind === 'serving' || phase.kind === 'draining';
  const starting = state.workers.some((worker) => worker.kind === 'starting');
  if (serving && !(state.failures > 0 && starting) && state.workers.filter(counts).length < settings.workers) {
    deadlines.push(state.startNotBefore);
  }
  return deadlines.length === 0 ? undefined : Math.min(...deadlines);
}
