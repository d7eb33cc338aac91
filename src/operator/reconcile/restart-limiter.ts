// How many AppServers replace their pods at the same time because of what they use: one certificate that all of them mount
// must not replace everything in the cluster at once. Namespaces take turns, none has more than half of the places, and a
// place ends by itself.
import { FairKeys, namespaceOfKey, Tally } from '../../kube/index.ts';

/** A place is free after so long, whatever has become of the rollout. */
const longestLeaseMs = 15 * 60_000;
const tickMs = 1_000;

export type Place =
  | { readonly kind: 'granted' }
  /** The AppServer is told when it may begin. Holders are keys of AppServers, those of its own namespace if that has its half. */
  | { readonly kind: 'waiting'; readonly holders: readonly string[] };

/** One reconcile of an AppServer, as far as its place is concerned. */
export interface RestartTurn {
  /**
   * Pods are to be replaced: whether they may be now. A place that is granted lasts no longer than the turn, unless it is kept.
   * @param progressDeadlineMs after which the rollout counts as failed
   */
  request(progressDeadlineMs: number): Place;
  /** Pods are being replaced from now on, or still. Nothing happens where there is no place, or none any more. */
  keep(): void;
}

export interface RestartLimitOptions {
  /** Places, at least 1. */
  readonly most: number;
  /** Called with the key of one that has waited and may begin. */
  readonly onFree: (app: string) => void;
  /** Milliseconds that only grow. */
  readonly now: () => number;
}

interface Lease {
  readonly until: number;
  kept: boolean;
}

export class RestartLimit {
  readonly #options: RestartLimitOptions;
  readonly #mostOfNamespace: number;
  readonly #holders = new Map<string, Lease>();
  /** How many of the holders are of a namespace. */
  readonly #held = new Tally();
  readonly #waiting = new FairKeys();
  /** How long each of those that wait may have a place, in milliseconds. */
  readonly #leases = new Map<string, number>();

  constructor(options: RestartLimitOptions) {
    this.#options = options;
    this.#mostOfNamespace = Math.max(1, Math.floor(options.most / 2));
  }

  /** Keys of the AppServers that replace their pods, in alphabetical order. */
  get holders(): string[] {
    return [...this.#holders.keys()].toSorted();
  }

  /** How many wait for a place. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Takes up the rollouts that were under way before this process led: they count, however many they are.
   * @param apps keys of the AppServers whose pods are being replaced
   */
  resume(apps: Iterable<string>): void {
    for (const app of apps) {
      if (this.#holders.has(app)) continue;
      this.#grant(app, longestLeaseMs, true);
    }
  }

  /** Ends leases in time until the signal. */
  start(signal: AbortSignal): void {
    const timer = setInterval(() => this.tick(), tickMs);
    signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  }

  /** Ends the leases that are over, and hands out what is free. */
  tick(): void {
    const now = this.#options.now();
    for (const [app, { until }] of this.#holders) if (until <= now) this.#drop(app);
    this.#handOut();
  }

  /**
   * Does the work of one reconcile. A place that it neither asks for nor keeps is free afterwards, and who does not ask does
   * not wait any more: whatever way it returns, nothing has to be given back. When it throws, nothing is known, and all stays
   * as it was before; a place that was granted for it is free.
   */
  async turn<T>(app: string, work: (turn: RestartTurn) => Promise<T>): Promise<T> {
    let keeps = false;
    let waits = false;
    const turn: RestartTurn = {
      request: (progressDeadlineMs) => {
        const place = this.#request(app, Math.min(progressDeadlineMs, longestLeaseMs));
        waits = place.kind === 'waiting';
        return place;
      },
      keep: () => {
        keeps = true;
        const lease = this.#holders.get(app);
        if (lease !== undefined) lease.kept = true;
      },
    };
    try {
      const result = await work(turn);
      if (!waits) this.#stopWaiting(app);
      if (!waits && !keeps) this.#drop(app);
      return result;
    } finally {
      // One that waits may have been granted a place meanwhile, which is for its next turn.
      if (!waits && this.#holders.get(app)?.kept === false) this.#drop(app);
      this.#handOut();
    }
  }

  #request(app: string, leaseMs: number): Place {
    this.tick();
    if (this.#holders.has(app)) return { kind: 'granted' };
    const namespace = namespaceOfKey(app);
    // Nobody who waits could have it: that one would have got it.
    if (this.#isFree() && this.#mayHaveMore(namespace)) {
      this.#grant(app, leaseMs);
      return { kind: 'granted' };
    }
    this.#waiting.add(app);
    this.#leases.set(app, leaseMs);
    const { holders } = this;
    const own = holders.filter((holder) => namespaceOfKey(holder) === namespace);
    return { kind: 'waiting', holders: this.#mayHaveMore(namespace) ? holders : own };
  }

  #isFree(): boolean {
    return this.#holders.size < this.#options.most;
  }

  #mayHaveMore(namespace: string): boolean {
    return this.#held.of(namespace) < this.#mostOfNamespace;
  }

  #grant(app: string, leaseMs: number, kept = false): void {
    this.#stopWaiting(app);
    this.#holders.set(app, { until: this.#options.now() + leaseMs, kept });
    this.#held.add(namespaceOfKey(app));
  }

  #drop(app: string): void {
    if (this.#holders.delete(app)) this.#held.remove(namespaceOfKey(app));
  }

  #stopWaiting(app: string): void {
    this.#waiting.delete(app);
    this.#leases.delete(app);
  }

  /** A place that is free is somebody's from then on: the next one is for another. */
  #handOut(): void {
    while (this.#isFree()) {
      const next = this.#waiting.take((namespace) => this.#mayHaveMore(namespace));
      if (next === undefined) return;
      this.#grant(next, this.#leases.get(next) ?? longestLeaseMs);
      this.#options.onFree(next);
    }
  }
}
