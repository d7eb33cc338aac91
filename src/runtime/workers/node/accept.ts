// Takes connections of a listening socket in turn with the other workers, where libuv takes them whenever it looks. To the
// application's server it is the handle of a listening socket like any other.
import { Socket } from 'node:net';
import type { Addon } from './addon.ts';
import { restMicroseconds, type Balance } from './balance.ts';

/** Of Node's own handles of sockets, as far as it matters here. */
interface Handle {
  open(fd: number): number;
  listen(backlog: number): number;
  close(closed?: () => void): void;
  ref(): void;
  unref(): void;
  /** Set by the server that listens. */
  onconnection(this: Handle, status: number, client: Handle): void;
}

const clientType = 0;
/** Also what a system answers that cannot give more: others may have some. */
const retryMs = 100;
const wouldBlock = -11;
const interrupted = -4;
const aborted = -103;
const nothingThere: ReadonlySet<number> = new Set([wouldBlock, interrupted, aborted]);

function isHandle(value: unknown): value is Handle {
  return typeof value === 'object' && value !== null && 'open' in value && 'listen' in value;
}

/** Takes the handle of an open descriptor out of a Socket, the one place where Node makes it for whom asks. */
function tcpHandle(fd: number): Handle | undefined {
  const socket: Socket & { _handle?: unknown } = new Socket({ fd, readable: false, writable: false });
  const handle = socket._handle;
  socket._handle = null;
  return isHandle(handle) && handle.constructor.name === 'TCP' ? handle : undefined;
}

/** Node's own class of such handles. */
function newClient(like: Handle): Handle {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the constructor of a handle makes handles
  return Reflect.construct(like.constructor as new (type: number) => Handle, [clientType]);
}

export interface Site {
  readonly addon: Addon;
  readonly balance: Balance;
  /** Whether the whole pod ends: what is queued then is taken before the socket is closed. */
  draining(): boolean;
}

class Turns {
  readonly #handle: Handle;
  readonly #site: Site;
  readonly #watch: number;
  #closed = false;

  constructor(handle: Handle, fd: number, site: Site) {
    this.#handle = handle;
    this.#site = site;
    this.#watch = site.addon.watch(fd, () => this.#waiting());
  }

  start(): void {
    this.#site.addon.start(this.#watch);
  }

  hold(yes: boolean): void {
    this.#site.addon.hold(this.#watch, yes);
  }

  close(): void {
    if (this.#closed) return;
    while (this.#site.draining() && this.#take());
    this.#closed = true;
    // An application that closes its server is not to be waited for.
    this.#site.balance.end();
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
    const client = newClient(this.#handle);
    client.open(fd);
    balance.took();
    this.#handle.onconnection(0, client);
    return true;
  }

  #pause(): void {
    this.#site.addon.stop(this.#watch);
    setTimeout(() => {
      if (!this.#closed) this.start();
    }, retryMs);
  }
}

/**
 * What to give to listen() for a socket.
 *
 * @returns undefined where this is no TCP socket or this Node does not allow it; libuv takes the connections then
 */
export function handleInTurns(fd: number, site: Site): Handle | undefined {
  try {
    const handle = tcpHandle(fd);
    if (handle === undefined) return undefined;
    const turns = new Turns(handle, fd, site);
    const [close, ref, unref] = [handle.close.bind(handle), handle.ref.bind(handle), handle.unref.bind(handle)];
    return Object.assign(handle, {
      listen: (): number => {
        turns.start();
        return 0;
      },
      close: (closed?: () => void): void => {
        turns.close();
        close(closed);
      },
      ref: (): void => {
        turns.hold(true);
        ref();
      },
      unref: (): void => {
        turns.hold(false);
        unref();
      },
    });
  } catch {
    return undefined;
  }
}
