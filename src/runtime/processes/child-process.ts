// One process of the runtime's own: a worker, the fork server or a stub, with its output and its notification pipe.
import type { Child, Host, Start } from '../host/host.ts';

/** How long pipes that stay open after their process has ended are waited for. */
const pipeGraceMs = 200;

export type Spawning = Pick<Host, 'processes' | 'clock'>;

export interface ChildCallbacks {
  /** Before startChild() has returned. */
  spawned(pid: number): void;
  /** No process came to be. */
  failed(cause: string): void;
  notified(line: string): void;
  output(stream: 'stdout' | 'stderr', line: string): void;
  /** Called once all output has been read. */
  exited(code: number | null, signal: string | null): void;
}

/** @returns undefined when no process came to be, which is told later */
export function startChild({ processes, clock }: Spawning, command: Start, on: ChildCallbacks): Child | undefined {
  // A process's reason for ending arrives through its pipes, so they are read to their end first; but a grandchild may
  // hold them open for ever, and then the exit itself is what counts.
  let report: (() => void) | undefined;
  const child = processes.start(command, {
    refused: (cause) => on.failed(cause),
    line: (pipe, text) => (pipe === 'notify' ? on.notified(text) : on.output(pipe, text)),
    exited: (code, signal) => {
      const timer = clock.after(pipeGraceMs, () => report?.());
      report = () => {
        timer.cancel();
        report = undefined;
        on.exited(code, signal);
      };
    },
    closed: () => report?.(),
  });
  if (child !== undefined) on.spawned(child.pid);
  return child;
}
