// gunicorn and Flask for the fast tests, in a folder of their own: nothing is installed into this machine's Python.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../e2e/cluster/command.ts';
import { cacheDir, repository } from '../e2e/cluster/layout.ts';

const requirements = join(repository, 'examples/flask/requirements.txt');

/** For PYTHONPATH. */
export function pythonPackagesDir(): string {
  const hash = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  return join(cacheDir, 'python', hash);
}

export async function ensurePythonPackages(): Promise<void> {
  const dir = pythonPackagesDir();
  const complete = join(dir, '.complete');
  if (existsSync(complete)) return;
  mkdirSync(dir, { recursive: true });
  await run(['python3', '-m', 'pip', 'install', '--quiet', '--upgrade', '--target', dir, '-r', requirements]);
  writeFileSync(complete, '');
}
