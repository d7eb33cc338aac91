// The version before this one, as its users have it: built from its own source in git's history with its own build, for
// tests of upgrades.
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandFailed, run } from '../e2e/cluster/command.ts';
import { ensureImage, type ImageArchive } from '../e2e/cluster/images.ts';
import { cacheDir, repository } from '../e2e/cluster/layout.ts';
import { step } from '../e2e/cluster/progress.ts';
import { imageNames } from './images.ts';

/** With a release, both move on: to the version that was released before it, and the last commit of that version. */
export const previous = { version: '0.3.0', commit: 'a1078764537245dc66ef1e1aef9171151d76ff92' } as const;

const home = join(cacheDir, 'previous', previous.commit);
const source = join(home, 'source');

/** In the repositories of the present images, as releases are. */
export const previousImageNames = {
  runtime: tagged(imageNames.runtime),
  operator: tagged(imageNames.operator),
} as const;

/** The chart of that version. */
export const previousChart = join(source, 'charts/appserver-operator');

function tagged(image: string): string {
  return `${image.slice(0, image.lastIndexOf(':'))}:${previous.version}`;
}

/** @throws when this clone has not got the commit, with what to do */
async function extract(): Promise<void> {
  const archive = join(home, 'source.tar');
  try {
    await run(['git', 'archive', '--format=tar', `--output=${archive}`, previous.commit], { cwd: repository });
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    throw new Error(
      `version ${previous.version} is built from commit ${previous.commit}, which this clone has not got; fetch the whole history with: git fetch --unshallow (in CI: a checkout of full depth)`,
      { cause: error },
    );
  }
  mkdirSync(source, { recursive: true });
  await run(['tar', '-x', '-f', archive, '-C', source]);
  rmSync(archive);
}

/** Which packages a lock file stands for; the version of the product itself is in it too. */
function packagesOf(dir: string): string {
  const lock = JSON.parse(readFileSync(join(dir, 'package-lock.json'), 'utf8')) as { packages: Record<string, object> };
  return JSON.stringify({ ...lock.packages, '': undefined });
}

async function installPackages(): Promise<void> {
  if (packagesOf(source) === packagesOf(repository)) {
    symlinkSync(join(repository, 'node_modules'), join(source, 'node_modules'));
  } else {
    await run(['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: source });
  }
}

function assertVersion(): void {
  const { version } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as { version: string };
  if (version !== previous.version) {
    throw new Error(
      `commit ${previous.commit} is version ${version}, and not ${previous.version}; correct scripts/previous-version.ts`,
    );
  }
}

async function build(): Promise<void> {
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  await extract();
  assertVersion();
  await installPackages();
  const script = "const { buildImages } = await import('./scripts/build.ts'); await buildImages();";
  await run([process.execPath, '--input-type=module', '--eval', script], { cwd: source });
  // What it was built with is not needed any more.
  rmSync(join(source, '.cache'), { recursive: true, force: true });
  writeFileSync(join(home, 'complete'), '');
}

/** Builds its images, unless they are there. Its chart is at `previousChart` then. */
export async function ensurePreviousImages(): Promise<ImageArchive[]> {
  if (!existsSync(join(home, 'complete'))) await step(`version ${previous.version} from git's history`, build);
  const runtime = await ensureImage({
    name: previousImageNames.runtime,
    context: join(source, 'dist/runtime'),
    dockerfile: join(source, 'images/runtime/Dockerfile'),
  });
  const operator = await ensureImage({
    name: previousImageNames.operator,
    context: join(source, 'dist/operator'),
    dockerfile: join(source, 'images/operator/Dockerfile'),
    args: { RUNTIME: previousImageNames.runtime },
    dependsOn: runtime.inputs,
  });
  return [runtime, operator];
}
