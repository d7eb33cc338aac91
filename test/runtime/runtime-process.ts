// The runtime as processes, for tests: appserver-init, the supervisor and real workers on loopback.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { runtimeDir } from '../../scripts/build.ts';
import { pythonPackagesDir } from '../../scripts/python-packages.ts';
import { freePort } from '../free-port.ts';

/** For `describe`: why the tests cannot run here. */
export const skip = process.platform === 'linux' ? false : 'the runtime is made for Linux';

/** A folder for the applications of one test file, which goes with it. */
export function applications(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'appserver-runtime-'));
  after(() => rmSync(root, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(root, name, '..'), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  return root;
}

export interface Options {
  /** Folder of the application. */
  readonly root: string;
  readonly app: object;
  readonly workers?: object;
  /** What can change while it runs. */
  readonly live?: { readonly workers?: object; readonly probes?: object; readonly logging?: object };
  /** Anything else of runtime.json. */
  readonly fixed?: object;
  readonly port?: number;
  /** A command that runs another one, in a network namespace for example. */
  readonly within?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface WorkerStatus {
  readonly connections: number;
  readonly busy: number;
  readonly id: number;
  readonly pid: number;
  readonly state: string;
  readonly requests: number;
  readonly generation: number;
}

export interface Status {
  readonly ready: boolean;
  readonly settings: string;
  readonly phase: string;
  readonly reload: string;
  readonly workers: { readonly desired: number; readonly ready: number; readonly list: readonly WorkerStatus[] };
  readonly restarts: Readonly<Record<string, number>>;
  readonly replaced: Readonly<Record<string, number>>;
  readonly requestTimeouts: number;
  readonly requestsLost: number;
  readonly connectionsLost: number;
  readonly counters: { readonly begun: number; readonly ended: number };
}

export class Runtime implements AsyncDisposable {
  readonly port: number;
  readonly adminPort: number;
  readonly child: ChildProcess;
  readonly dir: string;
  readonly exited: Promise<number | null>;
  output = '';

  private constructor(dir: string, port: number, adminPort: number, options: Options) {
    this.dir = dir;
    this.port = port;
    this.adminPort = adminPort;
    mkdirSync(join(dir, 'live'));
    writeFileSync(this.terminationLog, '');
    const config = {
      app: { workingDir: options.root, ...options.app },
      listen: [`127.0.0.1:${port}`],
      admin: `127.0.0.1:${adminPort}`,
      control: this.control,
      workers: { backlog: 64, keepAlive: '5s', ...options.workers },
      drain: { minimum: '100ms', maximum: '3s' },
      ...options.fixed,
    };
    writeFileSync(join(dir, 'runtime.json'), JSON.stringify(config));
    this.configure('1', options.live);
    const addresses = config.listen.flatMap((address) => ['--listen', address]);
    const runtime = [process.execPath, join(runtimeDir, 'runtime/runtime.mjs')];
    const [program = '', ...args] = [
      ...(options.within ?? []),
      ...[join(runtimeDir, 'bin/appserver-init'), 'serve', ...addresses, '--', ...runtime],
      ...[`--config=${dir}`, `--live=${join(dir, 'live')}`],
    ];
    this.child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        PYTHONPATH: pythonPackagesDir('newest'),
        APPSERVER_TERMINATION_LOG: this.terminationLog,
        ...options.env,
      },
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => (this.output += chunk));
    }
    this.exited = new Promise((resolve) => this.child.on('exit', resolve));
  }

  get terminationLog(): string {
    return join(this.dir, 'termination-log');
  }

  get control(): string {
    return join(this.dir, 'control.sock');
  }

  /** The termination message, after the end. */
  lastWords(): string {
    return readFileSync(this.terminationLog, 'utf8');
  }

  static async start(options: Options): Promise<Runtime> {
    const dir = mkdtempSync(join(options.root, 'run-'));
    return new Runtime(dir, options.port ?? (await freePort()), await freePort(), options);
  }

  static async ready(options: Options): Promise<Runtime> {
    const runtime = await Runtime.start(options);
    // All of them: the probe is content with one, and a test that begins then may meet a worker that boots.
    await runtime.until('ready', async () => {
      const { ready, workers } = await runtime.status();
      return ready && workers.ready === workers.desired;
    });
    return runtime;
  }

  /** As a ConfigMap volume changes: the file is swapped by a rename. */
  configure(revision: string, changes: Options['live'] = {}): void {
    const live = {
      revision,
      probes: { readyWorkers: 1, ...changes.probes },
      logging: { level: 'debug', ...changes.logging },
      workers: {
        count: 2,
        bootTimeout: '10s',
        heartbeatTimeout: '10s',
        gracefulTimeout: '2s',
        ...changes.workers,
      },
    };
    const next = join(this.dir, 'live', '..next');
    writeFileSync(next, JSON.stringify(live));
    renameSync(next, join(this.dir, 'live', 'live.json'));
  }

  async admin(path: string): Promise<{ status: number; body: string }> {
    const response = await fetch(`http://127.0.0.1:${this.adminPort}${path}`);
    return { status: response.status, body: await response.text() };
  }

  async status(): Promise<Status> {
    return JSON.parse((await this.admin('/status')).body) as Status;
  }

  async readyWorkers(): Promise<readonly WorkerStatus[]> {
    return (await this.status()).workers.list.filter(({ state }) => state === 'ready');
  }

  url(path = '/'): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  fetch(path = '/'): Promise<number> {
    return fetch(this.url(path)).then((response) => response.status);
  }

  /** Waits for a fact about other processes, which nothing else announces. */
  async until(what: string, probe: () => Promise<boolean> | boolean): Promise<void> {
    const deadline = performance.now() + 15_000;
    while (performance.now() < deadline) {
      try {
        if (await probe()) return;
      } catch {
        /* not listening yet */
      }
      await delay(20);
    }
    throw new Error(`not ${what} within 15 s:\n${this.output}`);
  }

  /** The records of its log, of those lines that are JSON. */
  log(): Record<string, unknown>[] {
    return this.output.split('\n').flatMap((line) => {
      try {
        return [JSON.parse(line) as Record<string, unknown>];
      } catch {
        return [];
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGINT');
    await this.exited;
  }
}
