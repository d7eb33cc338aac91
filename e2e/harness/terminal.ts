// A command in a pseudo-terminal, as a user has it in a shell: Ctrl-C reaches all of its processes at once.
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { run } from '../cluster/command.ts';
import { repository } from '../cluster/layout.ts';

interface Waiting {
  readonly pattern: RegExp;
  readonly resolve: () => void;
}

export class Terminal implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #waiting = new Set<Waiting>();
  /** Exit code of the command, as a shell would tell it. */
  readonly exited: Promise<number | null>;
  output = '';

  constructor(command: string) {
    this.#child = spawn('script', ['-qefc', command, '/dev/null'], { cwd: repository, stdio: 'pipe' });
    this.exited = new Promise((resolve) => this.#child.on('close', resolve));
    this.#child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      this.output += chunk;
      for (const one of this.#waiting) if (one.pattern.test(this.output)) one.resolve();
    });
  }

  /** Waits for this in its output. @throws when the command ends without it */
  async shows(pattern: RegExp): Promise<void> {
    const ended = this.exited.then((code): void => {
      if (pattern.test(this.output)) return;
      throw new Error(`it ended with ${code} without ${pattern}:\n${this.output}`);
    });
    const shown = new Promise<void>((resolve) => {
      const waiting = { pattern, resolve };
      this.#waiting.add(waiting);
      if (pattern.test(this.output)) resolve();
    });
    await Promise.race([shown, ended]);
  }

  /** Gives its window another size. */
  async resize(): Promise<void> {
    await run(['stty', '-F', readlinkSync(`/proc/${this.#command}/fd/0`), 'rows', '50', 'cols', '132']);
  }

  pressCtrlC(): void {
    this.#child.stdin?.write('\x03');
  }

  /** Closes the terminal's window. */
  hangUp(): void {
    this.#child.kill('SIGKILL');
  }

  /** As `kill` from another terminal: of the command alone, and not of what it has started. */
  kill(signal: NodeJS.Signals): void {
    process.kill(this.#command, signal);
  }

  /** Its process id. */
  get #command(): number {
    const { pid = 0 } = this.#child;
    const [command = ''] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
    return Number(command);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.hangUp();
    await this.exited;
  }
}
