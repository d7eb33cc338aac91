// The process that forks the workers of a Python application. It is started when the first worker is wanted, replaced at
// a reload, and started again when it dies; what workers it had go on.
import type { Signal, Start } from '../host/host.ts';
import type { Failure } from '../machine/state.ts';
import { startChild, type Spawning } from './child-process.ts';
import { parseNotification } from './notify.ts';

export interface ForkServerOptions {
  readonly host: Spawning;
  readonly command: () => Start;
  /** It ended without having been asked to; workers that wait for it will not come. */
  readonly onFailure: (failure: Failure) => void;
  /** It said what could go wrong. */
  readonly onWarning: (warning: Failure) => void;
  readonly onOutput: (stream: 'stdout' | 'stderr', line: string) => void;
}

type State =
  | { readonly kind: 'none' }
  | { readonly kind: 'running'; readonly pid: number; readonly ready: boolean; readonly abortedFor?: Failure }
  /** Told to take no more requests, which only one may read; the next one starts when it has said so. */
  | { readonly kind: 'retiring'; readonly pid: number; readonly next: 'wanted' | 'not wanted' };

export class ForkServer {
  readonly #options: ForkServerOptions;
  readonly #asking: (() => void)[] = [];
  #state: State = { kind: 'none' };

  constructor(options: ForkServerOptions) {
    this.#options = options;
  }

  /** undefined when there is none */
  get pid(): number | undefined {
    return this.#state.kind === 'none' ? undefined : this.#state.pid;
  }

  /** See that there is one. */
  ensure(): void {
    if (this.#state.kind === 'none') this.#start();
    else if (this.#state.kind === 'retiring') this.#state = { ...this.#state, next: 'wanted' };
  }

  /** Calls once what is asked for comes from one that has not been told to end: it might still take the request. */
  whenCurrent(ask: () => void): void {
    if (this.#state.kind === 'retiring') this.#asking.push(ask);
    else ask();
  }

  /** The next worker is to come from a new one, which imports everything anew. */
  renew(): void {
    if (this.#state.kind !== 'running') return;
    const { pid, ready } = this.#state;
    this.#state = { kind: 'retiring', pid, next: 'not wanted' };
    // One that is still importing reads no requests; it need not be asked.
    this.#signal(pid, ready ? 'SIGTERM' : 'SIGKILL');
  }

  /**
   * A worker did not come in time: if the fork server is what holds it up, its stack tells where. Its end is not the cause for
   * those that wait for it by then, but what it was aborted for.
   */
  abortIfStuck(failure: Failure): void {
    if (this.#state.kind !== 'running' || this.#state.ready) return;
    this.#state = { ...this.#state, abortedFor: this.#state.abortedFor ?? failure };
    this.#signal(this.#state.pid, 'SIGABRT');
  }

  #start(): void {
    let own: number | undefined;
    let failure: Failure | undefined;
    const current = (): boolean => this.#state.kind !== 'none' && this.#state.pid === own;
    startChild(this.#options.host, this.#options.command(), {
      spawned: (pid) => {
        own = pid;
        this.#state = { kind: 'running', pid, ready: false };
      },
      failed: (cause) => this.#options.onFailure({ code: 'SPAWN_FAILED', cause }),
      notified: (line) => {
        const said = parseNotification(line);
        if (said?.kind === 'failing') ({ failure } = said);
        if (said?.kind === 'accepted') this.#options.onWarning(said.failure);
        if (!current()) return;
        if (said?.kind === 'ready' && this.#state.kind === 'running') this.#state = { ...this.#state, ready: true };
        if (said?.kind === 'stopping') this.#gone();
      },
      output: (stream, line) => this.#options.onOutput(stream, line),
      exited: (code, signal) => {
        if (!current()) return;
        const asked = this.#state.kind === 'retiring';
        const abortedFor = this.#state.kind === 'running' ? this.#state.abortedFor : undefined;
        const cause = `the fork server ended with ${signal ?? `exit code ${code ?? 'unknown'}`}`;
        const missing: Failure = {
          code: 'PYTHON_MISSING',
          cause: 'python3 was not found on the PATH of the container',
        };
        const ended = code === 127 ? missing : { code: 'WORKER_EXITED' as const, cause };
        if (!asked) this.#options.onFailure(failure ?? abortedFor ?? ended);
        this.#gone();
      },
    });
  }

  /** It takes no more requests. */
  #gone(): void {
    const wanted = this.#state.kind === 'retiring' && this.#state.next === 'wanted';
    this.#state = { kind: 'none' };
    if (wanted) this.#start();
    for (const ask of this.#asking.splice(0)) ask();
  }

  /** One that has ended already hears nothing, and its exit is on the way. */
  #signal(pid: number, signal: Signal): void {
    this.#options.host.processes.kill(pid, signal);
  }
}
