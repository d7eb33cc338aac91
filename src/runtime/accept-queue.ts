// Connections that the kernel has accepted and no worker has yet, read from /proc/net.
import { readFileSync } from 'node:fs';

const listening = '0A';

/** Sum of the accept queues of all sockets that listen on `port`, from the text of /proc/net/tcp or tcp6. */
export function queuedConnections(table: string, port: number): number {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  let queued = 0;
  for (const line of table.split('\n').slice(1)) {
    const [, local, , state, queues] = line.trim().split(/\s+/);
    if (local === undefined || queues === undefined || state !== listening || !local.endsWith(`:${wanted}`)) continue;
    // tx_queue:rx_queue; for a listening socket the latter is the length of its accept queue.
    queued += Number.parseInt(queues.split(':')[1] ?? '0', 16);
  }
  return queued;
}

export function readAcceptQueue(port: number): number {
  let queued = 0;
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    try {
      queued += queuedConnections(readFileSync(file, 'utf8'), port);
    } catch {
      /* a kernel without IPv6 has no tcp6 */
    }
  }
  return queued;
}
