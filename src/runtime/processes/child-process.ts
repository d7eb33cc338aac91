// One process of the runtime's own: a worker, the fork server or a stub, with its output and its notification pipe.
import { spawn, type ChildProcess } from 'node:child_process';
import { Duplex, Readable } from 'node:stream';
import { eachLine } from './lines.ts';

/** How long pipes that stay open after their process has ended are waited for. */
const pipeGraceMs = 200;

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string | undefined;
  /** Whether it is told something on its stdin; there is none otherwise. */
  readonly listens?: boolean;
  /** Its descriptors from 3 on: ours of that number, or its notification pipe. */
  readonly fds: readonly (number | 'notify')[];
}

export interface ChildCallbacks {
  spawned(pid: number): void;
  /** No process came to be. */
  failed(cause: string): void;
  notified(line: string): void;
  output(stream: 'stdout' | 'stderr', line: string): void;
  /** Called once all output has been read. */
  exited(code: number | null, signal: NodeJS.Signals | null): void;
}

/** Its output can be left unread for a while: whoever writes it then waits, as for any reader that is slow. */
export interface Child {
  pauseOutput(): void;
  resumeOutput(): void;
  /** The last that it is told on its stdin. */
  tell(line: string): void;
}

function start(command: Command): ChildProcess | Error {
  try {
    return spawn(command.program, command.args, {
      stdio: [
        command.listens === true ? 'pipe' : 'ignore',
        'pipe',
        'pipe',
        ...command.fds.map((fd) => (fd === 'notify' ? ('pipe' as const) : fd)),
      ],
      env: { ...process.env, ...command.env },
      ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
    });
  } catch (error) {
    // Node throws some of the system's refusals, such as that for want of memory, and emits the others.
    return error instanceof Error ? error : new Error(String(error));
  }
}

export function startChild(command: Command, on: ChildCallbacks): Child | undefined {
  const child = start(command);
  if (child instanceof Error) {
    // As for those that are emitted: the event that made this process is still being handled.
    process.nextTick(() => on.failed(child.message));
    return undefined;
  }
  child.on('error', (error) => {
    if (child.pid === undefined) on.failed(error.message);
  });
  if (child.pid === undefined) return undefined;
  // One that has ended hears nothing; its exit is what tells of it.
  child.stdin?.on('error', () => undefined);
  on.spawned(child.pid);
  const stdout = readable(child.stdio[1]);
  const stderr = readable(child.stdio[2]);
  eachLine(stdout, (line) => on.output('stdout', line));
  eachLine(stderr, (line) => on.output('stderr', line));
  eachLine(readable(Object.values(child.stdio)[3 + command.fds.indexOf('notify')]), (line) => on.notified(line));
  // A process's reason for ending arrives through its pipes, so they are read to their end first; but a grandchild may
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
  return {
    pauseOutput: () => [stdout, stderr].forEach((stream) => stream.pause()),
    resumeOutput: () => [stdout, stderr].forEach((stream) => stream.resume()),
    tell: (line) => child.stdin?.end(`${line}\n`),
  };
}

function readable(pipe: unknown): Readable {
  // Pipes other than stdin come as duplex sockets, which the types leave open.
  if (pipe instanceof Readable || pipe instanceof Duplex) return pipe;
  throw new TypeError('a process was started without its pipes');
}
