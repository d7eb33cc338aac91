// npm run images: builds the images of runtime and operator, and pushes them to a registry or writes them into archives.
import { Command } from 'commander';
import { load } from 'js-yaml';
import { mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import type { ImageArchive } from '../e2e/cluster/images.ts';
import { repository } from '../e2e/cluster/layout.ts';
import { say, step } from '../e2e/cluster/progress.ts';
import { canBuildImages, ensureImageTools } from '../e2e/cluster/tools.ts';
import { ensureProductImages } from './images.ts';
import { push, writeArchive } from './publish/copy.ts';
import { parseDestination, parseTag } from './publish/destination.ts';
import { installCommand } from './publish/install-command.ts';

const { version } = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')));

/** As images name it. */
const architecture = process.arch === 'x64' ? 'amd64' : process.arch;

const options = new Command('npm run images --')
  .description(
    `Builds the images of the operator and its runtime, for ${architecture}, the architecture of this machine. ` +
      'Without --push they become OCI archives in dist/images.',
  )
  .option('--push <destination>', 'push them to HOST[:PORT][/PATH], and print the command that installs from there')
  .option('--tag <tag>', 'tag of both images', version)
  .option('--plain-http', 'accept a registry without TLS or with a certificate that cannot be verified')
  .parse()
  .opts<{ push?: string; tag: string; plainHttp?: true }>();

/** Names of the images where nothing else is said. */
function chartNames(): { operator: string; runtime: string } {
  const repositoryOf = z.object({ repository: z.string() });
  const values = z
    .object({ image: repositoryOf, runtimeImage: repositoryOf })
    .parse(load(readFileSync(join(repository, 'charts/appserver-operator/values.yaml'), 'utf8')));
  return { operator: values.image.repository, runtime: values.runtimeImage.repository };
}

async function writeArchives(images: Readonly<Record<'operator' | 'runtime', ImageArchive>>): Promise<void> {
  const directory = join(repository, 'dist/images');
  mkdirSync(directory, { recursive: true });
  const names = chartNames();
  for (const image of ['runtime', 'operator'] as const) {
    const target = join(directory, `appserver-${image}-${options.tag}-${architecture}.tar`);
    const name = `${names[image]}:${options.tag}`;
    await step(basename(target), () => writeArchive(images[image].archive, target, name));
    process.stdout.write(`${target}  ${name}\n`);
  }
}

async function pushAll(
  images: Readonly<Record<'operator' | 'runtime', ImageArchive>>,
  destination: ReturnType<typeof parseDestination>,
): Promise<void> {
  const names = { operator: `${destination.prefix}/operator`, runtime: `${destination.prefix}/runtime` };
  for (const image of ['runtime', 'operator'] as const) {
    const name = `${names[image]}:${options.tag}`;
    const digest = await step(`push ${name}`, () =>
      push(images[image].archive, name, destination, { plainHttp: options.plainHttp === true }),
    );
    say(`    ${digest}`);
  }
  say('\nInstall the operator with these images:\n');
  process.stdout.write(`${installCommand({ ...names, tag: options.tag }, version)}\n`);
}

async function main(): Promise<void> {
  parseTag(options.tag);
  const destination = options.push === undefined ? undefined : parseDestination(options.push);
  const ability = canBuildImages();
  if (ability.kind === 'unable') throw new Error(`the images cannot be built here: ${ability.why}`);
  await ensureImageTools();
  const [runtime, operator] = await ensureProductImages();
  await (destination === undefined
    ? writeArchives({ runtime, operator })
    : pushAll({ runtime, operator }, destination));
}

main().catch((error: unknown) => {
  say(`\n${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
