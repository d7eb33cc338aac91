// What the cluster needs of this machine: Debian packages through apt, and programs built from Go modules.
import { existsSync } from 'node:fs';
import { run, succeeds } from './command.ts';
import { clusterPrograms, ensurePrograms, type Program } from './programs.ts';
import { step } from './progress.ts';

/** For building images and pushing them. */
const imagePackages = [
  ...['buildah', 'skopeo', 'patchelf', 'binutils', 'gcc', 'musl-tools', 'libc6-dev', 'ca-certificates'],
];

const clusterPackages = [
  ...['containerd', 'runc', 'containernetworking-plugins', 'iptables', 'iproute2', 'openssl', 'procps', 'mmdebstrap'],
];

/** For the whole of a cluster. */
const allPackages: readonly string[] = [...imagePackages, ...clusterPackages];

export type Readiness = { readonly kind: 'able' } | { readonly kind: 'unable'; readonly why: string };

/** Whether this machine can build images; `why` names what is missing and what to do instead. */
export function canBuildImages(): Readiness {
  if (process.platform !== 'linux') {
    return {
      kind: 'unable',
      why: `that needs Linux, and this is ${process.platform}; use a Linux machine or virtual machine`,
    };
  }
  if (process.getuid?.() !== 0) {
    return { kind: 'unable', why: 'that needs root for namespaces and mounts; run the command again as root' };
  }
  if (!existsSync('/usr/bin/apt-get')) {
    return { kind: 'unable', why: 'that needs Debian packages, and there is no apt-get; use Debian 12 or newer' };
  }
  return { kind: 'able' };
}

/** Whether this machine can run the cluster at all; `why` names what is missing and what to do instead. */
export async function canRunCluster(): Promise<Readiness> {
  const images = canBuildImages();
  if (images.kind === 'unable') return images;
  if (!(await succeeds(['sh', '-c', 'command -v go']))) {
    return { kind: 'unable', why: 'Go is missing; install Go 1.25 or newer and see that `go` is on the PATH' };
  }
  if (!(await succeeds(['sh', '-c', 'command -v python3 && python3 -m pip --version']))) {
    return { kind: 'unable', why: 'Python 3 with pip is missing; install python3 and python3-pip' };
  }
  return { kind: 'able' };
}

async function missingPackages(wanted: readonly string[]): Promise<string[]> {
  // It exits 1 when it does not know some of them, and lists the others all the same.
  const query = `dpkg-query -W -f='\${Package} \${db:Status-Status}\\n' ${wanted.join(' ')} 2>/dev/null || true`;
  const listed = await run(['sh', '-c', query]);
  const installed = new Set(
    listed
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  );
  return wanted.filter((name) => !installed.has(name));
}

async function installPackages(names: readonly string[]): Promise<void> {
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const lock = ['-o', 'DPkg::Lock::Timeout=300'];
  await run(['apt-get', ...lock, 'update'], { env });
  await run(['apt-get', ...lock, 'install', '-y', '--no-install-recommends', ...names], { env, toItsEnd: true });
}

/** Installs the Debian packages that are missing. */
export async function ensurePackages(wanted = allPackages): Promise<void> {
  const missing = await missingPackages(wanted);
  if (missing.length === 0) return;
  await step(`Debian packages: ${missing.length} to install`, () => installPackages(missing));
}

/** What building and pushing images needs. */
export const ensureImageTools = (): Promise<void> => ensurePackages(imagePackages);

/**
 * Installs and builds what is missing; a second call finds all there and takes milliseconds.
 * @param programs beside those of the cluster
 */
export function ensureTools(...programs: readonly Program[]): Promise<void> {
  return ensureToolsAndImages(() => Promise.resolve(), ...programs);
}

/** The same, and builds images meanwhile: Go waits for downloads and links, which leave a core idle. */
export async function ensureToolsAndImages<T>(build: () => Promise<T>, ...programs: readonly Program[]): Promise<T> {
  const [images] = await Promise.all([ensurePackages().then(build), ensurePrograms([...clusterPrograms, ...programs])]);
  return images;
}
