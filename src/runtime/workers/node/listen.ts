// The application calls listen(PORT) as it always did, and gets the sockets that the supervisor holds.
import { Server } from 'node:net';

export interface Listening {
  /** What listen() is to be given for an inherited socket. */
  handleOf(fd: number): object;
  /** Called for each server that listens on an inherited socket. */
  onListening(server: Server): void;
  /** Called when the application listens on another port than it was told to. */
  onOther(port: string): void;
}

/** What a call of listen() names: a port, or a path of a unix socket. */
function target(args: readonly unknown[]): string | undefined {
  const [first] = args;
  if (typeof first === 'number' || typeof first === 'string') return String(first);
  if (typeof first !== 'object' || first === null) return undefined;
  if ('port' in first && (typeof first.port === 'number' || typeof first.port === 'string')) return String(first.port);
  return 'path' in first && typeof first.path === 'string' ? first.path : undefined;
}

/**
 * Gives the first listen(port) of this process the inherited sockets; all later calls are as before.
 *
 * @param fds listening sockets
 */
export function takeSockets(port: string, fds: readonly number[], on: Listening): void {
  const [first, ...others] = fds;
  if (first === undefined) return;
  // Its overloads do not matter here: what the application gave is handed on as it came.
  // oxlint-disable-next-line typescript/unbound-method, typescript/no-unsafe-type-assertion -- see above; it is called with the server as `this`
  const original = Server.prototype.listen as (this: Server, ...args: readonly unknown[]) => Server;
  let taken = false;
  Server.prototype.listen = function listen(this: Server, ...args: unknown[]): Server {
    const wanted = target(args);
    if (taken || wanted !== port) {
      if (!taken && wanted !== undefined) on.onOther(wanted);
      return original.apply(this, args);
    }
    taken = true;
    const callback = args.findLast((one) => typeof one === 'function');
    this.once('listening', () => on.onListening(this));
    for (const fd of others) {
      // One server listens on one socket; what comes in on the others is handed to it.
      const extra = new Server((socket) => this.emit('connection', socket));
      original.call(extra, on.handleOf(fd));
      this.once('close', () => extra.close());
    }
    const handle = on.handleOf(first);
    return callback === undefined ? original.call(this, handle) : original.call(this, handle, callback);
  };
}
