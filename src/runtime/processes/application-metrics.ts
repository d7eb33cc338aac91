// Metrics that a Python application counts itself, with prometheus_client in its multiprocess mode.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { startChild, type Command } from './child-process.ts';

/** Where the processes of the application keep their counts; undefined when it does not use the mode. */
export function multiprocessDir(): string | undefined {
  return process.env['PROMETHEUS_MULTIPROC_DIR'];
}

/** As the mode asks for: the folder exists, and nothing of a run before is in it. */
export function clearMultiprocessDir(): void {
  const dir = multiprocessDir();
  if (dir === undefined) return;
  mkdirSync(dir, { recursive: true });
  for (const file of readdirSync(dir)) if (file.endsWith('.db')) rmSync(join(dir, file));
}

/** Output of the command, undefined when it failed. */
export function collect(command: Command): Promise<string | undefined> {
  const lines: string[] = [];
  return new Promise((resolve) => {
    startChild(command, {
      spawned: () => undefined,
      failed: () => resolve(undefined),
      notified: () => undefined,
      output: (stream, line) => {
        if (stream === 'stdout') lines.push(line);
      },
      exited: (code) => resolve(code === 0 ? `${lines.join('\n')}\n` : undefined),
    });
  });
}
