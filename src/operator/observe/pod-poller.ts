// Looks at the workers of every pod once in a while, spread over the time, and more often at those of pods that are starting
// or that lack workers.
import type { Cache } from '../../kube/index.ts';
import { keyOfPodsApp } from './caches.ts';
import type { PodView } from '../model/pod.ts';
import { isLacking, newRestarts, workerView, type WorkerView } from '../model/worker-status.ts';

const tickMs = 1_000;
/** Between two looks at a pod of which something is off. */
const closeLookMs = 5_000;
/** Looks under way at the same time. */
const most = 64;

export interface SweepOptions {
  readonly pods: Cache<PodView>;
  /** Last look at each pod, by its key; written here. */
  readonly workers: Map<string, WorkerView>;
  /** Between two looks at a pod. */
  readonly everyMs: number;
  /** /status of the pod at this address. */
  readonly ask: (address: string) => Promise<unknown>;
  /** Milliseconds that only grow. */
  readonly now: () => number;
  /** 0 to 1 */
  readonly random: () => number;
  /** What is known of the pods of this AppServer is other than it was. */
  readonly onChange: (app: string) => void;
  /** Workers of the pod have ended unasked, with these error codes. */
  readonly onTrouble: (app: string, pod: string, codes: readonly string[]) => void;
}

interface Watched {
  readonly address: string;
  dueAt: number;
}

export class Sweep {
  readonly #options: SweepOptions;
  readonly #watched = new Map<string, Watched>();
  #round: Promise<void> | undefined;

  constructor(options: SweepOptions) {
    this.#options = options;
  }

  /** Looks until the signal. */
  start(signal: AbortSignal): void {
    const timer = setInterval(() => void this.tick(), tickMs);
    signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  }

  /** Looks at what is due, unless that is still under way from before. Resolves when it is done. */
  tick(): Promise<void> {
    this.#round ??= this.#lookAtAll(this.#due()).finally(() => (this.#round = undefined));
    return this.#round;
  }

  /** Keys of the pods to be looked at now. */
  #due(): string[] {
    const { pods, workers, now } = this.#options;
    const time = now();
    const due: string[] = [];
    for (const key of pods.keys()) {
      const pod = pods.get(key);
      if (pod?.address === undefined || pod.terminating) {
        this.#watched.delete(key);
      } else if (this.#watch(key, pod.address, pod, time).dueAt <= time) {
        due.push(key);
      }
    }
    for (const key of this.#watched.keys()) if (pods.get(key) === undefined) this.#watched.delete(key);
    for (const key of workers.keys()) if (!this.#watched.has(key)) workers.delete(key);
    return due;
  }

  async #lookAtAll(keys: readonly string[]): Promise<void> {
    const left = keys.values();
    const looker = async (): Promise<void> => {
      for (const key of left) await this.#look(key);
    };
    await Promise.all(Array.from({ length: most }, looker));
  }

  #watch(key: string, address: string, pod: PodView, time: number): Watched {
    const { everyMs, random } = this.#options;
    const known = this.#watched.get(key);
    if (known?.address === address) {
      if (!pod.ready) known.dueAt = Math.min(known.dueAt, time + closeLookMs);
      return known;
    }
    // Whoever is there when the operator starts is looked at in the course of the first round.
    const watched = { address, dueAt: pod.ready ? time + random() * everyMs : time };
    this.#watched.set(key, watched);
    return watched;
  }

  async #look(key: string): Promise<void> {
    const { pods, workers, everyMs, ask, now, onChange, onTrouble } = this.#options;
    const pod = pods.get(key);
    const watched = this.#watched.get(key);
    if (pod === undefined || watched === undefined) return;
    const before = workers.get(key);
    let after: WorkerView | undefined;
    try {
      after = workerView(await ask(watched.address), before);
    } catch {
      // It has no runtime yet or any more; what the kubelet says of it stands in its status.
    }
    // One that is ready and cannot be reached will not be reached a moment later either.
    const close = !pod.ready || (after !== undefined && isLacking(after));
    watched.dueAt = now() + (close ? Math.min(closeLookMs, everyMs) : everyMs);
    const app = keyOfPodsApp(pod);
    if (after === undefined || app === undefined) return;
    workers.set(key, after);
    if (before === undefined || differ(before, after)) onChange(app);
    const codes = before === undefined ? [] : newRestarts(before, after);
    if (codes.length > 0) onTrouble(app, pod.name, codes);
  }
}

const differ = (before: WorkerView, after: WorkerView): boolean => JSON.stringify(before) !== JSON.stringify(after);
