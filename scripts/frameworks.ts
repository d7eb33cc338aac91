// Frameworks and the servers of their own documentation, in the exact versions of test/frameworks, from npm and PyPI.
import { createHash } from 'node:crypto';
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
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

/** An application of Next has to be built; below the packages, so that it finds them. */
function nextHome(): string {
  const hash = createHash('sha256');
  for (const file of globSync('apps/next/**/*.{js,mjs}', { cwd: source }).toSorted())
    hash.update(readFileSync(join(source, file)));
  return join(nodeHome(), `next-${hash.digest('hex').slice(0, 12)}`);
}

/** What its build has made to be run by Node alone. */
export const nextServer = (): string => join(nextHome(), '.next/standalone', basename(nextHome()), 'server.js');

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
  const next = nextHome();
  await once(next, 'application of Next', async () => {
    cpSync(join(source, 'apps/next'), next, { recursive: true });
    cpSync(join(source, 'apps/node/shop.mjs'), join(next, 'shop.mjs'));
    await run([join(node, 'node_modules/.bin/next'), 'build'], { cwd: next, env: { NEXT_TELEMETRY_DISABLED: '1' } });
  });
  const python = pythonHome();
  await once(python, 'Python packages: frameworks', async () => {
    await run(['python3', '-m', 'venv', python]);
    const quietly = ['--quiet', '--disable-pip-version-check'];
    await run([join(python, 'bin/pip'), 'install', ...quietly, '-r', join(source, requirements)]);
  });
}
