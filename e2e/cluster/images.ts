// Images built with buildah from ordinary Dockerfiles. There is no image registry here: the public base image that a user
// would name as BASE is replaced by one made from Debian packages, and pip reads from a folder of wheels.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.ts';
import { cacheDir, repository } from './layout.ts';
import { pauseImage } from './node.ts';
import { step } from './progress.ts';

export interface ImageArchive {
  /** Full name with tag, as a pod names it. */
  readonly name: string;
  /** Path of an OCI or Docker archive. */
  readonly archive: string;
}

export interface BuiltImage extends ImageArchive {
  /** Changes with everything that the image is made from. */
  readonly inputs: string;
}

export interface ImageSource {
  readonly name: string;
  /** Folder of the build context. */
  readonly context: string;
  /** Default: `Dockerfile` in the context. */
  readonly dockerfile?: string;
  readonly args?: Readonly<Record<string, string>>;
  /** Read-only mounts during the build, host path to path in the container. */
  readonly mounts?: Readonly<Record<string, string>>;
  /** Whatever else the result depends on, a base image's fingerprint for one. */
  readonly dependsOn?: string;
}

const imagesDir = join(cacheDir, 'images');

function buildah(...args: readonly string[]): Promise<string> {
  const storage = join(cacheDir, 'buildah');
  return run(
    [
      'buildah',
      '--root',
      join(storage, 'root'),
      '--runroot',
      join(storage, 'run'),
      '--storage-driver',
      'overlay',
      ...args,
    ],
    { env: { BUILDAH_ISOLATION: 'chroot' } },
  );
}

/** Hash over names, modes and contents of all files below `path`. */
function treeHash(path: string): string {
  const hash = createHash('sha256');
  const visit = (current: string, name: string): void => {
    const stat = statSync(current);
    if (stat.isDirectory()) {
      for (const entry of readdirSync(current).toSorted()) {
        if (entry !== '__pycache__') visit(join(current, entry), `${name}/${entry}`);
      }
    } else {
      hash.update(`${name} ${stat.mode} ${stat.size}\n`).update(readFileSync(current));
    }
  };
  visit(path, '');
  return hash.digest('hex');
}

const archivePath = (name: string): string => join(imagesDir, `${name.replaceAll(/[^a-z0-9.-]/g, '_')}.tar`);

/** Identity of an archive: equal content has been written once only, so size and time tell. */
export function archiveDigest({ archive }: ImageArchive): string {
  const stat = statSync(archive);
  return `${archive} ${stat.size} ${stat.mtimeMs}`;
}

/** Builds `source` unless the archive of exactly these inputs is there. */
export async function ensureImage(source: ImageSource): Promise<BuiltImage> {
  const archive = archivePath(source.name);
  const stamp = `${archive}.inputs`;
  const inputs = createHash('sha256').update(JSON.stringify(source)).update(treeHash(source.context));
  if (source.dockerfile !== undefined) inputs.update(readFileSync(source.dockerfile));
  const want = inputs.digest('hex');
  if (existsSync(archive) && existsSync(stamp) && readFileSync(stamp, 'utf8') === want)
    return { name: source.name, archive, inputs: want };
  await step(`image ${source.name}`, async () => {
    mkdirSync(imagesDir, { recursive: true });
    rmSync(archive, { force: true });
    await buildah(
      'bud',
      ...['--tag', source.name, '--file', source.dockerfile ?? join(source.context, 'Dockerfile'), '--pull-never'],
      ...Object.entries(source.args ?? {}).flatMap(([key, value]) => ['--build-arg', `${key}=${value}`]),
      ...Object.entries(source.mounts ?? {}).flatMap(([from, to]) => ['--volume', `${from}:${to}:ro`]),
      source.context,
    );
    await buildah('push', '--disable-compression', source.name, `oci-archive:${archive}:${source.name}`);
  });
  writeFileSync(stamp, want);
  return { name: source.name, archive, inputs: want };
}

/** The sandbox image of the nodes. */
export async function ensurePauseImage(): Promise<ImageArchive> {
  const source = join(repository, 'e2e/cluster/pause');
  const context = join(cacheDir, 'pause');
  if (!existsSync(join(context, 'pause'))) {
    mkdirSync(context, { recursive: true });
    await run(['musl-gcc', '-static', '-Os', '-s', '-o', join(context, 'pause'), join(source, 'pause.c')]);
  }
  return ensureImage({ name: pauseImage, context, dockerfile: join(source, 'Dockerfile') });
}

/** Stands in for a public image: Debian with these packages, running as root. Returns its name. */
async function ensureDebian(what: string, include: string): Promise<string> {
  const image = `localhost/appserver-cluster/${what}:bookworm`;
  const tar = join(imagesDir, `base-${what}.tar`);
  if (!existsSync(tar)) {
    mkdirSync(imagesDir, { recursive: true });
    await step(`file system with ${what} from Debian packages`, async () => {
      const partial = `${tar}.partial.tar`;
      await run(['mmdebstrap', '--variant=apt', `--include=${include}`, 'bookworm', partial]);
      await run(['mv', partial, tar]);
    });
  }
  const built = join(imagesDir, `base-${what}.built`);
  if (!existsSync(built)) {
    await step(`image ${image}`, async () => {
      const container = (await buildah('from', 'scratch')).trim();
      await buildah('add', '--quiet', container, tar, '/');
      await buildah('config', '--env', 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', container);
      await buildah('commit', '--quiet', '--rm', '--disable-compression', container, image);
    });
    writeFileSync(built, include);
  }
  return image;
}

/** With pip. */
export const ensurePythonBase = (): Promise<string> => ensureDebian('python', 'python3,python3-pip,ca-certificates');

export const ensureNginxBase = (): Promise<string> => ensureDebian('nginx', 'nginx-light');

/**
 * Downloads what a requirements file asks for and returns the build mounts that let an ordinary `pip install -r` in a
 * Dockerfile find it without a network.
 */
export async function ensureWheels(requirements: string): Promise<Record<string, string>> {
  const content = readFileSync(requirements, 'utf8');
  const dir = join(cacheDir, 'wheels', createHash('sha256').update(content).digest('hex').slice(0, 12));
  const complete = join(dir, '.complete');
  if (!existsSync(complete)) {
    await step('Python packages for the example', async () => {
      mkdirSync(dir, { recursive: true });
      // For the Python of the base image, which need not be the one that runs here.
      await run([
        ...['python3', '-m', 'pip', 'download', '--quiet', '--dest', dir, '-r', requirements],
        ...['--only-binary=:all:', '--python-version', '3.11', '--implementation', 'cp'],
      ]);
    });
    writeFileSync(complete, '');
  }
  const config = join(dir, 'pip.conf');
  writeFileSync(
    config,
    '[global]\nno-index = true\nfind-links = /wheels\nbreak-system-packages = true\nroot-user-action = ignore\n',
  );
  return { [dir]: '/wheels', [config]: '/etc/pip.conf' };
}
