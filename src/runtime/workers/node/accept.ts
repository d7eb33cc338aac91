// Takes connections of a listening socket in turn with the other workers, where libuv takes them whenever it looks.
import type { Addon } from './addon.ts';
import { restMicroseconds, type Balance } from './balance.ts';
import { Holder } from './holder.ts';

/** Also what a system answers that cannot give more: others may have some. */
const retryMs = 100;
const wouldBlock = -11;
const interrupted = -4;
const aborted = -103;
const nothingThere: ReadonlySet<number> = new Set([wouldBlock, interrupted, aborted]);

export interface Site {
  readonly addon: Addon;
  readonly balance: Balance;
  /** Whether the whole pod ends: what is queued then is taken before the socket is left. */
  draining(): boolean;
}

export class Turns {
  readonly #site: Site;
  readonly #accepted: (fd: number) => void;
  readonly #watch: number;
  readonly #holder = new Holder();
  #held = true;
  #state: 'accepting' | 'stopped' | 'closed' = 'accepting';

  /**
   * @param accepted is given the descriptor of each connection
   * @throws Error where this Node does not lend its event loop
   */
  constructor(fd: number, site: Site, accepted: (fd: number) => void) {
    this.#site = site;
    this.#accepted = accepted;
    this.#watch = site.addon.watch(fd, () => this.#waiting());
  }

  start(): void {
    if (this.#state === 'accepting') this.#site.addon.start(this.#watch);
  }

  /** Accepts nothing more, and keeps the process alive as before. */
  stop(): void {
    if (this.#state !== 'accepting') return;
    while (this.#site.draining() && this.#take());
    this.#state = 'stopped';
    this.#site.addon.stop(this.#watch);
    this.#holder.hold(this.#held);
  }

  hold(yes: boolean): void {
    this.#held = yes;
    if (this.#state === 'accepting') this.#site.addon.hold(this.#watch, yes);
    else this.#holder.hold(yes && this.#state === 'stopped');
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.stop();
    this.#state = 'closed';
    this.#holder.end();
    this.#site.addon.unwatch(this.#watch);
  }

  #waiting(): void {
    const { addon, balance } = this.#site;
    if (!balance.leaves(performance.now())) this.#take();
    // So short that whatever else this worker has to do can wait for it, and shorter than any timer of Node.
    else if (!addon.rest(this.#watch, restMicroseconds)) balance.gone();
  }

  /** @returns whether there was one */
  #take(): boolean {
    const { addon, balance } = this.#site;
    const fd = addon.accept(this.#watch);
    if (fd < 0) {
      if (!nothingThere.has(fd)) this.#pause();
      return false;
    }
    balance.took();
    this.#accepted(fd);
    return true;
  }

  #pause(): void {
    this.#site.addon.stop(this.#watch);
    setTimeout(() => this.start(), retryMs);
  }
}
