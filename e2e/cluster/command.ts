// Running other programs to their end.
import { spawn } from 'node:child_process';
import { endWith, Interrupted, interruption } from './interruption.ts';

export interface CommandOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Milliseconds after which the program is killed. */
  readonly timeoutMs?: number;
  /** An interruption waits for this program, which would leave something half done. Default false. */
  readonly toItsEnd?: boolean;
}

export class CommandFailed extends Error {
  readonly code: number | null;
  readonly stderr: string;
  constructor(command: readonly string[], code: number | null, output: string, stderr: string) {
    const tail = output.trim().split('\n').slice(-15).join('\n');
    super(
      `${command.slice(0, 4).join(' ')}${command.length > 4 ? ' …' : ''} ended with ${code ?? 'a signal'}:\n${tail}`,
    );
    this.name = 'CommandFailed';
    this.code = code;
    this.stderr = stderr;
  }
}

/**
 * Runs `command` and returns its stdout.
 * @throws CommandFailed with the end of its output when it exits non-zero
 * @throws Interrupted when the work that this is part of was interrupted, once the program has ended
 */
export function run(command: readonly string[], options: CommandOptions = {}): Promise<string> {
  const [program = '', ...args] = command;
  const signal = interruption();
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) throw new Interrupted();
    const child = spawn(program, args, {
      // A terminal sends Ctrl-C to the whole group, and it is for us to say which programs end of it.
      detached: signal !== undefined,
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs, killSignal: 'SIGKILL' }),
    });
    const interruptedBy = options.toItsEnd === true ? undefined : signal;
    const ended = interruptedBy && child.pid !== undefined ? endWith(interruptedBy, child.pid) : undefined;
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
    child.on('error', (error) => reject(new Error(`cannot run ${program}: ${error.message}`, { cause: error })));
    child.on('close', (code) => {
      ended?.();
      if (interruptedBy?.aborted === true) reject(new Interrupted());
      else if (code === 0) resolve(stdout);
      else reject(new CommandFailed(command, code, stdout + stderr, stderr));
    });
    child.stdin.on('error', () => {
      /* a program may end without reading its input; its exit status tells whether that was wrong */
    });
    child.stdin.end(options.input ?? '');
  });
}

/** The same, as a yes or no. */
export async function succeeds(command: readonly string[], options: CommandOptions = {}): Promise<boolean> {
  try {
    await run(command, options);
    return true;
  } catch (error) {
    if (error instanceof CommandFailed) return false;
    throw error;
  }
}

/**
 * Puts a command into a network namespace. `nsenter` and not `ip netns exec`: the latter remounts /sys, which hides the
 * cgroups from whatever runs there.
 */
export function inNamespace(namespace: string, ...command: readonly string[]): string[] {
  return ['nsenter', `--net=/run/netns/${namespace}`, ...command];
}
