// Does what step() decides. Everything that happens is an event, handled one after the other to its end; the one timer is
// armed for the nearest deadline.
//
// Orphans are not this process's to reap: they become children of appserver-init, which is PID 1.
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { portOf } from '../config/address.ts';
import { accessLogFormat, type FixedConfig, type HookMoment, type LiveConfig } from '../config/config.ts';
import { RuntimeError, sentence, type Surface } from '../errors.ts';
import { workerKind } from '../kinds/by-application.ts';
import { deafPorts, readAcceptQueue } from '../linux/accept-queue.ts';
import { CgroupFiles } from '../linux/cgroup.ts';
import { readResidentBytes } from '../linux/process-memory.ts';
import { ApplicationOutput, type ApplicationOutputOptions } from '../log/application-output.ts';
import { onTerminal, type Log } from '../log/log.ts';
import { Repeats } from '../log/repeats.ts';
import { StderrTail } from '../log/termination-message.ts';
import { nextDeadline } from '../machine/deadline.ts';
import {
  beatsInTimeout,
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
import { addCounters, noCounters, type Counters, type SharedMemory } from '../processes/shared-memory.ts';
import { placeOf, WorkerNumbers } from '../processes/worker-identity.ts';
import { Workers } from '../processes/workers.ts';
import { about, health, report, type About, type Health, type Report, type Sampled } from '../status/report.ts';
import { version } from '../version.ts';
import { LostTime } from './lost-time.ts';
import { settingsOf } from './settings.ts';
import { watchTraffic } from './traffic.ts';

const longestSampleMs = 1_000;
const shortestSampleMs = 100;

export interface SupervisorOptions {
  /** Folder of the installed runtime. */
  readonly home: string;
  readonly surface: Surface;
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
  readonly #cgroup = new CgroupFiles();
  readonly #lostTime: LostTime;
  readonly #ports: readonly number[];
  readonly #numbers: WorkerNumbers;
  readonly #reloads: ((failure: string | undefined) => void)[] = [];
  readonly #boots: number[] = [];
  readonly #startedAt = new Date().toISOString();
  #lastFailureAt: string | undefined;
  #live: LiveConfig;
  #state: State;
  #timer: NodeJS.Timeout | undefined;
  #sampleTimer: NodeJS.Timeout | undefined;
  #stopWatchingTraffic: () => void = () => undefined;
  #oomKills: number;
  /** Of workers that died: requests in their hands, and connections that were open. */
  readonly #lost = { requests: 0, connections: 0 };
  /** What workers that have ended had counted. */
  #ended: Counters = noCounters;

  constructor(options: SupervisorOptions) {
    const { fixed, live } = options;
    const now = performance.now();
    this.#options = options;
    this.#live = live;
    this.#kind = workerKind(fixed.app);
    this.#ports = fixed.listen
      .filter((address) => !address.startsWith('unix:'))
      .map((address) => Number(portOf(address)))
      // Of port 0, which stands for any, the kernel's own choice is not known here.
      .filter((port) => port !== 0);
    this.#numbers = new WorkerNumbers(options.surface === 'pod' ? fixed.control : undefined);
    this.#state = initialState(this.#settings(live), now, this.#numbers.first());
    this.#lostTime = new LostTime({
      now,
      intervalMs: () => this.#sampleMs(),
      throttledMs: () => this.#cgroup.throttledMs(),
    });
    this.#oomKills = this.#cgroup.oomKills();
    this.#workers = new Workers({
      kind: this.#kind,
      surface: options.surface,
      site: () => ({ ...options, gracefulTimeoutMs: this.#live.workers.gracefulTimeoutMs }),
      log: options.log.logger,
      output: (fields, isStarting) => this.#output(fields, isStarting),
      repeats: this.#repeats,
      onEvent: (event) => this.dispatch(event),
      onStderr: (line) => this.#stderr.add(line),
      startingIds: () => this.#state.workers.filter(({ kind }) => kind === 'starting').map(({ id }) => id),
      outOfMemory: () => this.#outOfMemory(),
    });
    options.memory.configure(this.#workerSettings());
  }

  /** Runs the hook that comes before everything, and then the workers. @throws RuntimeError HOOK_FAILED */
  async start(): Promise<void> {
    clearMultiprocessDir();
    const failed = await this.#hook('beforeStart', {});
    if (failed !== undefined) throw new RuntimeError('HOOK_FAILED', `hooks.beforeStart: ${failed}`);
    this.dispatch({ kind: 'started' });
    this.#armSampling();
  }

  dispatch(event: Event): void {
    const [state, effects] = step(this.#state, event, { now: performance.now(), random: Math.random() });
    if (state.lastFailure !== this.#state.lastFailure) this.#lastFailureAt = new Date().toISOString();
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
    memory.configure(this.#workerSettings());
    this.#armSampling();
  }

  /** Resolves with what failed, undefined when all workers are new. */
  reload(): Promise<string | undefined> {
    return new Promise((resolve) => {
      this.#reloads.push(resolve);
      // As many workers as are configured, whatever TTIN, TTOU and WINCH have made of that.
      this.dispatch({ kind: 'configured', settings: this.#settings(this.#live) });
      this.dispatch({ kind: 'reload' });
      if (this.#state.reload.kind !== 'running') this.#answerReloads('the runtime is ending');
    });
  }

  /** Resolves with the stacks that workers write on being asked to, those that arrive within `ms`. */
  async dumpStacks(ms: number): Promise<string> {
    const lines: string[] = [];
    const stop = this.#workers.listen((id, line) => lines.push(`worker ${id}: ${line}`));
    for (const worker of this.#state.workers) {
      if (worker.pid !== undefined) this.#order('dump', worker.slot, worker.pid);
    }
    await new Promise((resolve) => setTimeout(resolve, ms));
    stop();
    return lines.join('\n');
  }

  health(): Health {
    return health(this.#state);
  }

  report(): Report {
    const identity = { version, settings: this.#live.revision };
    return report(this.#state, this.#sampled(), identity, performance.now());
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
      after: (ms, call) => {
        const timer = setTimeout(call, ms);
        return { cancel: () => clearTimeout(timer) };
      },
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
      cpus: availableParallelism(),
      kubernetes: process.env['KUBERNETES_SERVICE_HOST'] !== undefined,
    };
    return settingsOf(this.#options.fixed, live, this.#kind, machine);
  }

  #workerSettings(): Parameters<SharedMemory['configure']>[0] {
    const { heartbeatTimeoutMs, requestTimeoutMs } = this.#live.workers;
    return {
      accessLog: accessLogFormat(this.#live, onTerminal),
      beatSeconds: heartbeatTimeoutMs / beatsInTimeout / 1000,
      requestTimeoutSeconds: requestTimeoutMs / 1000,
    };
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const deadline = nextDeadline(this.#state);
    if (deadline === undefined) return;
    const delay = Math.max(0, Math.ceil(deadline - performance.now()));
    this.#timer = setTimeout(() => {
      // A worker that runs only now has not been silent, and what it says from now on may be read too late.
      this.#lookForLostTime();
      const heard = performance.now();
      // Node runs timers before it reads: what was said until now is read in between.
      setImmediate(() => this.dispatch({ kind: 'tick', heard }));
    }, delay);
  }

  #sampleMs(): number {
    const { heartbeatTimeoutMs, requestTimeoutMs } = this.#live.workers;
    const shortest = Math.min(heartbeatTimeoutMs, requestTimeoutMs || Infinity) / beatsInTimeout;
    return Math.max(shortestSampleMs, Math.min(longestSampleMs, shortest));
  }

  #armSampling(): void {
    clearInterval(this.#sampleTimer);
    this.#sampleTimer = setInterval(() => this.#takeSamples(), this.#sampleMs());
  }

  #lookForLostTime(): void {
    for (const event of this.#lostTime.look(this.#state, performance.now())) this.dispatch(event);
  }

  #takeSamples(): void {
    this.#lookForLostTime();
    const { recycle } = this.#state.settings;
    const offset = Number(process.hrtime.bigint()) / 1e6 - performance.now();
    const samples = this.#state.workers.flatMap((worker) => {
      if (worker.kind !== 'ready') return [];
      const { counters, inHand } = this.#options.memory.read(worker.slot);
      const first = inHand.find(({ hasDeadline }) => hasDeadline) ?? inHand[0];
      const began = first === undefined ? 0 : first.began * 1e3 - offset;
      // One without a deadline shows that the worker has something in hand, no more.
      const ageMs = first?.hasDeadline === true ? performance.now() - began - this.#lostTime.since(began) : 0;
      const memoryBytes =
        recycle.memoryBytes === undefined || worker.pid === undefined ? 0 : readResidentBytes(worker.pid);
      const oldest = first && { text: first.text, ageMs };
      return [{ id: worker.id, requests: counters.ended, memoryBytes, oldest }];
    });
    this.dispatch({ kind: 'sampled', samples });
  }

  #sampled(): Sampled {
    const rows = new Map(this.#state.workers.map(({ slot }) => [slot, this.#options.memory.read(slot)]));
    const total = [...rows.values()].reduce((sum, { counters }) => addCounters(sum, counters), this.#ended);
    const memory = this.#state.workers.map(
      ({ slot, pid }) => [slot, pid === undefined ? 0 : readResidentBytes(pid)] as const,
    );
    return {
      total,
      bySlot: rows,
      memoryBySlot: new Map(memory),
      acceptQueue: readAcceptQueue(this.#ports),
      bootSeconds: this.#boots,
      requestsLost: this.#lost.requests,
      connectionsLost: this.#lost.connections,
    };
  }

  #outOfMemory(): boolean {
    const before = this.#oomKills;
    this.#oomKills = this.#cgroup.oomKills();
    return this.#oomKills > before;
  }

  #run(effect: Effect): void {
    const { memory } = this.#options;
    const log = this.#options.log.logger;
    switch (effect.kind) {
      case 'spawn':
        memory.use(effect.slot);
        this.#numbers.use(effect.id);
        return this.#workers.start(placeOf(effect, process.env));
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
        this.#boots.push(effect.bootMs / 1000);
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
        return log.info({ generation: effect.generation }, 'reload begun');
      case 'reload-ended':
        return this.#reloadEnded(effect.failure && this.#sentence(effect.failure));
      case 'phase':
        return log.info({ phase: effect.phase }, 'phase changed');
      case 'exit':
        clearTimeout(this.#timer);
        clearInterval(this.#sampleTimer);
        this.#stopWatchingTraffic();
        this.#workers.flushOutput();
        return this.#options.onExit(effect.exit, this.#stderr.text());
    }
  }

  #aborted({ id, slot, failure }: Extract<Effect, { kind: 'worker-aborted' }>): void {
    this.#workers.aborted(id, failure);
    const now = Number(process.hrtime.bigint()) / 1e9;
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
    // What the worker had begun and not ended ended with it.
    const { counters, connections } = this.#options.memory.read(slot);
    this.#lost.requests += counters.begun - counters.ended;
    this.#lost.connections += connections;
    this.#ended = addCounters(this.#ended, { ...counters, begun: counters.ended });
    this.#options.memory.clear(slot);
    void this.#hook('workerExit', { APPSERVER_WORKER_ID: String(id), APPSERVER_EXIT_REASON: failure?.code ?? '' });
    if (badEnd !== undefined) return log.warn({ worker: id, cause: badEnd }, 'worker ended badly');
    if (failure === undefined) return log.info({ worker: id }, 'worker ended');
    const { code, cause } = failure;
    const times = this.#repeats.count(`${code} ${cause}`);
    log.error({ worker: id, code, ...(times > 1 ? { times } : { cause }), restartInMs }, 'worker exited unexpectedly');
    // Looking takes milliseconds, which the replacement of a killed worker need not wait for: whoever still has a socket
    // that was shut down ends by himself. Before the replacement is started, as it may make the socket listen again.
    if (failure.code !== 'WORKER_KILLED') this.#checkSockets();
  }

  /** A worker that fails may have taken the others' socket with it. */
  #checkSockets(): void {
    const [port] = deafPorts(this.#ports);
    if (port === undefined) return;
    const failure: Failure = { code: 'SOCKET_SHUT_DOWN', cause: `nothing listens on port ${port} any more` };
    // Not at once: the event that told of the worker is still being handled.
    queueMicrotask(() => this.dispatch({ kind: 'lost', failure }));
  }

  #reloadEnded(failure: string | undefined): void {
    const log = this.#options.log.logger;
    if (failure === undefined) log.info('reload done');
    else log.error({ failure }, 'reload failed; the workers from before stay');
    this.#answerReloads(failure);
  }

  #answerReloads(failure: string | undefined): void {
    for (const answer of this.#reloads.splice(0)) answer(failure);
  }

  async #hook(moment: HookMoment, env: Readonly<Record<string, string>>): Promise<string | undefined> {
    const { fixed, log } = this.#options;
    const hook = fixed.hooks[moment];
    if (hook === undefined) return undefined;
    const failed = await runHook(hook, {
      env,
      cwd: fixed.app.workingDir,
      onOutput: (stream, line) => log.logger.info({ hook: moment, stream }, line),
    });
    if (failed !== undefined) log.logger.error({ hook: moment, code: 'HOOK_FAILED', cause: failed }, 'hook failed');
    return failed;
  }

  #order(order: Order, slot: number, pid: number): void {
    const { memory } = this.#options;
    if (order === 'retire') memory.retire(slot);
    const signal = order === 'kill' ? 'SIGKILL' : this.#kind.signals[order];
    if (signal === 'memory' && order !== 'retire') memory.requestDump(slot);
    if (signal === undefined || signal === 'memory') return;
    try {
      process.kill(pid, signal);
    } catch (error) {
      // It has ended, and its exit is on the way.
      this.#options.log.logger.debug({ pid, signal, err: error }, 'signal not delivered');
    }
  }

  /** A proxy in front has accepted what it has not passed on yet, as long as it is there. */
  #proxyRuns(): boolean {
    const { proxyPidFile } = this.#options.fixed;
    return proxyPidFile !== undefined && existsSync(proxyPidFile);
  }

  #watchTraffic(): void {
    this.#stopWatchingTraffic = watchTraffic(
      () => {
        const rows = this.#state.workers.map(({ slot }) => this.#options.memory.read(slot).counters);
        const { begun, ended } = rows.reduce(addCounters, this.#ended);
        const queued = readAcceptQueue(this.#ports).length > 0;
        return { begun, busy: begun > ended || queued || this.#proxyRuns() };
      },
      (quiet) => this.dispatch({ kind: 'traffic', quiet }),
    );
  }
}
