// Builds what goes into the images: the runtime's and the operator's bundles, appserver-init, and a Node that brings its
// own C library, so that it starts in any image, an empty one included.
import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { run, succeeds } from '../e2e/cluster/command.ts';
import { cacheDir, repository } from '../e2e/cluster/layout.ts';
import { step } from '../e2e/cluster/progress.ts';

/** Folder of the runtime in every container that has it. */
const runtimeHome = '/appserver';
/** The tree that becomes `/appserver`. */
export const runtimeDir = join(repository, 'dist', 'runtime', 'appserver');
export const operatorDir = join(repository, 'dist', 'operator');

async function bundle(entry: string, outfile: string): Promise<void> {
  await build({
    entryPoints: [join(repository, entry)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node26',
    minify: true,
    keepNames: true,
    legalComments: 'none',
    logLevel: 'error',
    // Some packages are CommonJS and call require() for Node's own modules.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
}

async function compileInit(target: string): Promise<void> {
  const source = join(repository, 'src/runtime/native/appserver-init.c');
  const stamp = `${target}.source`;
  const content = readFileSync(source, 'utf8');
  if (existsSync(target) && existsSync(stamp) && readFileSync(stamp, 'utf8') === content) return;
  const flags = ['-static', '-Os', '-s', '-Wall', '-Wextra', '-o', target, source];
  // musl makes it a tenth of the size; any C compiler does for running the tests.
  const compilers = ['musl-gcc', 'cc'];
  for (const compiler of compilers) {
    if (!(await succeeds(['sh', '-c', `command -v ${compiler}`]))) continue;
    await run([compiler, ...flags]);
    writeFileSync(stamp, content);
    return;
  }
  throw new Error('there is no C compiler for appserver-init; install gcc (Debian: apt-get install gcc libc6-dev)');
}

/** Everything of the runtime but its Node; enough to run it on this machine. */
export async function buildRuntime(): Promise<void> {
  for (const dir of ['bin', 'runtime', 'python']) mkdirSync(join(runtimeDir, dir), { recursive: true });
  await bundle('src/runtime/index.ts', join(runtimeDir, 'runtime', 'runtime.mjs'));
  await bundle('src/runtime/install.ts', join(runtimeDir, 'runtime', 'install.mjs'));
  const worker = 'appserver_worker.py';
  copyFileSync(join(repository, 'src/runtime/workers/python', worker), join(runtimeDir, 'python', worker));
  mkdirSync(cacheDir, { recursive: true });
  const init = join(cacheDir, 'appserver-init');
  await compileInit(init);
  copyFileSync(init, join(runtimeDir, 'bin', 'appserver-init'));
  chmodSync(join(runtimeDir, 'bin', 'appserver-init'), 0o755);
}

/** Libraries that `program` is linked with, the dynamic loader first. */
async function libraries(program: string): Promise<string[]> {
  const listed = [...(await run(['ldd', program])).matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path ?? '');
  return listed.toSorted((a, b) => Number(b.includes('ld-linux')) - Number(a.includes('ld-linux')));
}

/** Node, stripped, with its loader and libraries beside it. */
async function buildNode(): Promise<void> {
  const source = realpathSync(join(repository, 'node_modules/.bin/node'));
  const version = createHash('sha256')
    .update(process.version)
    .update(process.arch)
    .update(source)
    .digest('hex')
    .slice(0, 12);
  const built = join(cacheDir, 'node', version);
  if (!existsSync(join(built, 'complete'))) {
    await step('Node for the images', async () => {
      rmSync(built, { recursive: true, force: true });
      mkdirSync(join(built, 'bin'), { recursive: true });
      mkdirSync(join(built, 'lib'), { recursive: true });
      const node = join(built, 'bin', 'node');
      await run(['strip', '-o', node, source]);
      const found = await libraries(source);
      for (const library of found) copyFileSync(library, join(built, 'lib', basename(library)));
      const loader = join(runtimeHome, 'lib', basename(found[0] ?? ''));
      await run([
        'patchelf',
        '--set-interpreter',
        loader,
        '--set-rpath',
        join(runtimeHome, 'lib'),
        '--force-rpath',
        node,
      ]);
      writeFileSync(join(built, 'complete'), process.version);
    });
  }
  await run(['cp', '-a', join(built, 'bin'), join(built, 'lib'), runtimeDir]);
}

/** All that the images need. */
export async function buildImages(): Promise<void> {
  await buildRuntime();
  await buildNode();
  mkdirSync(operatorDir, { recursive: true });
  await bundle('src/operator/index.ts', join(operatorDir, 'operator.mjs'));
}
