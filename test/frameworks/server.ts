// An application behind the runtime, or behind the server of its own documentation. Both are looked at from outside alone.
import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';
import { repository } from '../../e2e/cluster/layout.ts';
import { nodeHome, pythonHome } from '../../scripts/frameworks.ts';
import { freePort } from '../free-port.ts';
import { Runtime } from '../runtime/runtime-process.ts';
import type { Framework } from './frameworks.ts';

export interface Server extends AsyncDisposable {
  readonly port: number;
  readonly child: ChildProcess;
  /** What it has written to stdout and stderr. */
  readonly output: string;
  readonly exited: Promise<number | null>;
}

/** A copy of the applications, with what they need of the environment. */
export class Place implements Disposable {
  readonly root: string;
  readonly env: Readonly<Record<string, string>>;

  constructor({ language, own }: Framework, sentry: string) {
    this.root = mkdtempSync(join(language === 'node' ? nodeHome() : tmpdir(), 'applications-'));
    cpSync(join(repository, 'test/frameworks/apps', language), this.root, { recursive: true });
    const counters = join(this.root, 'counters');
    mkdirSync(counters);
    this.env = {
      SENTRY_DSN: sentry,
      PYTHONPATH: '',
      // Next ends at once otherwise, whatever the application has to do.
      NEXT_MANUAL_SIG_HANDLE: 'true',
      // gunicorn has its control socket below it.
      HOME: this.root,
      ...(language === 'python' ? { PATH: [join(pythonHome(), 'bin'), process.env['PATH']].join(delimiter) } : {}),
      ...(own === 'counts in all processes' ? { PROMETHEUS_MULTIPROC_DIR: counters } : {}),
    };
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

export async function documented(framework: Framework, { root, env }: Place): Promise<Server> {
  const port = await freePort();
  const [program = '', ...args] = framework.command(port);
  const child = spawn(program, args, {
    cwd: root,
    // A group of its own, to end also the workers of a server that does not end them itself.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env, PORT: String(port) },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  }
  // After the exit of the process and the last of its output.
  const exited = new Promise<number | null>((resolve, reject) => {
    child.on('close', resolve);
    child.on('error', reject);
  });
  return {
    port,
    child,
    exited,
    get output() {
      return output;
    },
    async [Symbol.asyncDispose]() {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        /* all of them have ended */
      }
      await exited;
    },
  };
}

const inRoot = (root: string, file: string): string => (isAbsolute(file) ? file : join(root, file));

/** With a drain that is long enough for a client to learn of it, as in a cluster. */
export function behindRuntime(framework: Framework, { root, env }: Place): Promise<Runtime> {
  const app = 'node' in framework.app ? { node: inRoot(root, framework.app.node) } : framework.app;
  return Runtime.start({
    root,
    app,
    env,
    workers: { ...framework.workers },
    fixed: { drain: { minimum: '1s', maximum: '3s' } },
    live: { workers: { count: framework.count, gracefulTimeout: '5s', bootTimeout: '60s' } },
  });
}
