// The runtime and its peers as servers on a port of loopback.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { repository } from '../e2e/cluster/layout.ts';
import { runtimeDir } from '../scripts/build.ts';
import { onServerCore } from './cores.ts';
import { pythonPackagesDir } from '../scripts/python-packages.ts';
import { freePort } from '../test/free-port.ts';

export const apps = join(repository, 'bench/apps');

/** On the core that is the servers'. */
function start(command: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
  const [program = '', ...args] = [...onServerCore, ...command];
  // A session of its own, as the runtime gives its workers: the scheduler weighs sessions, not processes.
  return spawn(program, args, { cwd: apps, env, detached: true });
}

export class Server implements AsyncDisposable {
  readonly port: number;
  readonly adminPort: number;
  readonly child: ChildProcess;
  readonly exited: Promise<unknown>;
  #output = '';
  readonly #cleanUp: () => void;

  constructor(ports: readonly [number, number], child: ChildProcess, cleanUp: () => void = () => undefined) {
    [this.port, this.adminPort] = ports;
    this.child = child;
    this.#cleanUp = cleanUp;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => (this.#output = (this.#output + chunk).slice(-10_000)));
    }
    this.exited = new Promise((resolve) => child.on('exit', resolve));
  }

  url(path = '/'): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** Resolves once it answers. */
  async answering(timeoutMs = 20_000): Promise<this> {
    const deadline = performance.now() + timeoutMs;
    while (performance.now() < deadline) {
      try {
        await (await fetch(this.url(), { headers: { connection: 'close' } })).text();
        return this;
      } catch {
        await delay(20);
      }
    }
    throw new Error(`no answer within ${timeoutMs} ms:\n${this.#output}`);
  }

  /** Ids of this process and of all below it. */
  tree(): number[] {
    const below = (pid: number): number[] => {
      let children = '';
      try {
        for (const task of readdirSync(`/proc/${pid}/task`))
          children += `${readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8')} `;
      } catch {
        /* it has just ended */
      }
      return [pid, ...children.trim().split(/\s+/).filter(Boolean).map(Number).flatMap(below)];
    };
    return below(this.child.pid ?? 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGINT');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 10_000);
    await this.exited;
    clearTimeout(timer);
    this.#cleanUp();
  }
}

const environment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  PYTHONPATH: `${pythonPackagesDir('newest')}:${apps}`,
  PYTHONUNBUFFERED: '1',
});

/** @param config of runtime.json and live.json together, see docs/runtime.md */
export async function ours(config: object, env: Readonly<Record<string, string>> = {}): Promise<Server> {
  const dir = mkdtempSync(join(tmpdir(), 'appserver-bench-'));
  const ports: [number, number] = [await freePort(), await freePort()];
  const file = join(dir, 'runtime.yaml');
  const document = { listen: [`127.0.0.1:${ports[0]}`], admin: `127.0.0.1:${ports[1]}`, control: 'off', ...config };
  writeFileSync(file, JSON.stringify(document));
  const child = start([join(runtimeDir, 'bin/appserver-runtime'), '--config', file], { ...environment(), ...env });
  return new Server(ports, child, () => rmSync(dir, { recursive: true }));
}

export async function gunicorn(
  args: readonly string[],
  app = 'hello:app',
  env: Readonly<Record<string, string>> = {},
): Promise<Server> {
  const port = await freePort();
  const command = ['python3', '-m', 'gunicorn', '--bind', `127.0.0.1:${port}`, '--log-level', 'warning', ...args, app];
  return new Server([port, 0], start(command, { ...environment(), ...env }));
}

export async function uvicorn(args: readonly string[]): Promise<Server> {
  const port = await freePort();
  const command = [
    'python3',
    '-m',
    'uvicorn',
    '--port',
    String(port),
    '--log-level',
    'warning',
    ...args,
    'hello_asgi:app',
  ];
  return new Server([port, 0], start(command, environment()));
}

export async function puma(args: readonly string[]): Promise<Server> {
  const port = await freePort();
  const command = ['puma', '--config', 'puma.rb', '--bind', `tcp://127.0.0.1:${port}`, '--quiet', ...args];
  return new Server([port, 0], start(command, environment()));
}

/** Node has no access log of its own; the application of the peers writes one with morgan. */
const accessLog = (logged: boolean): Record<string, string> => (logged ? { ACCESS_LOG: '1' } : {});

export async function nodeCluster(workers: number, logged = false): Promise<Server> {
  const port = await freePort();
  const env = { ...environment(), ...accessLog(logged), PORT: String(port), WORKERS: String(workers) };
  return new Server([port, 0], start(['node', 'cluster.cjs'], env));
}

export async function pm2(workers: number, logged = false): Promise<Server> {
  const port = await freePort();
  const home = mkdtempSync(join(tmpdir(), 'appserver-bench-pm2-'));
  const env = { ...environment(), ...accessLog(logged), PORT: String(port), PM2_HOME: home };
  const args = ['start', 'server.cjs', '-i', String(workers), '--no-daemon', '--silent'];
  const child = start([join(apps, 'node_modules/.bin/pm2'), ...args], env);
  return new Server([port, 0], child, () => rmSync(home, { recursive: true, force: true }));
}
