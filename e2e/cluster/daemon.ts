// Processes that outlive the command which started them, found again by a file with their id and start time: an id alone
// may have passed to a stranger by the time somebody ends it.
import { spawn } from 'node:child_process';
import { mkdirSync, openSync, closeSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { throwIfInterrupted } from './interruption.ts';
import type { Layout } from './layout.ts';

/** Field 22 of /proc/PID/stat, or undefined when there is no such process or it is a zombie. */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** Starts `command` in a session of its own; its output goes to `logs/NAME.log`. */
export function startDaemon(layout: Layout, name: string, command: readonly string[]): void {
  throwIfInterrupted();
  mkdirSync(layout.logs, { recursive: true });
  mkdirSync(layout.pids, { recursive: true });
  const log = openSync(join(layout.logs, `${name}.log`), 'a');
  const [program = '', ...args] = command;
  const child = spawn(program, args, { detached: true, stdio: ['ignore', log, log], cwd: layout.run });
  closeSync(log);
  if (child.pid === undefined) throw new Error(`cannot start ${name}: is ${program} installed?`);
  child.on('error', () => undefined);
  child.unref();
  writeFileSync(join(layout.pids, name), `${child.pid} ${startTime(child.pid) ?? ''}`);
}

/** Names of all daemons that were started and not stopped yet, alive or dead. */
export function daemonNames(layout: Layout): string[] {
  try {
    return readdirSync(layout.pids);
  } catch {
    return [];
  }
}

/** Of a daemon that runs. */
export function pidOf(layout: Layout, name: string): number | undefined {
  try {
    const [pid, since] = readFileSync(join(layout.pids, name), 'utf8').split(' ');
    return startTime(Number(pid)) === since ? Number(pid) : undefined;
  } catch {
    return undefined;
  }
}

export function isRunning(layout: Layout, name: string): boolean {
  return pidOf(layout, name) !== undefined;
}

/** The last lines of a daemon's log, for error messages. */
export function logTail(layout: Layout, name: string, lines = 10): string {
  try {
    return readFileSync(join(layout.logs, `${name}.log`), 'utf8')
      .trim()
      .split('\n')
      .slice(-lines)
      .join('\n');
  } catch {
    return '(no log)';
  }
}

/** @throws with the end of its log when one of them has ended */
export function assertRunning(layout: Layout, names: readonly string[]): void {
  const ended = names.find((name) => !isRunning(layout, name));
  if (ended !== undefined) throw new Error(`${ended} ended while starting:\n${logTail(layout, ended)}`);
}

/** Sends `signal`, waits up to `graceMs`, then kills. Does nothing for a daemon that is not there. */
export async function stopDaemon(layout: Layout, name: string, signal: NodeJS.Signals, graceMs: number): Promise<void> {
  const pid = pidOf(layout, name);
  if (pid !== undefined) {
    process.kill(pid, signal);
    const deadline = performance.now() + graceMs;
    while (isRunning(layout, name) && performance.now() < deadline) await delay(20);
    if (isRunning(layout, name)) process.kill(pid, 'SIGKILL');
  }
  rmSync(join(layout.pids, name), { force: true });
}
