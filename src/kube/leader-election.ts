// Who of several processes acts, by a Lease, after client-go's leaderelection: a candidate takes over what it has seen
// unchanged for as long as the lease lasts, by its own clock, so that clocks need not agree.
import { ApiError } from './errors.ts';
import { realTimers, type Timers } from './timers.ts';

export interface Lease {
  /** Empty when it was given back. */
  readonly holder: string;
  readonly durationMs: number;
  /** How often the holder has changed. */
  readonly transitions: number;
  /** Of the stored object, undefined before it is stored. Two leases with the same are the same. */
  readonly resourceVersion: string | undefined;
}

export interface LeaseStore {
  /**
   * Stores the lease in the place of the one that was seen, undefined for none.
   * @throws ApiError 409 when it is not there any more
   */
  write(lease: Omit<Lease, 'resourceVersion'>, seen: Lease | undefined, timeoutMs: number): Promise<Lease>;
}

/** In milliseconds, each well below the one before it. */
interface ElectionTiming {
  /** How long a lease that is not renewed keeps others away. */
  readonly leaseMs: number;
  /** A leader that could not renew for so long stops acting: before others begin. */
  readonly renewDeadlineMs: number;
  /** Between two tries to take or renew. */
  readonly retryMs: number;
}

/** Somebody who changes the lease again and again can keep it from being given back: then it runs out. */
const mostReleases = 3;

const defaultTiming: ElectionTiming = { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000 };

export interface LeaderElectionOptions {
  readonly store: LeaseStore;
  /** Unlike that of any other process, in any run. */
  readonly identity: string;
  readonly timing?: ElectionTiming;
  readonly onError: (error: unknown) => void;
  readonly timers?: Timers;
}

type Role =
  | { readonly kind: 'idle' }
  | { readonly kind: 'candidate' }
  /** May act until then, if it cannot renew before. */
  | { readonly kind: 'leader'; readonly until: number }
  | { readonly kind: 'over' };

/** Whether one version of an object is older than another: those of one kind compare as whole numbers (KEP-5504). */
export function isBefore(version: string, other: string): boolean {
  const whole = /^[0-9]+$/;
  return whole.test(version) && whole.test(other) && BigInt(version) < BigInt(other);
}

export class LeaderElection {
  readonly #options: Required<LeaderElectionOptions>;
  readonly #won = Promise.withResolvers<void>();
  readonly #lost = Promise.withResolvers<void>();
  #role: Role = { kind: 'idle' };
  /** The lease as it is, and when it was first seen to be so. */
  #seen: { lease: Lease | undefined; at: number };
  #cancel: () => void = () => undefined;
  /** A write under way; what is seen meanwhile is looked at when it is over. */
  #writing: Promise<void> | undefined;
  /** Whether the last write may have been done or not: there was no answer to it. */
  #unknown = false;
  /** Called when another lease is seen. */
  #onSeen: () => void = () => undefined;

  constructor({ timing = defaultTiming, timers = realTimers, ...rest }: LeaderElectionOptions) {
    this.#options = { ...rest, timing, timers };
    this.#seen = { lease: undefined, at: timers.now() };
  }

  /** Resolves when this process leads. */
  get won(): Promise<void> {
    return this.#won.promise;
  }

  /** Resolves when leadership has been lost, not when it was given back. It does not come again. */
  get lost(): Promise<void> {
    return this.#lost.promise;
  }

  /** Whether this process may act right now. A process that was stopped for a while finds out by asking. */
  leads(): boolean {
    return this.#role.kind === 'leader' && this.#options.timers.now() < this.#role.until;
  }

