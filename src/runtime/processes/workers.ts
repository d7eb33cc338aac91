// The worker processes: starts them, by themselves or through the fork server, and turns what they say into events.
import { sentence, type Surface } from '../errors.ts';
import type { Child, Host } from '../host/host.ts';
import type { Logger } from '../log/logger.ts';
import type { Event, Failure } from '../machine/state.ts';
import type { Fields } from '../text/log-line.ts';
import { collect, multiprocessDir, shared } from './application-metrics.ts';
import { startChild, type ChildCallbacks } from './child-process.ts';
import { ForkServer } from './fork-server.ts';
import type { Site, WorkerKind } from './kind.ts';
import { parseNotification } from './notify.ts';
import { Standby } from './standby.ts';

type Remains = Pick<Extract<Event, { kind: 'exited' }>, 'oomKills' | 'left'>;

export interface WorkersOptions {
  readonly host: Pick<Host, 'processes' | 'clock' | 'env'>;
  readonly kind: WorkerKind;
  readonly surface: Surface;
  readonly site: () => Site;
  readonly log: Logger;
  readonly onEvent: (event: Event) => void;
  readonly onStderr: (line: string) => void;
  readonly startingIds: () => readonly number[];
  /** What is known of a worker that has just ended, from elsewhere. */
  readonly remains: (slot: number) => Remains;
}

export class Workers {
  readonly #options: WorkersOptions;
  readonly #forkServer: ForkServer | undefined;
  readonly #standby: Standby | undefined;
  /** The process that was started for each worker, or would have been; a forked worker has another. */
  readonly #running = new Map<number, Child | undefined>();
  readonly #listeners = new Set<(id: number, line: string) => void>();
  readonly #metrics: () => Promise<string | undefined>;
  #held = false;

  constructor(options: WorkersOptions) {
    const { kind, host } = options;
    this.#options = options;
    this.#metrics = shared(host.clock, () => this.#collect());
    const { forkServer } = kind;
    this.#forkServer =
      forkServer &&
      new ForkServer({
        host,
        command: () => forkServer(options.site()),
        onFailure: (failure) => this.#failStarting(failure),
        onOutput: (stream, line) => this.#write({ stream }, stream, line),
      });
    if (kind.request !== undefined) {
      const anywhere = { id: 0, slot: 0 };
      this.#standby = new Standby(host, () => kind.command(options.site(), anywhere));
    }
  }

  start(id: number, slot: number): void {
    const { host, kind, site, log, onEvent } = this.#options;
    this.#forkServer?.ensure();
    const callbacks: ChildCallbacks = {
      spawned: (pid) => {
        log.debug({ worker: id, pid }, 'worker started');
        // Not at once: the event that made this worker is still being handled.
        host.clock.soon(() => onEvent({ kind: 'spawned', id, pid }));
      },
      failed: (cause) => onEvent({ kind: 'spawn-failed', id, cause }),
      notified: (line) => this.#notified(id, line),
      output: (stream, line) => this.#workerOutput(id, stream, line),
      exited: (code, signal) => {
        this.#running.delete(id);
        if (code === 127 && kind.forkServer === undefined) this.#fail(id, missing(kind));
        onEvent({ kind: 'exited', id, code, signal, ...this.#options.remains(slot) });
      },
    };
    const place = { id, slot };
    const child = this.#standby?.take(callbacks) ?? startChild(host, kind.command(site(), place), callbacks);
    const request = kind.request?.(place);
    if (request !== undefined) this.#forkServer?.whenCurrent(() => child?.tell(request));
    if (this.#held) child?.pause();
    this.#running.set(id, child);
  }

  /** The next worker is to come from a fork server that has imported everything anew. */
  renew(): void {
    this.#forkServer?.renew();
  }

  /** A worker was given up; where the fork server is what holds it up, that goes too. */
  aborted(id: number, failure: Failure): void {
    if (this.#options.startingIds().includes(id) || this.#running.has(id)) this.#forkServer?.abortIfStuck(failure);
  }

  /** The last means: also the stub of a forked worker, should nobody be left to tell it of the worker's end. */
  kill(id: number): void {
    const child = this.#running.get(id);
    // It may have ended, and its exit is on the way.
    if (child !== undefined) this.#options.host.processes.kill(child.pid, 'SIGKILL');
  }

  /** The application's own metrics, undefined when it has none or they cannot be had. */
  applicationMetrics(): Promise<string | undefined> {
    return this.#metrics();
  }

  async #collect(): Promise<string | undefined> {
    const { host, kind, site } = this.#options;
    if (kind.collect === undefined || multiprocessDir(host.env) === undefined || this.#forkServer?.pid === undefined)
      return undefined;
    return collect(host, kind.collect(site()));
  }

  holdOutput(hold: boolean): void {
    this.#held = hold;
    for (const child of this.#running.values()) {
      if (hold) child?.pause();
      else child?.resume();
    }
  }

  /** Hears what workers write to stderr, until the function that it returns is called. */
  listen(listener: (id: number, line: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #notified(id: number, line: string): void {
    const { log, onEvent } = this.#options;
    const said = parseNotification(line);
    switch (said?.kind) {
      case 'ready':
        // Only now: workers that start need the CPU more.
        this.#standby?.prepare();
        return onEvent({ kind: said.kind, id });
      case 'heartbeat':
        return onEvent({ kind: said.kind, id });
      case 'main-pid':
        return onEvent({ kind: 'spawned', id, pid: said.pid });
      case 'status':
        return log.info({ worker: id, status: said.text }, 'worker says');
      case 'failing':
        return this.#fail(id, said.failure);
      case 'request-timeout':
        log.error(
          { worker: id, code: 'REQUEST_TIMEOUT', request: said.request, seconds: said.seconds },
          'request ended',
        );
        return onEvent({ kind: 'request-timeout' });
      case 'stopping':
      case undefined:
        return undefined;
    }
  }

  #fail(id: number, failure: Failure): void {
    const { log, surface } = this.#options;
    log.error({ worker: id }, sentence(failure.code, failure.cause, surface));
    this.#options.onEvent({ kind: 'failing', id, failure });
  }

  /** The fork server is gone, and with it those who waited for it. */
  #failStarting(failure: Failure): void {
    for (const id of this.#options.startingIds()) {
      if (!this.#running.has(id)) continue;
      this.#fail(id, failure);
      this.kill(id);
    }
  }

  #workerOutput(id: number, stream: 'stdout' | 'stderr', line: string): void {
    if (stream === 'stderr') for (const listener of this.#listeners) listener(id, line);
    this.#write({ worker: id, stream }, stream, line);
  }

  #write(fields: Fields, stream: 'stdout' | 'stderr', line: string): void {
    if (stream === 'stderr') this.#options.onStderr(line);
    this.#options.log.output(fields, line);
  }
}

function missing(kind: WorkerKind): Failure {
  return { code: kind.missing, cause: 'the program that runs the application was not found' };
}
