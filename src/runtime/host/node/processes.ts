import { spawn, type ChildProcess } from 'node:child_process';
import { Duplex, Readable } from 'node:stream';
import type { Child, ChildEvents, Pipe, Processes, Signal, Start } from '../host.ts';
import { eachLine } from './lines.ts';

function begin({ program, args, env, cwd, listens, fds = [], group }: Start): ChildProcess | Error {
  try {
    return spawn(program, args, {
      stdio: [
        listens === true ? 'pipe' : 'ignore',
        'pipe',
        'pipe',
        ...fds.map((fd) => (fd === 'notify' ? ('pipe' as const) : fd)),
      ],
      env: { ...process.env, ...env },
      detached: group === true,
      ...(cwd === undefined ? {} : { cwd }),
    });
  } catch (error) {
    // Node throws some of the system's refusals, such as that for want of memory, and emits the others.
    return error instanceof Error ? error : new Error(String(error));
  }
}

function start(what: Start, on: ChildEvents): Child | undefined {
  const child = begin(what);
  if (child instanceof Error) {
    process.nextTick(() => on.refused(child.message));
    return undefined;
  }
  const { pid } = child;
  child.on('error', (error) => {
    if (pid === undefined) on.refused(error.message);
  });
  if (pid === undefined) return undefined;
  // One that has ended hears nothing; its exit is what tells of it.
  child.stdin?.on('error', () => undefined);
  const notify = (what.fds ?? []).indexOf('notify');
  const [stdout, stderr] = [readable(child.stdio[1]), readable(child.stdio[2])];
  const pipes: [Pipe, Readable][] = [
    ['stdout', stdout],
    ['stderr', stderr],
    ...(notify === -1 ? [] : [['notify', readable(Object.values(child.stdio)[3 + notify])] as [Pipe, Readable]]),
  ];
  for (const [pipe, stream] of pipes) eachLine(stream, (text) => on.line(pipe, text));
  child.on('exit', (code, signal) => on.exited(code, signal));
  child.on('close', () => on.closed());
  return {
    pid,
    pause: () => [stdout, stderr].forEach((stream) => stream.pause()),
    resume: () => [stdout, stderr].forEach((stream) => stream.resume()),
    tell: (line) => child.stdin?.end(`${line}\n`),
  };
}

function readable(pipe: unknown): Readable {
  // Pipes other than stdin come as duplex sockets, which the types leave open.
  if (pipe instanceof Readable || pipe instanceof Duplex) return pipe;
  throw new TypeError('a process was started without its pipes');
}

/** @param target negative for a group */
function send(target: number, signal: Signal): boolean {
  if (!Number.isInteger(target) || Math.abs(target) < 2) return false;
  try {
    return process.kill(target, signal);
  } catch {
    return false;
  }
}

export const processes: Processes = {
  start,
  kill: (pid, signal) => pid > 0 && send(pid, signal),
  killGroup: (pid, signal) => pid > 0 && send(-pid, signal),
};
