// What Node applications use to find a port and to end in order, for the tests that run such applications.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../e2e/cluster/command.ts';
import { cacheDir } from '../e2e/cluster/layout.ts';

const packages = [
  '@godaddy/terminus@4.12.1',
  'detect-port@2.1.0',
  'get-port@7.2.0',
  'http-graceful-shutdown@4.0.0',
  'http-terminator@3.2.0',
  'lightship@9.0.3',
  'portfinder@1.0.38',
  'stoppable@1.1.0',
  'tsx@4.23.15',
] as const;

const dir = join(cacheDir, 'node-libraries', createHash('sha256').update(packages.join()).digest('hex').slice(0, 12));

/** For a link called node_modules beside the application. */
export const nodeLibraries = join(dir, 'node_modules');

export async function ensureNodeLibraries(): Promise<void> {
  const complete = join(dir, '.complete');
  if (existsSync(complete)) return;
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const options = ['--no-audit', '--no-fund', '--no-package-lock', '--no-save', '--ignore-scripts', '--prefix', dir];
  await run(['npm', 'install', ...options, ...packages]);
  writeFileSync(complete, '');
}
