// The Go programs of the cluster and of its tests, built from the modules that their projects publish. Most are
// main packages of one module: Kubernetes' libraries are compiled once for all of them, in the version of the cluster.
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.ts';
import { binDir, repository } from './layout.ts';
import { step } from './progress.ts';

/** That the cluster runs, and the tests with it. */
export const kubernetesVersion = '1.35.4';
const [major, minor] = kubernetesVersion.split('.');
const stamp = 'k8s.io/component-base/version';

interface Source {
  /** Directory of the Go module. */
  readonly module: string;
  /** In the module; its last part is the name of the program. */
  readonly package: string;
}

/** Kubernetes' libraries are most of each of these. */
const shared = (name: string): Source => ({ module: 'e2e/programs', package: name });

/** Where packages of its modules are looked up. */
export const programsDir = join(repository, 'e2e/programs');

const sources = {
  k8s: shared('./k8s'),
  etcd: shared('./etcd'),
  coredns: shared('./coredns'),
  'metrics-server': shared('./metrics-server'),
  helm: shared('helm.sh/helm/v4/cmd/helm'),
  kstatus: shared('./kstatus'),
  kwok: shared('./kwok'),
  registry: { module: 'e2e/cluster/registry', package: 'registry' },
  'argocd-lua': { module: 'e2e/argocd-lua', package: 'argocd-lua' },
} as const satisfies Readonly<Record<string, Source>>;

export type Program = keyof typeof sources;

/** What a cluster consists of, and Helm. */
export const clusterPrograms = [
  'k8s',
  'etcd',
  'coredns',
  'metrics-server',
  'helm',
] as const satisfies readonly Program[];

const flags = [
  '-trimpath',
  // Neither is of use to anybody here, and each takes time: symbols for the linker, types of variables for the compiler.
  ...['-gcflags=all=-dwarf=false', '-ldflags'],
  // Without these the server calls itself v0.0.0, and version checks of clients misjudge it.
  `-s -w -X ${stamp}.gitVersion=v${kubernetesVersion} -X ${stamp}.gitMajor=${major} -X ${stamp}.gitMinor=${minor}`,
];

/** Changes whenever the programs of a module would: their sources, their versions, their flags. */
function fingerprint(module: string): string {
  const hash = createHash('sha256').update(JSON.stringify({ sources, flags }));
  const cwd = join(repository, module);
  for (const file of globSync(['go.*', '*.go', '*/*.go'], { cwd }).toSorted())
    hash.update(readFileSync(join(cwd, file)));
  return hash.digest('hex');
}

/** Builds those of one module that are not there. */
async function ensureOfModule(module: string, wanted: readonly Program[]): Promise<void> {
  const now = fingerprint(module);
  const builtFrom = (name: Program): string => join(binDir, `.${name}.fingerprint`);
  const isBuilt = (name: Program): boolean =>
    existsSync(builtFrom(name)) && readFileSync(builtFrom(name), 'utf8') === now;
  const missing = wanted.filter((name) => !isBuilt(name));
  if (missing.length === 0) return;
  const env = { CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false' };
  const what = missing.map((name) => sources[name].package);
  // All at once, so that one is compiled while another is linked; and after whatever runs beside it, tests for example.
  await step(`Go build: ${missing.join(', ')}`, () =>
    run(['nice', 'go', 'build', ...flags, '-o', `${binDir}/`, ...what], { env, cwd: join(repository, module) }),
  );
  for (const name of missing) writeFileSync(builtFrom(name), now);
}

/** Builds those that are not there; a second call finds all there and takes milliseconds. */
export async function ensurePrograms(wanted: readonly Program[]): Promise<void> {
  mkdirSync(binDir, { recursive: true });
  const modules = Map.groupBy(wanted, (name) => sources[name].module);
  // One after the other: each build uses all cores by itself.
  for (const [module, programs] of modules) await ensureOfModule(module, programs);
  if (!existsSync(join(binDir, 'kubectl'))) symlinkSync('k8s', join(binDir, 'kubectl'));
}