  /**
   * To be told of the lease whenever it changes; undefined when there is none.
   * @param isRestored whether etcd has been restored to an earlier time, which the lease is of
   */
  observe(lease: Lease | undefined, isRestored = false): void {
    // What was known is void, our own writes included.
    if (isRestored) this.#seen = { ...this.#seen, lease: undefined };
    if (!this.#see(lease, this.#options.timers.now())) return;
    // What comes during a write may be its own work.
    if (this.#writing === undefined) this.#consider();
  }

  /** Notes the lease unless it is the one that is known, or one before it: the answer to a write may be ahead of the watch. */
  #see(lease: Lease | undefined, at: number): boolean {
    const known = this.#seen.lease?.resourceVersion;
    if (lease?.resourceVersion === known) return false;
    if (lease?.resourceVersion !== undefined && known !== undefined && isBefore(lease.resourceVersion, known))
      return false;
    this.#seen = { lease, at };
    this.#onSeen();
    return true;
  }

  /** Begins to compete. What observe() is to tell at first has been told. */
  start(): void {
    if (this.#role.kind !== 'idle') return;
    this.#role = { kind: 'candidate' };
    this.#turn();
  }

  /** Ends it, and gives the lease back so that another may begin at once: also one that is being taken at this moment. */
  async release(): Promise<void> {
    this.#cancel();
    this.#role = { kind: 'over' };
    await this.#writing;
    if (this.#unknown && this.#seen.lease?.holder !== this.#options.identity) {
      await this.#seenWithin(this.#options.timing.retryMs);
    }
    for (let tries = 1; tries <= mostReleases; tries++) {
      if (this.#seen.lease?.holder !== this.#options.identity || (await this.#giveBack(this.#seen.lease))) return;
    }
  }

  /** Whether it has been given back, or need not or cannot be. Else it has changed, and has been seen again. */
  async #giveBack(lease: Lease): Promise<boolean> {
    const { store, timing, onError } = this.#options;
    try {
      await store.write({ ...lease, holder: '', durationMs: 1_000 }, lease, timing.retryMs);
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.status === 409) {
        await this.#seenWithin(timing.retryMs);
        return false;
      }
      // Gone, or the rights are, as when all of an installation is deleted: there is nothing that could be done about it.
      // Otherwise it runs out by itself.
      if (!(error instanceof ApiError && [401, 403, 404].includes(error.status))) onError(error);
      return true;
    }
  }

  /** Resolves when another lease is seen, or after so many milliseconds. */
  #seenWithin(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.timers.after(ms, resolve);
      this.#onSeen = () => {
        cancel();
        resolve();
      };
    });
  }

  #consider(): void {
    if (this.#role.kind === 'candidate') this.#turn();
    // Somebody took it by force, or took it off.
    if (this.#role.kind === 'leader' && this.#seen.lease?.holder !== this.#options.identity) this.#lose();
  }

  /** Takes, renews, or waits until there is reason to. */
  #turn(): void {
    this.#cancel();
    const now = this.#options.timers.now();
    if (this.#role.kind === 'leader' && now >= this.#role.until) return this.#lose();
    const freeIn = this.#role.kind === 'candidate' ? this.#freeAt() - now : 0;
    if (freeIn > 0) return this.#turnIn(freeIn);
    if (this.#writing !== undefined) return;
    this.#writing = this.#write(now);
  }

  #turnIn(ms: number): void {
    this.#cancel();
    const { timers } = this.#options;
    const latest = this.#role.kind === 'leader' ? Math.max(0, this.#role.until - timers.now()) : ms;
    this.#cancel = timers.after(Math.min(ms, latest), () => this.#turn());
  }

  /** When this process may take the lease. */
  #freeAt(): number {
    const { lease, at } = this.#seen;
    if (lease === undefined || lease.holder === '' || lease.holder === this.#options.identity) return at;
    return at + lease.durationMs;
  }

  /** @param now before it is sent, which is not after the moment that others count from */
  async #write(now: number): Promise<void> {
    await this.#tryToWrite(now);
    this.#writing = undefined;
    if (this.#role.kind === 'leader') this.#consider();
    if (this.#role.kind !== 'over') this.#turnIn(this.#options.timing.retryMs);
  }

  async #tryToWrite(now: number): Promise<void> {
    const { store, identity, timing, onError } = this.#options;
    const { lease } = this.#seen;
    const transitions = lease === undefined ? 0 : lease.transitions + (lease.holder === identity ? 0 : 1);
    const next = { holder: identity, durationMs: timing.leaseMs, transitions };
    try {
      const written = await store.write(next, lease, timing.renewDeadlineMs / 2);
      this.#unknown = false;
      this.#see(written, now);
      if (this.#role.kind === 'candidate' || this.#role.kind === 'leader') {
        this.#role = { kind: 'leader', until: now + timing.renewDeadlineMs };
        this.#won.resolve();
      }
    } catch (error) {
      this.#unknown = !(error instanceof ApiError);
      // Somebody was quicker, and whoever observes will say so.
      if (error instanceof ApiError && error.status === 409) return;
      onError(error);
    }
  }

  #lose(): void {
    this.#cancel();
    this.#role = { kind: 'over' };
    this.#lost.resolve();
  }
}
