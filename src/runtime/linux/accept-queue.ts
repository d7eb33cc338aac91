// Connections that the kernel has accepted and no worker has yet, and those that it had no room for, read from /proc/net.
import type { Files } from '../host/host.ts';

const listening = '0A';
/** A line for each connection of the network namespace. */
const maxTableBytes = 2 ** 28;

export interface Listening {
  /** Those of the ports on which a socket listens. */
  readonly ports: ReadonlySet<number>;
  /** Sum of their accept queues. */
  readonly queued: number;
}

/** What listens on one of `wanted`, from the text of /proc/net/tcp or tcp6. */
export function listeningSockets(table: string, wanted: readonly number[]): Listening {
  const ports = new Set<number>();
  let queued = 0;
  for (const line of table.split('\n').slice(1)) {
    const [, local, , state, queues] = line.trim().split(/\s+/);
    if (local === undefined || queues === undefined || state !== listening) continue;
    const port = Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16);
    if (!wanted.includes(port)) continue;
    ports.add(port);
    // tx_queue:rx_queue; for a listening socket the latter is the length of its accept queue.
    queued += Number.parseInt(queues.split(':')[1] ?? '0', 16);
  }
  return { ports, queued };
}

/** ListenDrops of the network namespace, from the text of /proc/net/netstat: names in one line, numbers in the next. */
export function droppedConnections(table: string): number {
  const lines = table.split('\n').filter((line) => line.startsWith('TcpExt:'));
  const [names = [], numbers = []] = lines.map((line) => line.split(' '));
  return Number(numbers[names.indexOf('ListenDrops')] ?? 0);
}

function read(files: Files, file: string): string {
  try {
    return files.read(file, maxTableBytes);
  } catch {
    return ''; // A kernel without IPv6 has no tcp6.
  }
}

export interface AcceptQueue {
  readonly length: number;
  /** Since the network namespace was made, of all its sockets. */
  readonly drops: number;
}

function readTables(files: Files, ports: readonly number[]): Listening[] {
  return ['/proc/net/tcp', '/proc/net/tcp6'].map((file) => listeningSockets(read(files, file), ports));
}

/** @param ports those of the listening TCP sockets */
export function readAcceptQueue(files: Files, ports: readonly number[]): AcceptQueue {
  const length = readTables(files, ports).reduce((sum, { queued }) => sum + queued, 0);
  return { length, drops: droppedConnections(read(files, '/proc/net/netstat')) };
}

/** Those of the ports on which nothing listens any more: somebody who holds the socket has shut it down for all. */
export function deafPorts(files: Files, ports: readonly number[]): number[] {
  const heard = readTables(files, ports);
  return ports.filter((port) => !heard.some((table) => table.ports.has(port)));
}
