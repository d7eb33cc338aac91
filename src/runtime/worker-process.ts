// One worker process: started through appserver-init with the listening socket as descriptor 3, the shared memory as 4
// and its own notification pipe as 5.
import { spawn } from 'node:child_process';
import { Duplex, Readable } from 'node:stream';
import { eachLine } from './lines.ts';

export const listenFd = 3;
export const sharedMemoryFd = 4;
export const notifyFd = 5;
/** How long pipes that stay open after their process has ended are waited for. */
const pipeGraceMs = 200;

export interface WorkerCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
}

export interface WorkerCallbacks {
  spawned(pid: number): void;
  /** No process came to be. */
  failed(cause: string): void;
  notified(line: string): void;
  output(stream: 'stdout' | 'stderr', line: string): void;
  /** Called once all output has been read. */
  exited(code: number | null, signal: NodeJS.Signals | null): void;
}

/** @param init path of appserver-init */
export function startWorker(init: string, command: WorkerCommand, on: WorkerCallbacks): void {
  const child = spawn(init, ['worker', command.program, ...command.args], {
    stdio: ['ignore', 'pipe', 'pipe', listenFd, sharedMemoryFd, 'pipe'],
    env: { ...process.env, ...command.env },
    ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
  });
  child.on('error', (error) => {
    if (child.pid === undefined) on.failed(error.message);
  });
  if (child.pid === undefined) return;
  on.spawned(child.pid);
  eachLine(readable(child.stdio[1]), (line) => on.output('stdout', line));
  eachLine(readable(child.stdio[2]), (line) => on.output('stderr', line));
  eachLine(readable(Object.values(child.stdio)[notifyFd]), (line) => on.notified(line));
  // A worker's reason for ending arrives through its pipes, so they are read to their end first; but a grandchild may
  // hold them open for ever, and then the exit itself is what counts.
  child.on('exit', (code, signal) => {
    const report = (): void => {
      clearTimeout(timer);
      child.off('close', report);
      on.exited(code, signal);
    };
    const timer = setTimeout(report, pipeGraceMs);
    child.on('close', report);
  });
}

function readable(pipe: unknown): Readable {
  // Pipes other than stdin come as duplex sockets, which the types leave open.
  if (pipe instanceof Readable || pipe instanceof Duplex) return pipe;
  throw new TypeError('a worker was started without its pipes');
}
