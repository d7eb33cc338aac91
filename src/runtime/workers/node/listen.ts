// The application calls listen() as it always did. For PORT, its server gets the sockets that the supervisor holds, as often
// as it listens again; other ports are shared among the workers, as node:cluster and pm2 share them.
import { errorMonitor } from 'node:events';
import { Server } from 'node:net';
import type { Site } from './accept.ts';
import { inheritedGate, ownGate, type Gate } from './gate.ts';
import { handleOf, handleOfServer, setHandle, type Handle } from './handle.ts';

export interface Listening {
  /** Called for each server that begins to listen, each time. */
  onServer(server: Server, inherited: boolean): void;
  /** Called when this process begins to listen on the inherited sockets, and when it does so no more. */
  onChange(): void;
  /** Called when a server cannot listen because another program does. */
  onRefused(where: string): void;
}

/** What listen() comes down to, in all versions of Node: host names are resolved and options read by then. */
interface Wanted {
  /** Undefined for all addresses. */
  readonly address: string | undefined;
  /** Negative for a path and for a descriptor. */
  readonly port: number;
  readonly fd: number | undefined;
  readonly flags: number;
}

/** Node's own; its name is kept by Node for those that wrap it. */
type Listen = (this: Server, ...args: unknown[]) => void;

const onlyIPv6 = 1;
const families = { ipv4: 2, ipv6: 10 } as const;

function wantedOf([address, port, , , fd, flags]: unknown[]): Wanted {
  return {
    address: typeof address === 'string' && address !== '' ? address : undefined,
    port: typeof port === 'number' ? port : -1,
    fd: typeof fd === 'number' && fd >= 0 ? fd : undefined,
    flags: typeof flags === 'number' ? flags : 0,
  };
}

/** Whether two sockets of one process cannot have both. */
function conflict(one: Wanted, other: Wanted): boolean {
  if (one.port !== other.port) return false;
  const all = ({ address }: Wanted): boolean => address === undefined || address === '::' || address === '0.0.0.0';
  const apart = [one, other].some(({ address, flags }) => address === '::' && (flags & onlyIPv6) !== 0);
  return one.address === other.address || ((all(one) || all(other)) && !apart);
}

export class ListeningSockets {
  readonly #port: string;
  readonly #fds: readonly number[];
  readonly #site: Site;
  readonly #on: Listening;
  readonly #exclusive = new WeakSet<Server>();
  readonly #gates = new Map<Gate, Wanted>();
  /** Who has the inherited sockets. */
  #owner: Server | undefined;
  #stopped = false;

  constructor(port: string, fds: readonly number[], site: Site, on: Listening) {
    this.#port = port;
    this.#fds = fds;
    this.#site = site;
    this.#on = on;
  }

  /** Whether a server of the application listens on the inherited sockets. */
  get serves(): boolean {
    return this.#owner !== undefined;
  }

  /** Whether they were handed on to the workers of a node:cluster of the application's own. */
  get clustered(): boolean {
    return this.#owner !== undefined && handleOfServer(this.#owner) === undefined;
  }

