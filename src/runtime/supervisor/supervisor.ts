// Does what step() decides. Everything that happens is an event, handled one after the other to its end; the one timer is
// armed for the nearest deadline.
//
// Orphans are not this process's to reap: they become children of appserver-init, which is PID 1.
import type { FixedConfig, HookMoment, LiveConfig } from '../config/config.ts';
import { RuntimeError, sentence, type Surface } from '../errors.ts';
import type { Host, Timer } from '../host/host.ts';
import { workerKind } from '../kinds/by-application.ts';
import { CgroupFiles } from '../linux/cgroup.ts';
import { ApplicationOutput, type ApplicationOutputOptions } from '../log/application-output.ts';
import type { Log } from '../log/log.ts';
import { Repeats } from '../log/repeats.ts';
import { StderrTail } from '../log/termination-message.ts';
import { nextDeadline } from '../machine/deadline.ts';
import {
  initialState,
  type Effect,
  type Event,
  type Exit,
  type Failure,
  type Order,
  type Settings,
  type State,
} from '../machine/state.ts';
import { step } from '../machine/step.ts';
import { clearMultiprocessDir } from '../processes/application-metrics.ts';
import type { Descriptors } from '../processes/descriptors.ts';
import { runHook } from '../processes/hooks.ts';
import type { WorkerKind } from '../processes/kind.ts';
import type { SharedMemory } from '../processes/shared-memory.ts';
import { WorkerNumbers, WorkerPlaces } from '../processes/worker-identity.ts';
import { Workers } from '../processes/workers.ts';
import { about, health, report, type About, type Health, type Report } from '../status/report.ts';
import { version } from '../version.ts';
import { LostTime } from './lost-time.ts';
import { Sampler } from './sampler.ts';
import { sampleMs, settingsOf, workerSettings } from './settings.ts';
import { watchTraffic } from './traffic.ts';

export interface SupervisorOptions {
  readonly host: Host;
  /** Folder of the installed runtime. */
  readonly home: string;
  readonly surface: Surface;
  /** Whether it is reloaded whenever a file of the application changes: an application that does not start waits for that. */
  readonly reloadsOnChange: boolean;
  readonly fixed: FixedConfig;
  readonly live: LiveConfig;
  readonly descriptors: Descriptors;
  readonly memory: SharedMemory;
  readonly log: Log;
  readonly onExit: (exit: Exit, stderrTail: string) => void;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #kind: WorkerKind;
  readonly #workers: Workers;
  readonly #stderr = new StderrTail();
  readonly #repeats = new Repeats();
  readonly #host: Host;
  readonly #cgroup: CgroupFiles;
  readonly #lostTime: LostTime;
  readonly #sampler: Sampler;
  readonly #numbers: WorkerNumbers;
  readonly #reloads: ((failure: string | undefined) => void)[] = [];
  readonly #places: WorkerPlaces;
  readonly #startedAt: string;
  #lastFailureAt: string | undefined;
  #live: LiveConfig;
  #state: State;
  #timer: Timer | undefined;
  #sampleTimer: Timer | undefined;
  #trafficTimer: Timer | undefined;

