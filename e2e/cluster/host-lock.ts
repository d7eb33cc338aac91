// What only one cluster of this machine may do at a time. The lock is an abstract socket, so it ends with its holder, however
// that ends.
import { createServer, type Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** Undefined while somebody else has it. */
function tryLock(name: string): Promise<Server | undefined> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(`\0appserver-cluster-${name}`, () => resolve(server));
  });
}

/**
 * Runs `work` while nobody else on this machine runs any under `name`.
 * @throws when somebody else does for more than a minute
 */
export async function alone<T>(name: string, work: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + 60_000;
  let lock = await tryLock(name);
  while (lock === undefined) {
    if (performance.now() > deadline) throw new Error(`another cluster has been at its ${name} for a minute`);
    await delay(20);
    lock = await tryLock(name);
  }
  try {
    return await work();
  } finally {
    lock.close();
  }
}
