// Frameworks and the servers of their own documentation, in the exact versions of test/frameworks, from npm and PyPI.
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../e2e/cluster/command.ts';
import { cacheDir, repository } from '../e2e/cluster/layout.ts';
import { step } from '../e2e/cluster/progress.ts';

const source = join(repository, 'test/frameworks');
const lock = 'package-lock.json';
const requirements = 'requirements.txt';

function versioned(name: string, file: string): string {
  const hash = createHash('sha256').update(readFileSync(join(source, file)));
  return join(cacheDir, 'frameworks', `${name}-${hash.digest('hex').slice(0, 12)}`);
}

/** The directory whose `node_modules` the Node applications find when they are below it. */
export const nodeHome = (): string => versioned('node', lock);

/** The directory of a virtual environment. */
export const pythonHome = (): string => versioned('python', requirements);

async function once(dir: string, title: string, install: () => Promise<void>): Promise<void> {
  const complete = join(dir, '.complete');
  if (existsSync(complete)) return;
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  await step(title, install);
  writeFileSync(complete, '');
}

export async function ensureFrameworks(): Promise<void> {
  const node = nodeHome();
  await once(node, 'npm packages: frameworks', async () => {
    for (const file of ['package.json', lock]) cpSync(join(source, file), join(node, file));
    await run(['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: node });
  });
  const python = pythonHome();
  await once(python, 'Python packages: frameworks', async () => {
    await run(['python3', '-m', 'venv', python]);
    const quietly = ['--quiet', '--disable-pip-version-check'];
    await run([join(python, 'bin/pip'), 'install', ...quietly, '-r', join(source, requirements)]);
  });
}
