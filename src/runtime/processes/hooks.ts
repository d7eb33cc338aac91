// Commands that users have run at named moments.
import type { HookCommand } from '../config/config.ts';
import type { Spawning } from './child-process.ts';

export interface HookRun {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
  readonly onOutput: (stream: 'stdout' | 'stderr', line: string) => void;
}

/** Resolves with what went wrong, undefined when nothing did. A hook that hangs is killed after its timeout. */
export function runHook(
  { processes, clock }: Spawning,
  { command, timeoutMs }: HookCommand,
  { env, cwd, onOutput }: HookRun,
): Promise<string | undefined> {
  const [program = '', ...args] = command;
  return new Promise((resolve) => {
    // A group of its own, so that what it has started ends with it.
    const child = processes.start(
      { program, args, env, cwd, group: true },
      {
        refused: (cause) => resolve(`${program} cannot be started: ${cause}`),
        line: (pipe, text) => {
          if (pipe !== 'notify') onOutput(pipe, text);
        },
        exited: (code, signal) => {
          timer?.cancel();
          // What it has written last may be unread, and the runtime may be about to end.
          clock.afterInput(() =>
            resolve(code === 0 ? undefined : `${program} ended with ${signal ?? `exit code ${code}`}`),
          );
        },
        closed: () => undefined,
      },
    );
    const timer =
      child &&
      clock.after(timeoutMs, () => {
        processes.killGroup(child.pid, 'SIGKILL');
        resolve(`${program} did not end within ${timeoutMs / 1000} s`);
      });
  });
}
