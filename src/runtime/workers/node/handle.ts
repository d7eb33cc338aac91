// Of Node's own handles of sockets, what matters to code that listens and accepts for a server.
import { Socket, type Server } from 'node:net';

export interface Handle {
  /** Of a handle that is open; negative for one that is not. */
  readonly fd?: number;
  open(fd: number): number;
  listen(backlog: number): number;
  close(closed?: () => void): void;
  ref(): void;
  unref(): void;
  hasRef(): boolean;
  getsockname?(out: object): number;
  bind?(address: string, port: number): number;
  bind6?(address: string, port: number, flags: number): number;
  /** Set by the server that listens. */
  onconnection?(this: Handle, status: number, client: Handle): void;
}

const clientType = 0;

function isHandle(value: unknown): value is Handle {
  return typeof value === 'object' && value !== null && 'close' in value && 'listen' in value;
}

/** Takes the handle of an open descriptor out of a Socket, the one place where Node makes it on request. */
export function handleOf(fd: number): Handle {
  const socket: Socket & { _handle?: unknown } = new Socket({ fd, readable: false, writable: false });
  const handle = socket._handle;
  socket._handle = null;
  if (!isHandle(handle)) throw new TypeError('this Node makes no handles of descriptors');
  return handle;
}

export function isTcp(handle: Handle): boolean {
  return handle.constructor.name === 'TCP';
}

/**
 * Hands an accepted connection to a server.
 *
 * @param to the handle of the server
 * @param from the handle that the connection came in by
 */
export function deliver(to: Handle, from: Handle, fd: number): void {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the constructor of a handle makes handles
  const client = Reflect.construct(from.constructor as new (type: number) => Handle, [clientType]);
  client.open(fd);
  to.onconnection?.(0, client);
}

/** What a server listens on; undefined for one that does not. */
export function handleOfServer(server: Server & { _handle?: unknown }): Handle | undefined {
  return isHandle(server._handle) ? server._handle : undefined;
}

export function setHandle(server: Server & { _handle?: unknown }, handle: Handle): void {
  server._handle = handle;
}
