// appserver-runtime as a process, for tests: the runtime without Kubernetes.
import { spawn, type ChildProcess } from 'node:child_process';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runtimeDir } from '../../scripts/build.ts';
import { pythonPackagesDir } from '../../scripts/python-packages.ts';

export interface AloneOptions {
  /** Folder of the application. */
  readonly root: string;
  /** A command that runs another one. */
  readonly within?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export class Alone implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  output = '';

  constructor(args: readonly string[], { root, within = [], env }: AloneOptions) {
    const [program = '', ...rest] = [...within, join(runtimeDir, 'bin/appserver-runtime'), ...args];
    this.child = spawn(program, rest, {
      cwd: root,
      env: {
        ...process.env,
        PYTHONPATH: pythonPackagesDir('newest'),
        PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
        ...env,
      },
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => (this.output += chunk));
    }
    this.exited = new Promise((resolve) => this.child.on('exit', resolve));
  }

  /** @param times how often it has been said by then */
  async says(text: string, times = 1): Promise<void> {
    for (let i = 0; i < 500; i++) {
      if (this.output.split(text).length > times) return;
      if (this.child.exitCode !== null || this.child.signalCode !== null)
        throw new Error(`ended without saying: ${text}\n${this.output}`);
      await delay(20);
    }
    throw new Error(`not said within 10 s: ${text}\n${this.output}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGINT');
    await this.exited;
  }
}
