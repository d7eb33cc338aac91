// gunicorn and Flask for the fast tests, in folders of their own: nothing is installed into this machine's Python.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../e2e/cluster/command.ts';
import { cacheDir, repository } from '../e2e/cluster/layout.ts';

/** The newest is what the example asks for; the oldest is the oldest that the runtime takes. */
const sets = {
  newest: ['-r', join(repository, 'examples/flask/requirements.txt')],
  oldest: ['gunicorn==22.0.0'],
} as const;

/** For PYTHONPATH. */
export function pythonPackagesDir(set: keyof typeof sets): string {
  const hash = createHash('sha256').update(readFileSync(join(repository, 'examples/flask/requirements.txt')));
  return join(
    cacheDir,
    'python',
    `${set}-${hash
      .update(JSON.stringify(sets[set].at(-1)))
      .digest('hex')
      .slice(0, 12)}`,
  );
}

export async function ensurePythonPackages(): Promise<void> {
  for (const set of ['newest', 'oldest'] as const) {
    const dir = pythonPackagesDir(set);
    const complete = join(dir, '.complete');
    if (existsSync(complete)) continue;
    mkdirSync(dir, { recursive: true });
    await run(['python3', '-m', 'pip', 'install', '--quiet', '--upgrade', '--target', dir, ...sets[set]]);
    writeFileSync(complete, '');
  }
}
