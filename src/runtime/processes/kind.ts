// What the supervisor has to know of one kind of worker; what it decides is the same for all.
import type { FixedConfig } from '../config/config.ts';
import type { ErrorCode } from '../errors.ts';
import type { Signal, Start } from '../host/host.ts';
import type { KindRules, Order } from '../machine/state.ts';
import type { Descriptors } from './descriptors.ts';

export interface Site {
  /** Folder of the installed runtime. */
  readonly home: string;
  /** Of the supervisor. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly fixed: FixedConfig;
  readonly descriptors: Descriptors;
  readonly gracefulTimeoutMs: number;
}

/** The worker's number, its row in the shared memory, and what its environment tells it of which one it is. */
export interface Place {
  readonly id: number;
  readonly slot: number;
  readonly environment: Readonly<Record<string, string>>;
  /** `service.instance.id` of OpenTelemetry, unless the user has set one; no two workers have the same. */
  readonly instance: string;
}

export interface WorkerKind {
  readonly rules: Omit<KindRules, 'hookBeforeStop'>;
  /** How the orders are given: by a signal, by the shared memory, or not at all. */
  readonly signals: Readonly<Record<Exclude<Order, 'kill'>, Signal | 'memory' | undefined>>;
  /** The error when the program that runs it is not there. */
  readonly missing: ErrorCode;
  /** The process that forks the workers; undefined when each is started by itself. */
  readonly forkServer?: (site: Site) => Start;
  readonly command: (site: Site, place: Place) => Start;
  /** What the command is told on its stdin; it is the same for every place then, and one can be started ahead. */
  readonly request?: (place: Place) => string;
  /** What prints the metrics that the application counts itself; undefined where there is no such thing. */
  readonly collect?: (site: Site) => Start;
}
