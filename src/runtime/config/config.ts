// What the runtime can be told: one document, whether it comes from the operator's two ConfigMaps, from a YAML file or
// from flags. docs/runtime.md describes the fields.
import type { AccessLogFormat } from '../shared/shared-memory-layout.ts';

export const workerClasses = ['sync', 'gthread', 'gevent', 'fast'] as const;
type WorkerClass = (typeof workerClasses)[number];
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export const logFormats = ['json', 'ecs', 'text'] as const;
export type LogFormat = (typeof logFormats)[number];

export interface PythonApplication {
  readonly kind: 'wsgi' | 'asgi';
  /** module:attribute, or module:factory() */
  readonly target: string;
  readonly class: WorkerClass;
  readonly threads: number;
  readonly preload: boolean;
  /** Whether threads that the import starts are accepted with preload; the workers do not have them. */
  readonly preloadThreads: boolean;
  /** Path below which a proxy in front has the application; for asgi. */
  readonly rootPath: string | undefined;
  readonly pythonPath: readonly string[];
  /** Module of hook functions. */
  readonly hooks: string | undefined;
}

export type Application = (
  | PythonApplication
  | { readonly kind: 'node'; readonly target: string }
  /** `notify`: the program says READY=1 itself; otherwise it is ready once it runs. */
  | { readonly kind: 'command'; readonly target: string; readonly notify: boolean }
) & { readonly args: readonly string[]; readonly workingDir: string | undefined };

export interface HookCommand {
  readonly command: readonly string[];
  readonly timeoutMs: number;
}

export const hookMoments = ['beforeStart', 'workerStart', 'workerExit', 'beforeStop'] as const;
export type HookMoment = (typeof hookMoments)[number];

export interface ApplicationCheckSettings {
  /** Of the request, as it is written in the configuration. */
  readonly path: string;
  /** As it stands in the header. */
  readonly host: string;
  readonly intervalMs: number;
  /** Answers in a row that are no success, after which the pod is not ready. */
  readonly failureThreshold: number;
}

/** Fixed for the life of the process. Times in milliseconds. */
export interface FixedConfig {
  readonly app: Application;
  /** HOST:PORT or unix:PATH, at least one. */
  readonly listen: readonly string[];
  readonly admin: string;
  /** Path of the control socket; undefined for none. */
  readonly control: string | undefined;
  readonly backlog: number;
  readonly keepAliveMs: number;
  /** Undefined for the limit that the server itself has. */
  readonly maxHeaderBytes: number | undefined;
  readonly trustedProxies: readonly string[];
  readonly drain: { readonly minimumMs: number; readonly maximumMs: number };
  readonly hooks: Readonly<Partial<Record<HookMoment, HookCommand>>>;
  /** Undefined when the application is not asked. */
  readonly check: ApplicationCheckSettings | undefined;
  /** Of a proxy in front: while this file exists, requests may still come from it. */
  readonly proxyPidFile: string | undefined;
}

/** Taken over while it runs. Times in milliseconds. */
export interface LiveConfig {
  /** Changes with every change of the settings; /status tells which one is in force. */
  readonly revision: string;
  readonly workers: {
    readonly count: number | 'auto';
    readonly bootTimeoutMs: number;
    readonly heartbeatTimeoutMs: number;
    /** 0 for no limit */
    readonly requestTimeoutMs: number;
    readonly gracefulTimeoutMs: number;
    readonly recycle: Recycle;
  };
  readonly readyWorkers: number;
  readonly logging: {
    readonly level: (typeof logLevels)[number];
    readonly format: LogFormat;
    readonly accessLog: boolean;
    /** Whether it has query strings. */
    readonly accessLogQuery: boolean;
  };
}

/** When a worker is replaced although it is well. */
export interface Recycle {
  /** After so many requests, 0 for never, and up to `jitter` more. */
  readonly requests: number;
  readonly jitter: number;
  /** Resident bytes, or `auto` for its share of the container's limit; undefined for never. */
  readonly memory: number | 'auto' | undefined;
  /** 0 for never */
  readonly lifetimeMs: number;
}

export interface Config {
  readonly fixed: FixedConfig;
  readonly live: LiveConfig;
}

/** How workers are to write the access log. */
export function accessLogFormat({ logging }: LiveConfig, terminal: boolean): AccessLogFormat {
  if (!logging.accessLog) return 'off';
  return logging.format === 'text' && terminal ? 'colour' : logging.format;
}