  /** Other ports and paths that the application listens on. */
  get others(): readonly string[] {
    return [...this.#gates.values()].flatMap(({ port, address }) => {
      if (port > 0) return String(port) === this.#port ? [] : [String(port)];
      return address === undefined || address === this.#port ? [] : [address];
    });
  }

  /** Accepts nothing more on any of them; to the application they are as before. */
  stop(): void {
    this.#stopped = true;
    this.#site.balance.end();
    for (const gate of this.#gates.keys()) gate.stop();
  }

  /** From now on, all servers of this process listen through this object. */
  install(): void {
    const { prototype } = Server;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see the type
    const { listen, _listen2: start } = prototype as unknown as { listen: Listen; _listen2: Listen };
    const noteExclusive = (server: Server, [first]: unknown[]): void => {
      const exclusive = typeof first === 'object' && first !== null && 'exclusive' in first && first.exclusive === true;
      this.#exclusive[exclusive ? 'add' : 'delete'](server);
    };
    const begin = (server: Server, args: unknown[]): void => this.#listen(server, args, start);
    Object.assign(prototype, {
      listen(this: Server, ...args: unknown[]) {
        noteExclusive(this, args);
        return listen.apply(this, args);
      },
      _listen2(this: Server, ...args: unknown[]) {
        begin(this, args);
      },
    });
  }

  #listen(server: Server, args: unknown[], start: Listen): void {
    const wanted = wantedOf(args);
    // It was given the handle of another server.
    if (handleOfServer(server) !== undefined) return start.apply(server, args);
    const fds = this.#inherited(wanted);
    if (fds !== undefined) return this.#takeInherited(server, fds, args, start);
    this.#watchRefusal(server, wanted);
    const shared = this.#sharedHandle(server, wanted);
    if (shared !== undefined) setHandle(server, shared);
    start.apply(server, args);
    const gate: Gate | undefined = ownGate(server, this.#site.addon, () => {
      if (gate !== undefined) this.#gates.delete(gate);
    });
    if (gate === undefined) return;
    this.#gates.set(gate, wanted);
    this.#on.onServer(server, false);
    if (this.#stopped) gate.stop();
  }

  /** The inherited sockets that this means, undefined when it is something else or they are taken. */
  #inherited({ address, port, fd }: Wanted): readonly number[] | undefined {
    // A program that takes its sockets itself, by LISTEN_FDS.
    if (fd !== undefined) return this.#fds.includes(fd) ? [fd] : undefined;
    // PORT is 0 where any will do.
    const means = port >= 0 ? String(port) === this.#port : address === this.#port;
    return means && this.#owner === undefined && this.#fds.length > 0 ? this.#fds : undefined;
  }

  #takeInherited(server: Server, fds: readonly number[], args: unknown[], start: Listen): void {
    const gate: Gate = inheritedGate(server, fds, this.#site, () => {
      this.#gates.delete(gate);
      if (this.#owner !== server) return;
      this.#owner = undefined;
      this.#site.balance.end();
      this.#on.onChange();
    });
    this.#owner = server;
    this.#gates.set(gate, wantedOf(args));
    this.#on.onServer(server, true);
    start.apply(server, args);
    if (this.#stopped) return gate.stop();
    this.#site.balance.begin();
    this.#on.onChange();
  }

  #watchRefusal(server: Server, { address, port }: Wanted): void {
    const refused = (error: NodeJS.ErrnoException): void => {
      if (error.code === 'EADDRINUSE') this.#on.onRefused(port > 0 ? `port ${port}` : String(address));
    };
    // Without listening for the error itself, which would keep it from ending the process.
    server.once(errorMonitor, refused);
    server.once('listening', () => server.off(errorMonitor, refused));
  }

  /** A socket for a port that each worker has one for; undefined where Node is to do as always, and to report errors. */
  #sharedHandle(server: Server, wanted: Wanted): Handle | undefined {
    const { port, fd } = wanted;
    if (port <= 0 || fd !== undefined || String(port) === this.#port || this.#exclusive.has(server)) return undefined;
    if ([...this.#gates.values()].some((other) => conflict(wanted, other))) return undefined;
    const { address } = wanted;
    if (address === undefined) return this.#bound('::', wanted) ?? this.#bound('0.0.0.0', wanted);
    return this.#bound(address, wanted);
  }

  #bound(address: string, { port, flags }: Wanted): Handle | undefined {
    const { addon } = this.#site;
    const ipv6 = address.includes(':');
    const fd = addon.socket(ipv6 ? families.ipv6 : families.ipv4);
    if (fd < 0) return undefined;
    const handle = handleOf(fd);
    const failed = ipv6 ? handle.bind6?.(address, port, flags) : handle.bind?.(address, port);
    if (failed === 0) return handle;
    handle.close();
    return undefined;
  }
}
