// Runs files with node:test, and tells of it.
import { spawn } from 'node:child_process';
import { repository } from '../../e2e/cluster/layout.ts';
import { say } from '../../e2e/cluster/progress.ts';

interface TestRun {
  readonly env?: Record<string, string>;
  /** Prints what it says when it is over, since others run beside it. */
  readonly buffered?: boolean;
}

/** Runs a command with its output as it comes. @throws when a test failed */
export async function runTests(
  title: string,
  command: readonly string[],
  { env, buffered = false }: TestRun = {},
): Promise<void> {
  if (!buffered) say(`\n${title}`);
  const [program = '', ...args] = command;
  const output: Buffer[] = [];
  const code = await new Promise<number | null>((resolve) => {
    const stdio = buffered ? 'pipe' : 'inherit';
    const child = spawn(program, args, { cwd: repository, stdio, env: { ...process.env, ...env } });
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => output.push(chunk));
    const stop = (): void => void child.kill('SIGTERM');
    process.once('SIGTERM', stop);
    child.on('close', (status) => {
      process.off('SIGTERM', stop);
      resolve(status);
    });
  });
  if (buffered) process.stdout.write(`\n${title}\n${Buffer.concat(output).toString()}`);
  if (code !== 0) throw new Error(`${title} failed`);
}

/** The command that runs files, and flags of node:test, so many files at a time. */
export const nodeTest = (concurrency: number, files: readonly string[]): string[] => [
  process.execPath,
  '--test',
  '--test-reporter=spec',
  `--test-concurrency=${concurrency}`,
  ...files,
];
