// Builds what goes into the images: the runtime's and the operator's bundles, appserver-init, and a Node that brings its
// own C library, so that it starts in any image, an empty one included.
import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
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

/** What runs in Node workers: for the oldest Node that is supported. */
async function bundleForWorker(name: string): Promise<void> {
  await build({
    entryPoints: [join(repository, `src/runtime/workers/node/${name}.ts`)],
    outfile: join(runtimeDir, 'node', `${name}.cjs`),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    minify: true,
    logLevel: 'error',
  });
}

/** Compiles a file of src/runtime/native, unless that has been done. Returns the path of the result. */
async function compile(name: string, options: readonly string[]): Promise<string> {
  const source = join(repository, 'src/runtime/native', `${name}.c`);
  const target = join(cacheDir, name);
  const stamp = `${target}.source`;
  const content = readFileSync(source, 'utf8');
  if (existsSync(target) && existsSync(stamp) && readFileSync(stamp, 'utf8') === content) return target;
  // musl makes it a tenth of the size; any C compiler does for running the tests.
  for (const compiler of ['musl-gcc', 'cc']) {
    if (!(await succeeds(['sh', '-c', `command -v ${compiler}`]))) continue;
    await run([compiler, ...options, '-Wall', '-Wextra', '-o', target, source]);
    writeFileSync(stamp, content);
    return target;
  }
  throw new Error(`there is no C compiler for ${name}; install gcc (Debian: apt-get install gcc libc6-dev)`);
}

/** Everything of the runtime but its Node; enough to run it on this machine. */
export async function buildRuntime(): Promise<void> {
  for (const dir of ['bin', 'runtime', 'python', 'node']) mkdirSync(join(runtimeDir, dir), { recursive: true });
  await bundle('src/runtime/index.ts', join(runtimeDir, 'runtime', 'runtime.mjs'));
  for (const name of ['install', 'copy-files', 'appserver-runtime', 'appserver-ctl']) {
    await bundle(`src/runtime/commands/${name}.ts`, join(runtimeDir, 'runtime', `${name}.mjs`));
  }
  for (const name of ['preload', 'stack-thread']) await bundleForWorker(name);
  const python = join(runtimeDir, 'python');
  rmSync(python, { recursive: true, force: true });
  cpSync(join(repository, 'src/runtime/workers/python'), python, {
    recursive: true,
    filter: (path) => basename(path) !== '__pycache__',
  });
  mkdirSync(cacheDir, { recursive: true });
  const bin = join(runtimeDir, 'bin');
  for (const name of ['appserver-init', 'drain-proxy']) {
    const program = await compile(name, ['-static', '-Os', '-s']);
    // Anew, and not over the old one, which may be running.
    rmSync(join(bin, name), { force: true });
    copyFileSync(program, join(bin, name));
    chmodSync(join(bin, name), 0o755);
  }
  for (const name of ['appserver-runtime', 'appserver-ctl']) {
    rmSync(join(bin, name), { force: true });
    symlinkSync('appserver-init', join(bin, name));
  }
  // No C library: it is loaded into whichever Node the application's image has.
  const addon = await compile('node-worker', ['-shared', '-fPIC', '-nostdlib', '-O2', '-s', '-fvisibility=hidden']);
  copyFileSync(addon, join(runtimeDir, 'node', 'node-worker.node'));
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

export async function buildOperator(): Promise<void> {
  mkdirSync(operatorDir, { recursive: true });
  await bundle('src/operator/index.ts', join(operatorDir, 'operator.mjs'));
}

/** All that the images need. */
export async function buildImages(): Promise<void> {
  await buildRuntime();
  await buildNode();
  await buildOperator();
}
