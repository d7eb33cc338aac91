// Metrics that a Python application counts itself, with prometheus_client in its multiprocess mode.
import type { Clock, Host, Start } from '../host/host.ts';
import { startChild, type Spawning } from './child-process.ts';

/** Where the processes of the application keep their counts; undefined when it does not use the mode. */
export function multiprocessDir(env: Host['env']): string | undefined {
  return env['PROMETHEUS_MULTIPROC_DIR'];
}

/** As the mode asks for: the folder exists, and nothing of a run before is in it. */
export function clearMultiprocessDir({ files, env }: Pick<Host, 'files' | 'env'>): void {
  const dir = multiprocessDir(env);
  if (dir === undefined) return;
  files.makeDirectory(dir);
  for (const file of files.list(dir)) if (file.endsWith('.db')) files.remove(`${dir}/${file}`);
}

/** Output of the command, undefined when it failed. */
export function collect(host: Spawning, command: Start): Promise<string | undefined> {
  const lines: string[] = [];
  return new Promise((resolve) => {
    startChild(host, command, {
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

/** Each answer costs a fork, and anybody in the pod network may ask. */
const freshMs = 1_000;

/** One answer at a time, which all get who ask meanwhile or within a second of its beginning. */
export function shared<T>(clock: Pick<Clock, 'now'>, ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  let begun = 0;
  let running = false;
  return () => {
    if (answer !== undefined && (running || clock.now() - begun < freshMs)) return answer;
    begun = clock.now();
    running = true;
    answer = ask().finally(() => (running = false));
    return answer;
  };
}