  constructor(options: SupervisorOptions) {
    const { host, fixed, live } = options;
    const now = host.clock.now();
    this.#options = options;
    this.#host = host;
    this.#cgroup = new CgroupFiles(host.files);
    this.#live = live;
    this.#kind = workerKind(fixed.app);
    this.#places = new WorkerPlaces(host);
    this.#numbers = new WorkerNumbers(host.files, options.surface === 'pod' ? fixed.control : undefined);
    this.#startedAt = host.clock.date();
    this.#state = initialState(this.#settings(live), now, {
      firstId: this.#numbers.first(),
      oomKills: this.#cgroup.oomKills(),
    });
    this.#lostTime = new LostTime({
      files: host.files,
      now,
      intervalMs: () => sampleMs(this.#live),
      throttledMs: () => this.#cgroup.throttledMs(),
    });
    this.#sampler = new Sampler({ ...options, files: host.files, lostTime: this.#lostTime });
    this.#workers = new Workers({
      host,
      kind: this.#kind,
      surface: options.surface,
      site: () => ({ ...options, env: host.env, gracefulTimeoutMs: this.#live.workers.gracefulTimeoutMs }),
      log: options.log.logger,
      output: (fields, isStarting) => this.#output(fields, isStarting),
      repeats: this.#repeats,
      onEvent: (event) => this.dispatch(event),
      onStderr: (line) => this.#stderr.add(line),
      startingIds: () => this.#state.workers.filter(({ kind }) => kind === 'starting').map(({ id }) => id),
      remains: (slot) => ({ oomKills: this.#cgroup.oomKills(), left: options.memory.read(slot) }),
    });
    options.memory.configure(workerSettings(this.#live, this.#host.output.isTerminal));
    // A connection that is kept would lead a browser to the worker from before, until that one has closed it.
    if (options.reloadsOnChange) options.memory.announceDrain();
  }

  /** Runs the hook that comes before everything, and then the workers. @throws RuntimeError HOOK_FAILED */
  async start(): Promise<void> {
    clearMultiprocessDir(this.#host);
    const failed = await this.#hook('beforeStart', {});
    if (failed !== undefined) throw new RuntimeError('HOOK_FAILED', `hooks.beforeStart: ${failed}`);
    this.dispatch({ kind: 'started' });
    this.#armSampling();
  }

  dispatch(event: Event): void {
    const { clock, random } = this.#host;
    const [state, effects] = step(this.#state, event, { now: clock.now(), random: random() });
    if (state.lastFailure !== this.#state.lastFailure) this.#lastFailureAt = clock.date();
    this.#state = state;
    for (const effect of effects) this.#run(effect);
    this.#arm();
  }

  configure(live: LiveConfig): void {
    const { log, memory } = this.#options;
    this.#live = live;
    log.configure(live.logging);
    const settings = this.#settings(live);
    log.logger.info({ settings: live.revision, workers: settings.workers }, 'settings changed');
    this.dispatch({ kind: 'configured', settings });
    memory.configure(workerSettings(this.#live, this.#host.output.isTerminal));
    this.#armSampling();
  }

  /** Resolves with what failed, undefined when all workers are new. */
  reload(): Promise<string | undefined> {
    return new Promise((resolve) => {
      this.#reloads.push(resolve);
      // As many workers as are configured, whatever TTIN, TTOU and WINCH have made of that.
      this.dispatch({ kind: 'configured', settings: this.#settings(this.#live) });
      this.dispatch({ kind: 'reload' });
      if (this.#state.reload.kind !== 'running') this.#answerReloads(`the runtime is ${this.#state.phase.kind}`);
    });
  }

  /** Resolves with the stacks that workers write on being asked to, those that arrive within `ms`. */
  async dumpStacks(ms: number): Promise<string> {
    const lines: string[] = [];
    const stop = this.#workers.listen((id, line) => lines.push(`worker ${id}: ${line}`));
    for (const worker of this.#state.workers) {
      if (worker.pid !== undefined) this.#order('dump', worker.slot, worker.pid);
    }
    await new Promise<void>((resolve) => void this.#host.clock.after(ms, resolve));
    stop();
    return lines.join('\n');
  }

  health(): Health {
    return health(this.#state);
  }

  report(): Report {
    const identity = { version, settings: this.#live.revision };
    return report(this.#state, this.#sampler.sampled(this.#state), identity, this.#host.clock.now());
  }

  about(): About {
    const times = { startedAt: this.#startedAt, lastFailureAt: this.#lastFailureAt };
    return about(this.#options.fixed, this.#state.settings, times);
  }

  applicationMetrics(): Promise<string | undefined> {
    return this.#workers.applicationMetrics();
  }

  /** In words, for the control socket and the log; never for the admin port. */
  lastFailure(): string | null {
    const failure = this.#state.lastFailure;
    return failure === undefined ? null : this.#sentence(failure);
  }

  /** Holds the workers' output back, or lets it go on. */
  holdOutput(hold: boolean): void {
    this.#workers.holdOutput(hold);
  }

  /** While nothing gets ready, each start fails with the same traceback: it is written once. */
  #output(fields: ApplicationOutputOptions['fields'], isStarting: () => boolean): ApplicationOutput {
    return new ApplicationOutput({
      log: this.#options.log.logger,
      after: (ms, call) => this.#host.clock.after(ms, call),
      fields,
      isRepeated: (traceback) => isStarting() && this.#repeats.count(traceback) > 1,
    });
  }

  #sentence({ code, cause }: Failure): string {
    return sentence(code, cause, this.#options.surface);
  }

  #settings(live: LiveConfig): Settings {
    const machine = {
      cgroup: this.#cgroup.limits(),
      cpus: this.#host.cpus(),
      kubernetes: this.#host.env['KUBERNETES_SERVICE_HOST'] !== undefined,
    };
    const afterFailedStart = this.#options.reloadsOnChange ? 'wait-for-reload' : 'retry';
    return { ...settingsOf(this.#options.fixed, live, this.#kind, machine), afterFailedStart };
  }

  #arm(): void {
    const { clock } = this.#host;
    this.#timer?.cancel();
    const deadline = nextDeadline(this.#state);
    if (deadline === undefined) return;
    this.#timer = clock.after(deadline - clock.now(), () => {
      // A worker that runs only now has not been silent, and what it says from now on may be read too late.
      this.#lookForLostTime();
      const heard = clock.now();
      clock.afterInput(() => this.dispatch({ kind: 'tick', heard }));
    });
  }

  #armSampling(): void {
    this.#sampleTimer?.cancel();
    this.#sampleTimer = this.#host.clock.every(sampleMs(this.#live), () => this.#takeSamples());
  }

  #lookForLostTime(): void {
    for (const event of this.#lostTime.look(this.#state, this.#host.clock.now())) this.dispatch(event);
  }

  #takeSamples(): void {
    this.#lookForLostTime();
    const samples = this.#sampler.samples(this.#state, this.#host.clock.now());
    this.dispatch({ kind: 'sampled', samples });
  }

  #run(effect: Effect): void {
    const { memory } = this.#options;
    const log = this.#options.log.logger;
    switch (effect.kind) {
      case 'spawn':
        memory.use(effect.slot);
        this.#numbers.use(effect.id);
        return this.#workers.start(this.#places.of(effect));
      case 'order':
        if (effect.order === 'kill') this.#workers.kill(effect.id);
        return this.#order(effect.order, effect.slot, effect.pid);
      case 'announce-drain':
        memory.announceDrain();
        return this.#watchTraffic();
      case 'run-stop-hook':
        return void this.#hook('beforeStop', {}).then(() => this.dispatch({ kind: 'hook-done' }));
      case 'worker-ready':
        this.#repeats.clear();
        void this.#hook('workerStart', { APPSERVER_WORKER_ID: String(effect.id) });
        return log.info({ worker: effect.id, bootMs: Math.round(effect.bootMs) }, 'worker ready');
      case 'worker-aborted':
        return this.#aborted(effect);
      case 'worker-ended':
        return this.#workerEnded(effect);
      case 'worker-replaced':
        return log.info({ worker: effect.id, reason: effect.reason }, 'worker replaced');
      case 'reload-begun':
        this.#workers.renew();
        // What fails as before fails once more, for whoever has asked.
        this.#repeats.clear();
        return log.info({ generation: effect.generation }, 'reload begun');
      case 'reload-ended':
        return this.#reloadEnded(effect.failure && this.#sentence(effect.failure));
      case 'phase':
        return log.info({ phase: effect.phase }, 'phase changed');
      case 'exit':
        for (const timer of [this.#timer, this.#sampleTimer, this.#trafficTimer]) timer?.cancel();
        this.#workers.flushOutput();
        return this.#options.onExit(effect.exit, this.#stderr.text());
    }
  }

  #aborted({ id, slot, failure }: Extract<Effect, { kind: 'worker-aborted' }>): void {
    this.#workers.aborted(id, failure);
    const now = this.#host.clock.now() / 1e3;
    const requests = this.#options.memory
      .read(slot)
      .inHand.map(({ text, began }) => ({ request: text, seconds: Math.round((now - began) * 1e3) / 1e3 }));
    this.#options.log.logger.error(
      { worker: id, code: failure.code, cause: failure.cause, requests },
      'worker aborted',
    );
  }

  #workerEnded({ id, slot, failure, badEnd, restartInMs }: Extract<Effect, { kind: 'worker-ended' }>): void {
    const log = this.#options.log.logger;
    this.#options.memory.clear(slot);
    void this.#hook('workerExit', { APPSERVER_WORKER_ID: String(id), APPSERVER_EXIT_REASON: failure?.code ?? '' });
    if (badEnd !== undefined) return log.warn({ worker: id, cause: badEnd }, 'worker ended badly');
    if (failure === undefined) return log.info({ worker: id }, 'worker ended');
    const { code, cause } = failure;
    const times = this.#repeats.count(`${code} ${cause}`);
    log.error({ worker: id, code, ...(times > 1 ? { times } : { cause }), restartInMs }, 'worker exited unexpectedly');
    if (restartInMs === undefined) this.#tellOfWaiting();
    // Looking takes milliseconds, which the replacement of a killed worker need not wait for: whoever still has a socket
    // that was shut down ends by himself. Before the replacement is started, as it may make the socket listen again.
    if (failure.code !== 'WORKER_KILLED') this.#checkSockets();
  }

  #tellOfWaiting(): void {
    const said = 'the application is loaded again when one of its files changes';
    const { phase } = this.#state;
    if (phase.kind !== 'booting' && phase.kind !== 'serving') return;
    if (this.#repeats.count(said) === 1) this.#options.log.logger.info(said);
  }

  /** A worker that fails may have taken the others' socket with it. */
  #checkSockets(): void {
    const port = this.#sampler.deafPort();
    if (port === undefined) return;
    const failure: Failure = { code: 'SOCKET_SHUT_DOWN', cause: `nothing listens on port ${port} any more` };
    // Not at once: the event that told of the worker is still being handled.
    this.#host.clock.soon(() => this.dispatch({ kind: 'lost', failure }));
  }

  #reloadEnded(failure: string | undefined): void {
    const log = this.#options.log.logger;
    if (failure === undefined) log.info('reload done');
    else if (this.health().workers.ready > 0) log.error({ failure }, 'reload failed; the workers from before stay');
    else log.error({ failure }, 'reload failed');
    this.#answerReloads(failure);
  }

  #answerReloads(failure: string | undefined): void {
    for (const answer of this.#reloads.splice(0)) answer(failure);
  }

  async #hook(moment: HookMoment, env: Readonly<Record<string, string>>): Promise<string | undefined> {
    const { fixed, log } = this.#options;
    const hook = fixed.hooks[moment];
    if (hook === undefined) return undefined;
    const output = this.#output({ hook: moment }, () => false);
    const failed = await runHook(this.#host, hook, {
      env,
      cwd: fixed.app.workingDir,
      onOutput: (stream, line) => output.add(stream, line),
    });
    output.flush();
    if (failed !== undefined) log.logger.error({ hook: moment, code: 'HOOK_FAILED', cause: failed }, 'hook failed');
    return failed;
  }

  #order(order: Order, slot: number, pid: number): void {
    const { memory } = this.#options;
    if (order === 'retire') memory.retire(slot);
    const signal = order === 'kill' ? 'SIGKILL' : this.#kind.signals[order];
    if (signal === 'memory' && order !== 'retire') memory.requestDump(slot);
    if (signal === undefined || signal === 'memory') return;
    if (this.#host.processes.kill(pid, signal)) return;
    // It has ended, and its exit is on the way.
    this.#options.log.logger.debug({ pid, signal }, 'signal not delivered');
  }

  #watchTraffic(): void {
    this.#trafficTimer = watchTraffic(
      this.#host.clock,
      () => this.#sampler.traffic(this.#state),
      (quiet) => this.dispatch({ kind: 'traffic', quiet }),
    );
  }
}
