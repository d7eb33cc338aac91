// Node applications without the runtime, as the measure of what they do with it.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { nodeLibraries } from '../../scripts/node-libraries.ts';
import { applications, type Runtime } from './runtime-process.ts';

/** Two workers of node:cluster, which get the signals of their primary. */
const primary = `
const cluster = require('node:cluster');
cluster.setupPrimary({ exec: process.argv[2] });
cluster.fork();
cluster.fork();
process.on('SIGTERM', () => Object.values(cluster.workers).forEach((worker) => worker.process.kill('SIGTERM')));
`;

/** Applications with the libraries and a primary of node:cluster beside them. */
export function nodeApplications(files: Readonly<Record<string, string>>): string {
  const root = applications({ ...files, 'primary.cjs': primary });
  symlinkSync(nodeLibraries, join(root, 'node_modules'));
  return root;
}

/** Source of a listener that answers /held?FILE once the file is there, and all else at once. It needs `fs`. */
export const holdingHandler = `const handler = (request, response) => {
  const [path, file] = request.url.split('?');
  if (path !== '/held') return response.end('ok');
  const timer = setInterval(() => {
    if (!fs.existsSync(file)) return;
    clearInterval(timer);
    response.end('held');
  }, 10);
};`;

interface PlainOptions {
  /** Made by {@link nodeApplications}. */
  readonly root: string;
  readonly file: string;
  readonly port: number;
  /** Two workers of it, under node:cluster. */
  readonly cluster?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

export class PlainNode implements AsyncDisposable {
  readonly child: ChildProcess;
  output = '';

  constructor({ root, file, port, cluster = false, env = {} }: PlainOptions) {
    const args = [...(cluster ? [join(root, 'primary.cjs')] : []), join(root, file)];
    this.child = spawn(process.execPath, args, {
      cwd: root,
      env: { ...process.env, PORT: String(port), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.setEncoding('utf8').on('data', (chunk: string) => (this.output += chunk));
  }

  /** Waits for output of it. */
  async until(words: string): Promise<void> {
    const deadline = performance.now() + 15_000;
    while (!this.output.includes(words)) {
      if (performance.now() > deadline) throw new Error(`no ${words} within 15 s:\n${this.output}`);
      await delay(10);
    }
  }

  /** Waits for an answer on this port. */
  async serves(port: number): Promise<void> {
    const deadline = performance.now() + 15_000;
    for (;;) {
      try {
        await (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })).text();
        return;
      } catch {
        if (performance.now() > deadline) throw new Error(`no answer within 15 s:\n${this.output}`);
        await delay(20);
      }
    }
  }

  /** What it has written, and how it ended. */
  async end(): Promise<{ said: string[]; code: number | null; signal: NodeJS.Signals | null }> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'close');
    const said = this.output.trim().split('\n');
    return { said, code: this.child.exitCode, signal: this.child.signalCode };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL');
    await this.end();
  }
}

/** What the application wrote to its output, in a runtime. */
function saidIn(runtime: Runtime): string[] {
  return runtime.log().flatMap(({ stream, msg }) => (stream === undefined ? [] : [String(msg)]));
}

/** Asserts what the application has written, once as much is there: a line waits some milliseconds for those that belong to it. */
export async function assertSaid(
  runtime: Runtime,
  expected: readonly string[],
  of: (said: string[]) => string[] = (said) => said,
): Promise<void> {
  await runtime.until('said', () => of(saidIn(runtime)).length >= expected.length);
  assert.deepEqual(of(saidIn(runtime)), expected);
}
