// What step() and the workers are told of the configuration.
import { accessLogFormat, type FixedConfig, type LiveConfig } from '../config/config.ts';
import { beatsInTimeout, type Settings } from '../machine/state.ts';
import type { WorkerKind } from '../processes/kind.ts';
import type { WorkerSettings } from '../processes/shared-memory.ts';
import { autoCount, autoMemory, type Machine } from './auto-count.ts';

export function settingsOf(
  fixed: FixedConfig,
  live: LiveConfig,
  kind: WorkerKind,
  machine: Machine,
): Omit<Settings, 'afterFailedStart'> {
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

export function workerSettings(live: LiveConfig, terminal: boolean): WorkerSettings {
  const { heartbeatTimeoutMs, requestTimeoutMs } = live.workers;
  return {
    accessLog: accessLogFormat(live, terminal),
    accessLogQuery: live.logging.accessLogQuery,
    beatSeconds: heartbeatTimeoutMs / beatsInTimeout / 1000,
    requestTimeoutSeconds: requestTimeoutMs / 1000,
  };
}

const longestSampleMs = 1_000;
const shortestSampleMs = 100;

/** How often workers are looked at, in milliseconds. */
export function sampleMs({ workers: { heartbeatTimeoutMs, requestTimeoutMs } }: LiveConfig): number {
  const shortest = Math.min(heartbeatTimeoutMs, requestTimeoutMs || Infinity) / beatsInTimeout;
  return Math.max(shortestSampleMs, Math.min(longestSampleMs, shortest));
}
