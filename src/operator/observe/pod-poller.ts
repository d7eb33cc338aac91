// Polls every pod for how its workers are, spread over the time, and more often those that are starting or that lack workers.
// Pods may lie: each namespace has a budget and its turn, and who gives no report is polled less and less often.
import { FairKeys, namespaceOfKey, Tally, type Cache } from '../../kube/index.ts';
import type { PodView } from '../model/pod.ts';
import { isLacking, newRestarts, workerView, type WorkerView } from '../model/worker-status.ts';
import { keyOfPodsApp } from './caches.ts';
import type { PodAnswer } from './pod-status.ts';
import { PollBudget } from './poll-budget.ts';
import { closePollMs, nextPollMs, noStreaks, type Streaks } from './poll-interval.ts';
import { WorkerTrouble, type TroubleNote } from './worker-trouble.ts';

const tickMs = 1_000;
/** Polls under way at the same time. */
const most = 64;
/** Of one namespace. */
const mostOfNamespace = 16;

export interface PodPollerOptions {
  readonly pods: Cache<PodView>;
  /** Last report of each pod, by its key; written here. */
  readonly workers: Map<string, WorkerView>;
  /** Between two polls of a pod. */
  readonly everyMs: number;
  /** /status of the pod at this address; never rejects. */
  readonly ask: (address: string) => Promise<PodAnswer>;
  /** Milliseconds that only grow. */
  readonly now: () => number;
  /** 0 to 1 */
  readonly random: () => number;
  /** What is known of the pods of this AppServer is other than it was. */
  readonly onChange: (app: string) => void;
  /** Workers of this AppServer's pods have exited unexpectedly. */
  readonly onTrouble: (app: string, trouble: TroubleNote) => void;
}

interface Watched {
  readonly address: string;
  /** Whether the pod was, when it was seen last. */
  ready: boolean;
  dueAt: number;
  streaks: Streaks;
  polled: boolean;
}

export class PodPoller {
  readonly #options: PodPollerOptions;
  readonly #watched = new Map<string, Watched>();
  /** Keys of pods that are to be polled now. */
  readonly #due = new FairKeys();
  /** Polls under way, by namespace. */
  readonly #open = new Tally();
  readonly #polls = new Set<Promise<void>>();
  readonly #budget: PollBudget;
  readonly #trouble: WorkerTrouble;

  constructor(options: PodPollerOptions) {
    this.#options = options;
    this.#budget = new PollBudget(options.everyMs);
    this.#trouble = new WorkerTrouble(options.onTrouble);
  }

  /** Polls until the signal. */
  start(signal: AbortSignal): void {
    const timer = setInterval(() => void this.tick(), tickMs);
    signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  }

  /** Begins the polls that are due. Resolves when those that are under way then are over. */
  async tick(): Promise<void> {
    const { workers, pods, now } = this.#options;
    const time = now();
    const counts = new Map<string, number>();
    for (const key of pods.keys()) {
      const pod = pods.get(key);
      if (pod?.address === undefined || pod.terminating) {
        this.#forget(key);
        continue;
      }
      const namespace = namespaceOfKey(key);
      counts.set(namespace, (counts.get(namespace) ?? 0) + 1);
      const watched = this.#watch(key, pod.address, pod, time);
      if (watched.dueAt <= time && !watched.polled) this.#due.add(key);
    }
    for (const key of this.#watched.keys()) if (pods.get(key) === undefined) this.#forget(key);
    for (const key of workers.keys()) if (!this.#watched.has(key)) workers.delete(key);
    this.#budget.resize(counts, time);
    this.#trouble.tick(time);
    this.#begin();
    await Promise.all(this.#polls);
  }

  #forget(key: string): void {
    this.#watched.delete(key);
    this.#due.delete(key);
  }

  #watch(key: string, address: string, { ready }: PodView, time: number): Watched {
    const { everyMs, random } = this.#options;
    const known = this.#watched.get(key);
    if (known?.address === address) {
      // It is another thing now, and worth polling anew: at once when it has become ready, since somebody may be waiting to see it.
      if (known.ready !== ready) {
        known.ready = ready;
        known.streaks = noStreaks;
        known.dueAt = Math.min(known.dueAt, ready ? time : time + closePollMs);
      }
      return known;
    }
    // Whoever is there when the operator starts is polled in the course of the first round.
    const dueAt = ready ? time + random() * everyMs : time;
    const watched = { address, ready, dueAt, streaks: noStreaks, polled: false };
    this.#watched.set(key, watched);
    return watched;
  }

  #begin(): void {
    const { now } = this.#options;
    while (this.#polls.size < most) {
      const time = now();
      const key = this.#due.take(
        (namespace) => this.#open.of(namespace) < mostOfNamespace && this.#budget.allows(namespace, time),
      );
      if (key === undefined) return;
      const watched = this.#watched.get(key);
      if (watched === undefined) continue;
      const poll: Promise<void> = this.#poll(key, watched).finally(() => {
        this.#polls.delete(poll);
        this.#begin();
      });
      this.#polls.add(poll);
    }
  }

  async #poll(key: string, watched: Watched): Promise<void> {
    const namespace = namespaceOfKey(key);
    this.#open.add(namespace);
    this.#budget.polled(namespace);
    watched.polled = true;
    const wasReady = this.#options.pods.get(key)?.ready === true;
    try {
      const { json, bytes } = await this.#options.ask(watched.address);
      this.#budget.received(namespace, bytes);
      // Gone meanwhile, or the address is another's.
      if (this.#watched.get(key) === watched) this.#note(key, watched, { json, wasReady });
    } finally {
      watched.polled = false;
      this.#open.remove(namespace);
    }
  }

  #note(key: string, watched: Watched, { json, wasReady }: { json: unknown; wasReady: boolean }): void {
    const { pods, workers, everyMs, now, onChange } = this.#options;
    const pod = pods.get(key);
    if (pod === undefined) return;
    const before = workers.get(key);
    const after = workerView(json, before, wasReady && pod.ready);
    const isOff = !pod.ready || (after !== undefined && isLacking(after));
    const { failures, close } = watched.streaks;
    watched.streaks = { failures: after === undefined ? failures + 1 : 0, close: isOff ? close + 1 : 0 };
    watched.dueAt = now() + nextPollMs(watched.streaks, everyMs);
    const app = keyOfPodsApp(pod);
    if (after === undefined || app === undefined) return;
    workers.set(key, after);
    if (before === undefined || differ(before, after)) onChange(app);
    if (before !== undefined) this.#trouble.add(app, pod.name, newRestarts(before, after), now());
  }
}

const differ = (before: WorkerView, after: WorkerView): boolean => JSON.stringify(before) !== JSON.stringify(after);
