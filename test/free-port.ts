// Ports for servers that tests and benchmarks start, each given to one process of this machine until that process ends.
//
// A port that the kernel has just chosen is no such port: whoever connects anywhere next may get it, and so may the next one
// who asks, before the server listens that it was meant for.
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below those that the kernel gives to clients (net.ipv4.ip_local_port_range begins at 32768). */
const first = 15_000;
const count = 15_000;

async function listens(where: string | number): Promise<(() => Promise<void>) | undefined> {
  const server = createServer();
  try {
    // A number without a host is every address, of both families.
    server.listen(typeof where === 'number' ? { port: where } : { path: where });
    await once(server, 'listening');
  } catch {
    return undefined;
  }
  server.unref();
  return async () => {
    server.close();
    await once(server, 'close');
  };
}

/**
 * A port that nothing listens on, and that this function gives to nobody else while this process lives. Abstract sockets say
 * which are given away: the kernel removes them with the process that made them.
 */
export async function freePort(): Promise<number> {
  const start = Math.floor(Math.random() * count);
  for (let i = 0; i < count; i++) {
    const port = first + ((start + i) % count);
    const unclaim = await listens(`\0appserver-port-${port}`);
    if (unclaim === undefined) continue;
    const close = await listens(port);
    if (close !== undefined) {
      await close();
      return port;
    }
    await unclaim();
  }
  throw new Error(`no free port from ${first} to ${first + count - 1}`);
}
