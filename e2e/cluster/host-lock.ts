// What only one cluster of this machine may do at a time, and what only one process of a checkout may. Each lock ends with its
// holder, however that ends.
import { spawn } from 'node:child_process';
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

/**
 * Runs `work` while no other process does under the same file. Unlike the socket above it holds across network namespaces.
 * The lock is held by a child that ends when its standard input does.
 */
export async function withFileLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  const holder = spawn('flock', [file, 'sh', '-c', 'echo locked; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    holder.stdout.once('data', () => resolve());
    holder.once('error', (error) => reject(new Error(`cannot lock ${file}: ${error.message}`, { cause: error })));
    holder.once('exit', (code) => reject(new Error(`cannot lock ${file}: flock ended with ${code ?? 'a signal'}`)));
  });
  try {
    return await work();
  } finally {
    holder.stdin.end();
  }
}
