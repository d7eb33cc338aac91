// Does what step() decides. Everything that happens is an event, handled one after the other to its end; the one timer is
// armed for the nearest deadline.
//
// Orphans are not this process's to reap: they become children of appserver-init, which is PID 1.
import type { Logger } from 'pino';
import { readAcceptQueue } from './accept-queue.ts';
import type { FixedConfig, LiveConfig } from './config.ts';
import { nextDeadline } from './deadline.ts';
import { sentence } from './errors.ts';
import { parseNotification } from './notify.ts';
import { report, type Report, type Sampled } from './report.ts';
import { addCounters, noCounters, type Counters, type SharedMemory } from './shared-memory.ts';
import { initialState, type Effect, type Event, type Exit, type Settings, type State } from './state.ts';
import { step } from './step.ts';
import { StderrTail } from './termination.ts';
import { version } from './version.ts';
import { startWorker } from './worker-process.ts';
import { wsgiCommand } from './workers/wsgi.ts';

/** While draining, how often traffic is looked at, and how long it must have stopped to count as over. */
const trafficSampleMs = 100;
const quietAfterMs = 1_000;

export interface SupervisorOptions {
  /** Folder of the installed runtime. */
  readonly home: string;
  readonly fixed: FixedConfig;
  readonly live: LiveConfig;
  readonly memory: SharedMemory;
  readonly log: Logger;
  readonly onExit: (exit: Exit, stderrTail: string) => void;
}

function settingsOf(fixed: FixedConfig, live: LiveConfig): Settings {
  return {
    workers: live.workers.count,
    readyWorkers: live.probes.readyWorkers,
    bootTimeoutMs: live.workers.bootTimeoutMs,
    heartbeatTimeoutMs: fixed.workers.heartbeatTimeoutMs,
    gracefulTimeoutMs: fixed.workers.gracefulTimeoutMs,
    drainMinimumMs: fixed.drain.minimumMs,
    drainMaximumMs: fixed.drain.maximumMs,
  };
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #stderr = new StderrTail();
  /** What workers write is the application's log, and no level of the runtime's own holds it back. */
  readonly #output: Logger;
  #live: LiveConfig;
  #state: State;
  #timer: NodeJS.Timeout | undefined;
  #trafficTimer: NodeJS.Timeout | undefined;
  /** What workers that have ended had counted. */
  #ended: Counters = noCounters;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#live = options.live;
    this.#output = options.log.child({}, { level: 'info' });
    this.#state = initialState(settingsOf(options.fixed, options.live), performance.now());
  }

  dispatch(event: Event): void {
    const [state, effects] = step(this.#state, event, { now: performance.now(), random: Math.random() });
    this.#state = state;
    for (const effect of effects) this.#run(effect);
    this.#arm();
  }

  configure(live: LiveConfig): void {
    this.#live = live;
    this.#options.log.level = live.logging.level;
    this.#options.log.info({ settings: live.revision, workers: live.workers.count }, 'settings changed');
    this.dispatch({ kind: 'configured', settings: settingsOf(this.#options.fixed, live) });
  }

  report(): Report {
    const identity = { version, settings: this.#live.revision };
    return report(this.#state, this.#sample(), identity, performance.now());
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const deadline = nextDeadline(this.#state);
    if (deadline === undefined) return;
    const delay = Math.max(0, Math.ceil(deadline - performance.now()));
    this.#timer = setTimeout(() => this.dispatch({ kind: 'tick' }), delay);
  }

  #sample(): Sampled {
    const bySlot = new Map(this.#state.workers.map(({ slot }) => [slot, this.#options.memory.read(slot)]));
    const total = [...bySlot.values()].reduce(addCounters, this.#ended);
    return { total, bySlot, acceptQueue: readAcceptQueue(this.#options.fixed.port) };
  }

  #run(effect: Effect): void {
    const { log, memory } = this.#options;
    switch (effect.kind) {
      case 'spawn':
        return this.#spawn(effect.id, effect.slot);
      case 'signal':
        return this.#signal(effect.pid, effect.signal);
      case 'announce-drain':
        memory.announceDrain();
        return this.#watchTraffic();
      case 'worker-ready':
        return log.info({ worker: effect.id, bootMs: Math.round(effect.bootMs) }, 'worker ready');
      case 'worker-aborted':
        return log.error(
          { worker: effect.id, code: effect.failure.code, cause: effect.failure.cause },
          'worker aborted',
        );
      case 'worker-ended':
        this.#keepCounters(effect.slot);
        memory.clear(effect.slot);
        if (effect.failure === undefined) return log.info({ worker: effect.id }, 'worker ended');
        return log.error(
          {
            worker: effect.id,
            code: effect.failure.code,
            cause: effect.failure.cause,
            restartInMs: effect.restartInMs,
          },
          'worker ended unasked',
        );
      case 'phase':
        return log.info({ phase: effect.phase }, 'phase changed');
      case 'exit':
        clearTimeout(this.#timer);
        clearInterval(this.#trafficTimer);
        return this.#options.onExit(effect.exit, this.#stderr.text());
    }
  }

  /** What the worker had begun and not ended ended with it. */
  #keepCounters(slot: number): void {
    const counters = this.#options.memory.read(slot);
    this.#ended = addCounters(this.#ended, { ...counters, begun: counters.ended });
  }

  #spawn(id: number, slot: number): void {
    const { home, fixed, log } = this.#options;
    const init = `${home}/bin/appserver-init`;
    startWorker(init, wsgiCommand(home, fixed, slot), {
      spawned: (pid) => {
        log.debug({ worker: id, pid }, 'worker started');
        // Not at once: the event that made this worker is still being handled.
        queueMicrotask(() => this.dispatch({ kind: 'spawned', id, pid }));
      },
      failed: (cause) => this.dispatch({ kind: 'spawn-failed', id, cause }),
      notified: (line) => {
        const event = parseNotification(id, line);
        if (event === undefined) return;
        if (event.kind === 'failing') log.error({ worker: id }, sentence(event.failure.code, event.failure.cause));
        this.dispatch(event);
      },
      output: (stream, line) => {
        if (stream === 'stderr') this.#stderr.add(line);
        this.#output.info({ worker: id, stream }, line);
      },
      exited: (code, signal) => this.dispatch({ kind: 'exited', id, code, signal }),
    });
  }

  #signal(pid: number, signal: NodeJS.Signals): void {
    try {
      process.kill(pid, signal);
    } catch (error) {
      // It has ended, and its exit is on the way.
      this.#options.log.debug({ pid, signal, err: error }, 'signal not delivered');
    }
  }

  /** Requests have stopped when none is in hand, none is queued and none has begun for a while. */
  #watchTraffic(): void {
    let begun = -1;
    let quietSince = performance.now();
    this.#trafficTimer = setInterval(() => {
      const { total, acceptQueue } = this.#sample();
      const now = performance.now();
      if (total.begun !== begun || total.begun > total.ended || acceptQueue > 0) quietSince = now;
      begun = total.begun;
      this.dispatch({ kind: 'traffic', quiet: now - quietSince >= quietAfterMs });
    }, trafficSampleMs);
  }
}
