// npm test: format, lint, types, dead code, fast tests, the runtime as processes, and the tests on the embedded cluster
// where it can run. npm run test:fast: the same without the last two. npm run test:coverage: which lines the fast tests
// reach. npm run test:versions: the runtime with every Python and Node that applications may bring. npm run test:faults: the
// operator under faults, all of them. npm run test:tenants: attacks of one tenant of a cluster on another, and what each may
// do. npm run test:linters: kube-score, checkov and Flux over what is shipped. npm run test:differential: requests of gunicorn's
// own tests, beside gunicorn.
// npm run test:frameworks -- NAME …: applications of these frameworks, or of all, behind the runtime and their own servers.
// npm run test:one -- FILE: one file of tests.
import { globSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { up, upWithoutControllers } from '../e2e/cluster/cluster.ts';
import { run } from '../e2e/cluster/command.ts';
import { kubectl } from '../e2e/cluster/control-plane.ts';
import { crdName, untilEstablished } from '../e2e/cluster/established.ts';
import type { ImageArchive } from '../e2e/cluster/images.ts';
import { interruptible } from '../e2e/cluster/interruption.ts';
import { binDir, cacheDir, defaultPrefix, repository, type Layout } from '../e2e/cluster/layout.ts';
import { clusterPrograms, ensurePrograms } from '../e2e/cluster/programs.ts';
import { say, step } from '../e2e/cluster/progress.ts';
import { canRunCluster, ensurePackages, ensureTools, ensureToolsAndImages } from '../e2e/cluster/tools.ts';
import { buildOperator, buildRuntime } from './build.ts';
import { ensureDefinitions } from './definitions.ts';
import { prepareExamples } from './example-packages.ts';
import { ensureNodeLibraries } from './node-libraries.ts';
import { ensureFrameworks } from './frameworks.ts';
import { ensureInterpreters } from './interpreters.ts';
import { ensureLinters } from './linters.ts';
import { ensurePythonPackages } from './python-packages.ts';
import { ensureTestImages } from './test-images.ts';
import { onClusters } from './tests/clusters.ts';
import { nodeTest, runTests } from './tests/run.ts';

const suite = z
  .enum([
    '--all',
    '--fast',
    '--coverage',
    '--versions',
    '--faults',
    '--tenants',
    '--linters',
    '--differential',
    '--frameworks',
    '--one',
  ])
  .parse(process.argv[2] ?? '--all');
/** Beside those of the cluster. */
const testPrograms = ['kstatus', 'kwok', 'registry', 'argocd-lua'] as const;
const bin = (name: string): string => join(repository, 'node_modules/.bin', name);

async function check(title: string, ...command: readonly string[]): Promise<void> {
  await step(title, () => run(command, { cwd: repository }));
}

function testFiles(...patterns: readonly string[]): string[] {
  return globSync(patterns, { cwd: repository }).toSorted();
}

const fastFiles = (): string[] =>
  testFiles('test/{api,demo,kube,operator,publish,runtime}/**/*.test.ts', 'test/*.test.ts');

async function prepareRuntime(): Promise<void> {
  await step('runtime for the tests', async () => {
    await buildRuntime();
    await ensurePythonPackages();
  });
}

/** What the fast tests reach; what only the tests of processes and of the cluster reach counts as not covered. */
async function coverage(): Promise<void> {
  if (process.platform === 'linux') await prepareRuntime();
  const report = join(repository, 'dist/coverage.lcov');
  mkdirSync(dirname(report), { recursive: true });
  const flags = [
    ...['--experimental-test-coverage', '--test-coverage-include-all', '--test-coverage-include=src/**/*.ts'],
    // Beside the reporter for people.
    ...['--test-reporter-destination=stdout', '--test-reporter=lcov', `--test-reporter-destination=${report}`],
  ];
  await runTests('Coverage of the fast tests', nodeTest(2, [...flags, ...fastFiles()]));
  say(`Line by line, for editors: ${report}`);
}

async function fast(): Promise<void> {
  await check('format', bin('prettier'), '--check', '--log-level=warn', '.');
  await check('lint', bin('oxlint'), '--type-aware', '--quiet');
  await check('types', bin('tsc'), '-p', '.');
  await check('dead code', bin('knip'));
  if (process.platform === 'linux') await prepareRuntime();
  // Each file is a process of its own, and a third of its time is Node's to understand the same sources.
  await runTests('Fast tests', nodeTest(2, fastFiles()), { env: { NODE_COMPILE_CACHE: join(cacheDir, 'compiled') } });
}

async function onProcesses(): Promise<void> {
  if (process.platform !== 'linux') {
    return say(
      `\nThe tests of the runtime as processes were SKIPPED: they need Linux, and this is ${process.platform}.`,
    );
  }
  await step('examples for the tests', prepareExamples);
  await step('Node libraries for the tests', ensureNodeLibraries);
  return runTests('Tests of the runtime as processes', nodeTest(4, testFiles('test/processes/*.test.ts')));
}

async function onVersions(): Promise<void> {
  await step('runtime for the tests', buildRuntime);
  await ensureInterpreters();
  return runTests('Versions of Python and Node', nodeTest(1, testFiles('test/versions/*.test.ts')));
}

async function onFrameworks(): Promise<void> {
  await step('runtime for the tests', buildRuntime);
  await ensureFrameworks();
  const env = { FRAMEWORKS: process.argv.slice(3).join(',') };
  return runTests('Frameworks', nodeTest(1, testFiles('test/frameworks/*.test.ts')), { env });
}

/** These hold the product to times, and are held up by nothing else. */
const measuring = new Set(['e2e/appserver.test.ts', 'e2e/noisy-neighbour.test.ts']);

/** These take a minute or more: first, so that none of them is what is waited for in the end. */
const longest = ['demo', 'drift', 'traffic', 'upgrade', 'ownership', 'proxy', 'chart'].map(
  (name) => `e2e/${name}.test.ts`,
);

const dualStack = new Set(['e2e/ip-families.test.ts']);

interface OnCluster {
  readonly images?: readonly ImageArchive[];
  readonly flags?: readonly string[];
}

async function onCluster(files: readonly string[], { flags = [], ...given }: OnCluster = {}): Promise<void> {
  const images = given.images ?? (await ensureToolsAndImages(ensureTestImages, ...testPrograms));
  await step('definitions of others', ensureDefinitions);
  await onClusters(
    {
      prefix: defaultPrefix('test'),
      nodes: 2,
      start: (cluster) => up(cluster, { images }),
      env: ({ kubeconfig, prefix }) => ({
        KUBECONFIG: kubeconfig,
        CLUSTER_PREFIX: prefix,
        PATH: `${binDir}:${process.env['PATH'] ?? ''}`,
      }),
    },
    {
      beside: [...new Set([...longest.filter((file) => files.includes(file)), ...files])].filter(
        (file) => !measuring.has(file) && !dualStack.has(file),
      ),
      dualStack: files.filter((file) => dualStack.has(file)),
      alone: files.filter((file) => measuring.has(file)),
      flags,
    },
  );
}

const faultFiles = (): string[] => testFiles('e2e/{faults,gitops,manifests}/*.test.ts');

async function upWithDefinition(cluster: Layout): Promise<void> {
  await upWithoutControllers(cluster);
  await kubectl(cluster, ['apply', '--server-side', '-f', join(repository, 'crds')]);
  await untilEstablished((args) => kubectl(cluster, args), `crd/${crdName}`);
}

/** On API servers and etcds alone: what the operator makes is looked at, and nobody starts pods. */
async function onFaults(which: 'all' | 'few', files: readonly string[], flags: readonly string[] = []): Promise<void> {
  await ensureTools('argocd-lua', 'kstatus');
  await step('definitions of others', ensureDefinitions);
  await buildOperator();
  await onClusters(
    {
      prefix: defaultPrefix('faults'),
      nodes: 0,
      start: upWithDefinition,
      env: ({ kubeconfig, prefix }) => ({ KUBECONFIG: kubeconfig, FAULTS: which, CLUSTER_PREFIX: prefix }),
    },
    // Backwards, since the last of the alphabet takes longest.
    { beside: files.toReversed(), dualStack: [], alone: [], flags },
  );
}

/** Runs `work` beside `main`, and ends its programs when `main` fails or somebody stops it. */
async function beside<T>(work: () => Promise<void>, main: () => Promise<T>): Promise<T> {
  const ending = new AbortController();
  // After the other listeners, which have children of their own to end.
  const stop = (): void => void setImmediate(() => process.exit(130));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    const [result] = await Promise.all([main(), interruptible(ending.signal, work)]);
    return result;
  } finally {
    ending.abort();
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

async function withoutCluster(): Promise<void> {
  await fast();
  await onProcesses();
}

async function everything(): Promise<void> {
  const ability = await canRunCluster();
  if (ability.kind === 'unable') {
    await withoutCluster();
    return say(`\nThe tests on the embedded cluster were SKIPPED: ${ability.why}.`);
  }
  // These take minutes to build at first, and the tests beside them mostly wait.
  const programs = (): Promise<void> => ensurePrograms([...clusterPrograms, ...testPrograms]);
  const images = await beside(programs, async () => {
    await withoutCluster();
    await ensurePackages();
    return ensureTestImages();
  });
  await onFaults('few', faultFiles());
  return onCluster(testFiles('e2e/*.test.ts', 'e2e/tenants/*.test.ts'), { images });
}

const tenants = (): Promise<void> => onCluster(testFiles('e2e/tenants/*.test.ts'));

/** Linters of others over the chart and install.yaml. */
async function onManifests(): Promise<void> {
  await ensureTools();
  await ensureLinters();
  return runTests('Linters of manifests', nodeTest(1, testFiles('e2e/linters/*.test.ts')));
}

/** Requests of gunicorn's own tests to gunicorn and to the runtime. */
async function onDifferences(): Promise<void> {
  await prepareRuntime();
  return runTests('Differences from gunicorn', nodeTest(1, testFiles('test/differential/*.test.ts')));
}

/** One file with whatever it needs, and flags of node:test behind it. SEED and SHRINK_PATH replay a run of fast-check. */
async function one(): Promise<void> {
  const [file, ...flags] = process.argv.slice(3);
  if (file === undefined) throw new Error('name a file of tests: npm run test:one -- test/kube/queue.test.ts');
  if (/^e2e\/(faults|gitops|manifests)\//.test(file)) return onFaults('few', [file], flags);
  if (file.startsWith('e2e/linters/')) return onManifests();
  if (file.startsWith('e2e/')) return onCluster([file], { flags });
  await prepareRuntime();
  if (file.startsWith('test/processes/')) {
    await step('examples for the tests', prepareExamples);
    await step('Node libraries for the tests', ensureNodeLibraries);
  }
  const replay = join(repository, 'scripts/replay-seed.ts');
  return runTests(file, [process.execPath, '--import', replay, '--test-reporter=spec', ...flags, file]);
}

try {
  await {
    '--all': everything,
    '--fast': fast,
    '--coverage': coverage,
    '--versions': onVersions,
    '--faults': () => onFaults('all', faultFiles()),
    '--tenants': tenants,
    '--linters': onManifests,
    '--differential': onDifferences,
    '--frameworks': onFrameworks,
    '--one': one,
  }[suite]();
} catch (error) {
  say(`\n${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
