// Python packages for the fast tests, in folders of their own: nothing is installed into this machine's Python.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../e2e/cluster/command.ts';
import { cacheDir, repository } from '../e2e/cluster/layout.ts';

type Set = 'newest' | 'oldest';

const requirements = (set: Set): string => join(repository, 'test/runtime/python', `${set}.txt`);

/** For PYTHONPATH. */
export function pythonPackagesDir(set: Set): string {
  const hash = createHash('sha256');
  for (const file of [requirements(set), join(repository, 'examples/flask/requirements.txt')]) {
    hash.update(readFileSync(file));
  }
  return join(cacheDir, 'python', `${set}-${hash.digest('hex').slice(0, 12)}`);
}

export async function ensurePythonPackages(): Promise<void> {
  for (const set of ['newest', 'oldest'] as const) {
    const dir = pythonPackagesDir(set);
    const complete = join(dir, '.complete');
    if (existsSync(complete)) continue;
    mkdirSync(dir, { recursive: true });
    await run(['python3', '-m', 'pip', 'install', '--quiet', '--upgrade', '--target', dir, '-r', requirements(set)]);
    writeFileSync(complete, '');
  }
}
