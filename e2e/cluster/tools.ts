// The programs that the cluster consists of: Debian packages through apt, everything of Kubernetes built from Go modules.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, succeeds } from './command.ts';
import { binDir, repository } from './layout.ts';
import { step } from './progress.ts';

const kubernetesVersion = '1.35.4';
export const kwokVersion = 'v0.8.0';

const debianPackages = [
  ...['containerd', 'runc', 'containernetworking-plugins', 'iptables', 'iproute2', 'openssl', 'procps'],
  ...['buildah', 'mmdebstrap', 'patchelf', 'binutils', 'gcc', 'musl-tools', 'libc6-dev', 'ca-certificates'],
];

interface GoTool {
  readonly name: string;
  /** A module of ours below e2e, or a package to install as it is published. */
  readonly from: { readonly module: string } | { readonly package: string };
  readonly ldflags?: string;
}

const [major, minor] = kubernetesVersion.split('.');
const stamp = 'k8s.io/component-base/version';
const goTools: readonly GoTool[] = [
  {
    name: 'k8s',
    from: { module: 'e2e/cluster/k8s' },
    // Without these the server calls itself v0.0.0, and version checks of clients misjudge it.
    ldflags: `-X ${stamp}.gitVersion=v${kubernetesVersion} -X ${stamp}.gitMajor=${major} -X ${stamp}.gitMinor=${minor}`,
  },
  { name: 'kstatus', from: { module: 'e2e/kstatus' } },
  { name: 'argocd-lua', from: { module: 'e2e/argocd-lua' } },
  { name: 'etcd', from: { module: 'e2e/cluster/etcd' } },
  { name: 'coredns', from: { package: 'github.com/coredns/coredns@v1.14.2' } },
  { name: 'metrics-server', from: { package: 'sigs.k8s.io/metrics-server/cmd/metrics-server@v0.9.0' } },
  { name: 'helm', from: { package: 'helm.sh/helm/v4/cmd/helm@v4.3.1' } },
  { name: 'kwok', from: { package: `sigs.k8s.io/kwok/cmd/kwok@${kwokVersion}` } },
];

export type Readiness = { readonly kind: 'able' } | { readonly kind: 'unable'; readonly why: string };

/** Whether this machine can run the cluster at all; `why` names what is missing and what to do instead. */
export async function canRunCluster(): Promise<Readiness> {
  if (process.platform !== 'linux') {
    return {
      kind: 'unable',
      why: `it needs Linux, and this is ${process.platform}; use a Linux machine or virtual machine`,
    };
  }
  if (process.getuid?.() !== 0) {
    return {
      kind: 'unable',
      why: 'it needs root for network namespaces and containers; run the command again as root',
    };
  }
  if (!existsSync('/usr/bin/apt-get')) {
    return { kind: 'unable', why: 'it installs Debian packages, and there is no apt-get; use Debian 12 or newer' };
  }
  if (!(await succeeds(['sh', '-c', 'command -v go']))) {
    return { kind: 'unable', why: 'Go is missing; install Go 1.25 or newer and see that `go` is on the PATH' };
  }
  if (!(await succeeds(['sh', '-c', 'command -v python3 && python3 -m pip --version']))) {
    return { kind: 'unable', why: 'Python 3 with pip is missing; install python3 and python3-pip' };
  }
  return { kind: 'able' };
}

async function missingPackages(): Promise<string[]> {
  // It exits 1 when it does not know some of them, and lists the others all the same.
  const query = `dpkg-query -W -f='\${Package} \${db:Status-Status}\\n' ${debianPackages.join(' ')} 2>/dev/null || true`;
  const listed = await run(['sh', '-c', query]);
  const installed = new Set(
    listed
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  );
  return debianPackages.filter((name) => !installed.has(name));
}

async function installPackages(names: readonly string[]): Promise<void> {
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const lock = ['-o', 'DPkg::Lock::Timeout=300'];
  await run(['apt-get', ...lock, 'update'], { env });
  await run(['apt-get', ...lock, 'install', '-y', '--no-install-recommends', ...names], { env, toItsEnd: true });
}

/** Changes whenever the program would: its sources, its version, its flags. */
function fingerprint(tool: GoTool): string {
  const hash = createHash('sha256').update(JSON.stringify(tool));
  if ('module' in tool.from) {
    const dir = join(repository, tool.from.module);
    for (const file of readdirSync(dir).toSorted()) hash.update(readFileSync(join(dir, file)));
  }
  return hash.digest('hex');
}

async function build(tool: GoTool): Promise<void> {
  const flags = ['-trimpath', '-ldflags', `-s -w ${tool.ldflags ?? ''}`];
  const env = { CGO_ENABLED: '0', GOBIN: binDir, GOFLAGS: '-buildvcs=false' };
  if ('module' in tool.from) {
    const cwd = join(repository, tool.from.module);
    await run(['go', 'build', ...flags, '-o', join(binDir, tool.name), '.'], { env, cwd });
  } else {
    await run(['go', 'install', ...flags, tool.from.package], { env });
  }
}

/** Installs and builds what is missing; a second call finds all there and takes milliseconds. */
export async function ensureTools(): Promise<void> {
  mkdirSync(binDir, { recursive: true });
  const missing = await missingPackages();
  if (missing.length > 0) {
    await step(`Debian packages: ${missing.length} to install`, () => installPackages(missing));
  }
  // One after the other: they share most packages, and each build uses all cores by itself.
  for (const tool of goTools) {
    const built = join(binDir, `.${tool.name}.fingerprint`);
    const want = fingerprint(tool);
    if (existsSync(built) && readFileSync(built, 'utf8') === want) continue;
    await step(`Go build: ${tool.name}`, () => build(tool));
    writeFileSync(built, want);
  }
  if (!existsSync(join(binDir, 'kubectl'))) symlinkSync('k8s', join(binDir, 'kubectl'));
}
