// Which of the workers that share a socket takes a connection.
//
// The kernel wakes all that wait for one, and the first to ask gets it: mostly the same. Here a worker leaves a connection
// for a moment when another has less to do, and takes it if it is still there afterwards. So nobody waits for a worker that
// is stuck, and no process stands between. The moment is the idea of puma's wait_for_less_busy_worker; the order of those
// with as many connections, that of a virtual time in fair queueing.
//
// ../python/appserver_worker/balance.py does the same for Python.
import { header, headerBytes, row, rowBytes } from '../../shared/shared-memory-layout.ts';

/** How long to sleep before looking whether a connection that was left still waits. */
export const restMicroseconds = 50;
/** How long a connection is left to a worker that has nothing in hand: it comes as soon as it gets a CPU. */
const patienceMs = 5;
/** The same for one that has; it may take long. */
const patienceForBusyMs = 0.5;
/** So many connections more than another of the same load are no reason to wait. */
const turnsAhead = 2;
/** A worker that was held up for long does not get all connections until it has caught up. */
const turnsBehind = 16;

export class Balance {
  readonly #used: Uint32Array;
  readonly #numbers: Float64Array;
  readonly #own: number;
  /** Since when connections that wait have been left to others. */
  #leftAt: number | undefined;

  constructor(memory: ArrayBuffer, slot: number) {
    this.#used = new Uint32Array(memory, header.rows, 1);
    this.#numbers = new Float64Array(memory);
    this.#own = slot;
  }

  /** This worker accepts connections from now on. */
  begin(): void {
    this.#set(row.turn, this.#most());
    this.#set(row.accepting, 1);
  }

  end(): void {
    this.#set(row.accepting, 0);
  }

  /**
   * Whether a connection that waits is to be left to a worker with less to do.
   *
   * @param now milliseconds of any clock
   */
  leaves(now: number): boolean {
    if (!this.#otherHasLess(now - (this.#leftAt ?? now))) return false;
    this.#leftAt ??= now;
    return true;
  }

  /** Another worker has taken what was left. */
  gone(): void {
    this.#leftAt = undefined;
  }

  /** This worker has taken a connection. */
  took(): void {
    this.#set(row.turn, Math.max(this.#get(this.#own, row.turn) + 1, this.#most() - turnsBehind));
    this.#leftAt = undefined;
  }

  /** @param leftMs how long it has waited for them */
  #otherHasLess(leftMs: number): boolean {
    const connections = this.#get(this.#own, row.connections);
    const turn = this.#get(this.#own, row.turn) - turnsAhead;
    for (let slot = 0; slot < this.#rows; slot++) {
      if (!this.#accepts(slot)) continue;
      const busy = this.#get(slot, row.begun) > this.#get(slot, row.ended);
      if (leftMs >= (busy ? patienceForBusyMs : patienceMs)) continue;
      const theirs = this.#get(slot, row.connections);
      if (theirs < connections || (theirs === connections && this.#get(slot, row.turn) < turn)) return true;
    }
    return false;
  }

  get #rows(): number {
    return this.#used[0] ?? 0;
  }

  #accepts(slot: number): boolean {
    return slot !== this.#own && this.#get(slot, row.accepting) !== 0 && this.#get(slot, row.retiring) === 0;
  }

  /** Turn of the one of the others that has had the most. */
  #most(): number {
    let most = 0;
    for (let slot = 0; slot < this.#rows; slot++)
      if (this.#accepts(slot)) most = Math.max(most, this.#get(slot, row.turn));
    return most;
  }

  #get(slot: number, at: number): number {
    return this.#numbers[(headerBytes + slot * rowBytes + at) / 8] ?? 0;
  }

  #set(at: number, value: number): void {
    this.#numbers[(headerBytes + this.#own * rowBytes + at) / 8] = value;
  }
}
