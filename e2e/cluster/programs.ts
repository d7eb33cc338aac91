// The Go programs of the cluster and of its tests, built from the modules that their projects publish. They are main
// packages of one module: Kubernetes' libraries are compiled once for all of them, in the version of the cluster.
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.ts';
import { binDir, repository } from './layout.ts';
import { step } from './progress.ts';

const kubernetesVersion = '1.35.4';
const [major, minor] = kubernetesVersion.split('.');
const stamp = 'k8s.io/component-base/version';

/** Folder of the module. */
export const programsDir = join(repository, 'e2e/programs');

/** Package of each; its last part is the name of the program. */
const packages = {
  k8s: './k8s',
  etcd: './etcd',
  coredns: './coredns',
  'metrics-server': './metrics-server',
  helm: 'helm.sh/helm/v4/cmd/helm',
  kstatus: './kstatus',
  kwok: './kwok',
} as const;

export type Program = keyof typeof packages;

/** What a cluster consists of, and Helm. */
export const clusterPrograms = [
  'k8s',
  'etcd',
  'coredns',
  'metrics-server',
  'helm',
] as const satisfies readonly Program[];

const flags = [
  '-debug-actiongraph=/tmp/time/ag.json',
  '-trimpath',
  // Neither is of use to anybody here, and each takes time: symbols for the linker, types of variables for the compiler.
  ...['-gcflags=all=-dwarf=false', '-ldflags'],
  // Without these the server calls itself v0.0.0, and version checks of clients misjudge it.
  `-s -w -X ${stamp}.gitVersion=v${kubernetesVersion} -X ${stamp}.gitMajor=${major} -X ${stamp}.gitMinor=${minor}`,
];

/** Changes whenever the programs would: their sources, their versions, their flags. */
function fingerprint(): string {
  const hash = createHash('sha256').update(JSON.stringify({ packages, flags }));
  for (const file of globSync(['go.*', '*/*.go'], { cwd: programsDir }).toSorted())
    hash.update(readFileSync(join(programsDir, file)));
  return hash.digest('hex');
}

/** Builds those that are not there; a second call finds all there and takes milliseconds. */
export async function ensurePrograms(wanted: readonly Program[]): Promise<void> {
  mkdirSync(binDir, { recursive: true });
  const now = fingerprint();
  const builtFrom = (name: Program): string => join(binDir, `.${name}.fingerprint`);
  const isBuilt = (name: Program): boolean =>
    existsSync(builtFrom(name)) && readFileSync(builtFrom(name), 'utf8') === now;
  const missing = wanted.filter((name) => !isBuilt(name));
  if (missing.length > 0) {
    const env = { CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false' };
    const what = missing.map((name) => packages[name]);
    // All at once, so that one is compiled while another is linked; and after whatever runs beside it, tests for example.
    await step(`Go build: ${missing.join(', ')}`, () =>
      run(['nice', 'go', 'build', ...flags, '-o', `${binDir}/`, ...what], { env, cwd: programsDir }),
    );
    for (const name of missing) writeFileSync(builtFrom(name), now);
  }
  if (!existsSync(join(binDir, 'kubectl'))) symlinkSync('k8s', join(binDir, 'kubectl'));
}
