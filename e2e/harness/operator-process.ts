// The operator as a process of this machine, in the form in which it is shipped, and what it takes of the machine.
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { operatorDir } from '../../scripts/build.ts';
import { repository } from '../cluster/layout.ts';
import { newestLayout } from '../../src/operator/model/layout.ts';
import type { OwnRelease } from '../../src/operator/model/release.ts';

/** For pods that nobody starts. */
const runtimeImage = 'registry.example.com/runtime:0.3.0';

/** What such an operator makes children with. */
export const release: OwnRelease = {
  runtimeImage,
  runtimeImagePullPolicy: undefined,
  proxyImage: 'nginx:1.28-alpine',
  layout: newestLayout,
  earlierImages: new Set(),
};

/** Flags of Node that the image has. */
function shippedNodeFlags(): string[] {
  const dockerfile = readFileSync(join(repository, 'images/operator/Dockerfile'), 'utf8');
  const [, words = '[]'] = /^ENTRYPOINT (.*)$/m.exec(dockerfile) ?? [];
  return z
    .array(z.string())
    .parse(JSON.parse(words))
    .filter((word) => word.startsWith('--'));
}

export interface OperatorProcessOptions {
  readonly adminPort: number;
  /** For one, --log-level=debug. */
  readonly flags?: readonly string[];
  readonly nodeFlags?: readonly string[];
  /** Default: KUBECONFIG */
  readonly kubeconfig?: string;
}

export class OperatorProcess implements AsyncDisposable {
  readonly startedAt = performance.now();
  readonly #child: ChildProcess;
  readonly exited: Promise<unknown>;
  readonly #listeners = new Map<string, (at: number) => void>();
  readonly #said = new Map<string, number>();
  #tail: string[] = [];

  constructor({ adminPort, flags = [], nodeFlags = [], kubeconfig }: OperatorProcessOptions) {
    const program = [
      join(operatorDir, 'operator.mjs'),
      `--runtime-image=${runtimeImage}`,
      `--proxy-image=${release.proxyImage}`,
    ];
    const args = [...shippedNodeFlags(), ...nodeFlags, ...program, `--admin-port=${adminPort}`, ...flags];
    const env = kubeconfig === undefined ? process.env : { ...process.env, KUBECONFIG: kubeconfig };
    this.#child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
    this.exited = new Promise((resolve) => this.#child.on('exit', resolve));
    this.#child.stderr?.on('data', (chunk: Buffer) => this.#remember(chunk.toString()));
    if (this.#child.stdout === null) throw new Error('the operator has no output');
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#hear(line));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** When it first logged this message, by performance.now(). */
  async says(message: string): Promise<number> {
    const said = this.#said.get(message);
    if (said !== undefined) return said;
    const heard = new Promise<number>((resolve) => this.#listeners.set(message, resolve));
    const ended = this.exited.then(() => {
      throw new Error(`the operator ended before it said "${message}":\n${this.tail}`);
    });
    return Promise.race([heard, ended]);
  }

  rssMb(): number {
    const [, kib] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8')) ?? [];
    return Number(kib) / 1024;
  }

  cpuSeconds(): number {
    const [, rest = ''] = readFileSync(`/proc/${this.pid}/stat`, 'utf8').split(') ');
    const [user = 0, system = 0] = rest.split(' ').slice(11, 13).map(Number);
    return (user + system) / 100;
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    this.#child.kill(signal);
    await this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGTERM');
  }

  /** The end of what it wrote. */
  get tail(): string {
    return this.#tail.join('\n');
  }

  #remember(line: string): void {
    this.#tail = [...this.#tail.slice(-30), line];
  }

  #hear(line: string): void {
    this.#remember(line);
    const [, message = ''] = /"msg":"([^"]*)"/.exec(line) ?? [];
    if (this.#said.has(message)) return;
    const now = performance.now();
    this.#said.set(message, now);
    this.#listeners.get(message)?.(now);
  }
}
