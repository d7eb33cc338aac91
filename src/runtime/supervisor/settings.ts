// What step() is told of the configuration.
import type { FixedConfig, LiveConfig } from '../config/config.ts';
import type { Settings } from '../machine/state.ts';
import type { WorkerKind } from '../processes/kind.ts';
import { autoCount, autoMemory, type Machine } from './auto-count.ts';

export function settingsOf(fixed: FixedConfig, live: LiveConfig, kind: WorkerKind, machine: Machine): Settings {
  const { count, recycle, bootTimeoutMs, heartbeatTimeoutMs, requestTimeoutMs, gracefulTimeoutMs } = live.workers;
  const workers = count === 'auto' ? autoCount(fixed.app, machine) : count;
  return {
    workers,
    readyWorkers: live.readyWorkers,
    bootTimeoutMs,
    heartbeatTimeoutMs,
    requestTimeoutMs,
    gracefulTimeoutMs,
    drainMinimumMs: fixed.drain.minimumMs,
    drainMaximumMs: fixed.drain.maximumMs,
    recycle: {
      requests: recycle.requests,
      jitter: recycle.jitter,
      lifetimeMs: recycle.lifetimeMs,
      memoryBytes: recycle.memory === 'auto' ? autoMemory(workers, machine.cgroup) : recycle.memory,
    },
    kind: { ...kind.rules, hookBeforeStop: fixed.hooks.beforeStop !== undefined },
  };
}
