// The worker processes: starts them, by themselves or through the fork server, and turns what they say into events.
import { sentence, type Surface } from '../errors.ts';
import type { Child, Host } from '../host/host.ts';
import type { ApplicationOutput } from '../log/application-output.ts';
import type { Logger } from '../log/logger.ts';
import type { Repeats } from '../log/repeats.ts';
import type { Event, Failure } from '../machine/state.ts';
import type { Fields } from '../text/log-line.ts';
import { collect, multiprocessDir, shared } from './application-metrics.ts';
import { startChild, type ChildCallbacks } from './child-process.ts';
import { ForkServer } from './fork-server.ts';
import type { Place, Site, WorkerKind } from './kind.ts';
import { parseNotification } from './notify.ts';
import { Standby } from './standby.ts';

type Remains = Pick<Extract<Event, { kind: 'exited' }>, 'oomKills' | 'left'>;

export interface WorkersOptions {
  readonly host: Pick<Host, 'processes' | 'clock' | 'env'>;
  readonly kind: WorkerKind;
  readonly surface: Surface;
  readonly site: () => Site;
  readonly log: Logger;
  /** Makes records of what a process writes. `isStarting`: whether its tracebacks tell why it does not start. */
  readonly output: (fields: Fields, isStarting: () => boolean) => ApplicationOutput;
  /** Of failures to start, since a worker was ready. */
  readonly repeats: Repeats;
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
  readonly #wereReady = new Set<number>();
  /** By worker; 0 for the fork server. */
  readonly #outputs = new Map<number, ApplicationOutput>();
  readonly #listeners = new Set<(id: number, line: string) => void>();
  readonly #metrics: () => Promise<string | undefined>;
  #held = false;

  constructor(options: WorkersOptions) {
    const { kind, host } = options;
    this.#options = options;
    this.#metrics = shared(host.clock, () => this.#collect());
    const { forkServer } = kind;
    const forkServerOutput = this.#output(0, {}, () => true);
    this.#forkServer =
      forkServer &&
      new ForkServer({
        host,
        command: () => forkServer(options.site()),
        onFailure: (failure) => this.#failStarting(failure),
        onWarning: (warning) => this.#warn({}, warning),
        onOutput: (stream, line) => {
          if (stream === 'stderr') options.onStderr(line);
          forkServerOutput.add(stream, line);
        },
      });
    if (kind.request !== undefined) {
      const anywhere = { id: 0, slot: 0, environment: {}, instance: '' };
      this.#standby = new Standby(host, () => kind.command(options.site(), anywhere));
    }
  }

  start(place: Place): void {
    const { id } = place;
    const { host, kind, site, log, onEvent } = this.#options;
    this.#forkServer?.ensure();
    const output = this.#output(id, { worker: id }, () => !this.#wereReady.has(id));
    const callbacks: ChildCallbacks = {
      spawned: (pid) => {
        log.debug({ worker: id, pid }, 'worker started');
        // Not at once: the event that made this worker is still being handled.
        host.clock.soon(() => onEvent({ kind: 'spawned', id, pid }));
      },
      failed: (cause) => onEvent({ kind: 'spawn-failed', id, cause }),
      notified: (line) => this.#notified(id, line),
      output: (stream, line) => {
        if (stream === 'stderr') this.#heard(id, line);
        output.add(stream, line);
      },
      exited: (code, signal) => {
        output.flush();
        this.#outputs.delete(id);
        this.#wereReady.delete(id);
        this.#running.delete(id);
        if (code === 127 && kind.forkServer === undefined) this.#fail(id, missing(kind));
        onEvent({ kind: 'exited', id, code, signal, ...this.#options.remains(place.slot) });
      },
    };
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

  /** Hands on what was read and waits for more lines; the runtime ends. */
  flushOutput(): void {
    for (const output of this.#outputs.values()) output.flush();
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
        this.#wereReady.add(id);
        // Only now: workers that start need the CPU more.
        this.#standby?.prepare();
        return onEvent({ kind: said.kind, id });
      case 'running':
      case 'heartbeat':
      case 'unready':
        return onEvent({ kind: said.kind, id });
      case 'main-pid':
        return onEvent({ kind: 'spawned', id, pid: said.pid });
      case 'status':
        return log.info({ worker: id, status: said.text }, 'worker says');
      case 'failing':
        return this.#fail(id, said.failure);
      case 'accepted':
        return this.#warn({ worker: id }, said.failure);
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
    const { log, surface, repeats } = this.#options;
    const text = sentence(failure.code, failure.cause, surface);
    if (repeats.count(text) === 1) log.error({ worker: id }, text);
    this.#options.onEvent({ kind: 'failing', id, failure });
  }

  #warn(fields: Fields, { code, cause }: Failure): void {
    const { log, surface } = this.#options;
    log.warn({ ...fields, code }, sentence(code, cause, surface));
  }

  /** The fork server is gone, and with it those who waited for it. */
  #failStarting(failure: Failure): void {
    for (const id of this.#options.startingIds()) {
      if (!this.#running.has(id)) continue;
      this.#fail(id, failure);
      this.kill(id);
    }
  }

  #heard(id: number, line: string): void {
    for (const listener of this.#listeners) listener(id, line);
    this.#options.onStderr(line);
  }

  #output(id: number, fields: Fields, isStarting: () => boolean): ApplicationOutput {
    const output = this.#options.output(fields, isStarting);
    this.#outputs.set(id, output);
    return output;
  }
}

function missing(kind: WorkerKind): Failure {
  return { code: kind.missing, cause: 'the program that runs the application was not found' };
}
