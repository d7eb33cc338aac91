// Commands that users have run at named moments.
import { spawn } from 'node:child_process';
import type { HookCommand } from '../config/config.ts';
import { eachLine } from './lines.ts';

export interface HookRun {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
  readonly onOutput: (stream: 'stdout' | 'stderr', line: string) => void;
}

/** Resolves with what went wrong, undefined when nothing did. A hook that hangs is killed after its timeout. */
export function runHook({ command, timeoutMs }: HookCommand, run: HookRun): Promise<string | undefined> {
  const [program = '', ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...run.env },
      ...(run.cwd === undefined ? {} : { cwd: run.cwd }),
      // A group of its own, so that what it has started ends with it.
      detached: true,
    });
    child.on('error', (error) => resolve(`${program} cannot be started: ${error.message}`));
    if (child.pid === undefined) return;
    const { pid } = child;
    eachLine(child.stdout, (line) => run.onOutput('stdout', line));
    eachLine(child.stderr, (line) => run.onOutput('stderr', line));
    const timer = setTimeout(() => {
      try {
        process.kill(-pid, 'SIGKILL');
      } catch {
        /* it has just ended */
      }
      resolve(`${program} did not end within ${timeoutMs / 1000} s`);
    }, timeoutMs);
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      resolve(code === 0 ? undefined : `${program} ended with ${signal ?? `exit code ${code}`}`);
    });
  });
}
