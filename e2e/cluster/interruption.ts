// Ending what is under way when the user asks for it. Work that runs inside `interruptible` has its programs ended and
// starts no more of them once the signal is aborted; work outside of it, cleaning up for one, is not affected.
import { AsyncLocalStorage } from 'node:async_hooks';

export class Interrupted extends Error {
  constructor() {
    super('interrupted');
    this.name = 'Interrupted';
  }
}

const current = new AsyncLocalStorage<AbortSignal>();

/** Runs `work` so that every program started in it ends when `signal` is aborted. */
export function interruptible<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  return current.run(signal, work);
}

/** The signal of the work that this is part of; undefined outside of `interruptible`. */
export function interruption(): AbortSignal | undefined {
  return current.getStore();
}

/** @throws Interrupted once the work that this is part of was interrupted */
export function throwIfInterrupted(): void {
  if (current.getStore()?.aborted === true) throw new Interrupted();
}

/** Rejects as soon as the work that this is part of is interrupted, and waits for nothing else. */
export function untilInterrupted(): Promise<never> {
  const signal = current.getStore();
  return new Promise((_, reject) => {
    if (signal === undefined) return;
    const end = (): void => reject(new Interrupted());
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}

const killable = new Set<number>();

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    /* it ended by itself */
  }
}

process.on('exit', () => {
  for (const pid of killable) killGroup(pid, 'SIGKILL');
});

/** Milliseconds that a program has to end by itself. */
const graceMs = 3_000;

/**
 * Ends the process group of `pid` when `signal` is aborted or this process exits. Returns what to call when it has ended.
 */
export function endWith(signal: AbortSignal, pid: number): () => void {
  let timer: NodeJS.Timeout | undefined;
  const end = (): void => {
    killGroup(pid, 'SIGTERM');
    timer = setTimeout(() => killGroup(pid, 'SIGKILL'), graceMs);
  };
  killable.add(pid);
  signal.addEventListener('abort', end, { once: true });
  return () => {
    killable.delete(pid);
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  };
}
