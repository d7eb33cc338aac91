// The examples that need packages of their own or a build, in folders where nothing of the repository is changed.
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../e2e/cluster/command.ts';
import { cacheDir, repository } from '../e2e/cluster/layout.ts';

const commands = {
  express: ['npm', 'install', '--no-audit', '--no-fund', '--no-package-lock'],
  fastify: ['npm', 'install', '--no-audit', '--no-fund', '--no-package-lock'],
  go: ['go', 'build', '-o', 'shop', '.'],
} as const;

type Example = keyof typeof commands;

function exampleDir(name: Example): string {
  const source = join(repository, 'examples', name);
  const hash = createHash('sha256');
  for (const file of readdirSync(source).toSorted((a, b) => a.localeCompare(b)))
    hash.update(readFileSync(join(source, file)));
  return join(cacheDir, 'examples', `${name}-${hash.digest('hex').slice(0, 12)}`);
}

export async function prepareExamples(): Promise<void> {
  for (const name of ['express', 'fastify', 'go'] as const) await preparedExample(name);
}

/** A copy of the example that is ready to be run; made the first time. */
export async function preparedExample(name: Example): Promise<string> {
  const dir = exampleDir(name);
  if (existsSync(join(dir, '.complete'))) return dir;
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  cpSync(join(repository, 'examples', name), dir, { recursive: true });
  await run(commands[name], { cwd: dir });
  writeFileSync(join(dir, '.complete'), '');
  return dir;
}
