// The servers that workers stand for, run as their own documentation has it, for tests that compare with them.
import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { pythonPackagesDir } from '../../scripts/python-packages.ts';
import { freePort } from '../free-port.ts';

interface PeerOptions {
  /** Folder of the application. */
  readonly root: string;
  /** python3 when left out; any other finds its port in PORT. */
  readonly program?: string;
  /** Arguments of it before the address. */
  readonly args: readonly string[];
  readonly packages?: 'newest' | 'oldest';
  readonly env?: Readonly<Record<string, string>>;
}

export class PeerServer implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  readonly #port: number;
  output = '';

  private constructor(port: number, options: PeerOptions) {
    const { root, program, args, packages = 'newest', env } = options;
    this.#port = port;
    const address = {
      gunicorn: ['--bind', `127.0.0.1:${port}`],
      uvicorn: ['--host', '127.0.0.1', '--port', String(port)],
      granian: ['--host', '127.0.0.1', '--port', String(port)],
    };
    const server = (['gunicorn', 'uvicorn', 'granian'] as const).find((name) => args.includes(name));
    this.child = spawn(program ?? 'python3', [...args, ...(server === undefined ? [] : address[server])], {
      cwd: root,
      // A group of its own, to be ended with all that it has started.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        PYTHONUNBUFFERED: '1',
        PYTHONPATH: pythonPackagesDir(packages),
        ...(program !== undefined && { PORT: String(port) }),
        ...env,
      },
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => (this.output += chunk));
    }
    this.exited = new Promise((resolve) => this.child.on('exit', resolve));
  }

  /** Returns once it answers. */
  static async ready(options: PeerOptions): Promise<PeerServer> {
    const peer = new PeerServer(await freePort(), options);
    const deadline = performance.now() + 30_000;
    for (;;) {
      try {
        await fetch(peer.url());
        return peer;
      } catch (error) {
        if (performance.now() > deadline || peer.child.exitCode !== null)
          throw new Error(peer.output, { cause: error });
        await delay(20);
      }
    }
  }

  url(path = '/'): string {
    return `http://127.0.0.1:${this.#port}${path}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { pid } = this.child;
    if (pid !== undefined && this.child.exitCode === null) process.kill(-pid, 'SIGKILL');
    await this.exited;
  }
}
