// npm test: format, lint, types, dead code, fast tests, the runtime as processes, and the tests on the embedded cluster
// where it can run. npm run test:fast: the same without the last two. npm run test:versions: the runtime with every
// Python and Node that applications may bring. npm run test:faults: the operator under faults, all of them. npm run
// test:tenants: attacks of one tenant of a cluster on another, and what each may do. npm run test:argocd: Argo CD's own code
// over AppServers. npm run test:one -- FILE: one file of tests.
import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { down, up, upWithoutControllers } from '../e2e/cluster/cluster.ts';
import { inNamespace } from '../e2e/cluster/command.ts';
import { kubectl } from '../e2e/cluster/control-plane.ts';
import { binDir, defaultPrefix, layout, repository } from '../e2e/cluster/layout.ts';
import { say, step } from '../e2e/cluster/progress.ts';
import { canRunCluster, ensureTools } from '../e2e/cluster/tools.ts';
import { run } from '../e2e/cluster/command.ts';
import { ensureArgoCd } from './argocd-program.ts';
import { buildOperator, buildRuntime } from './build.ts';
import { ensureDefinitions } from './definitions.ts';
import { prepareExamples } from './example-packages.ts';
import { ensureInterpreters } from './interpreters.ts';
import { ensurePythonPackages } from './python-packages.ts';
import { ensureTestImages } from './test-images.ts';

const suite = z
  .enum(['--all', '--fast', '--versions', '--faults', '--tenants', '--argocd', '--one'])
  .parse(process.argv[2] ?? '--all');
const bin = (name: string): string => join(repository, 'node_modules/.bin', name);

async function check(title: string, ...command: readonly string[]): Promise<void> {
  await step(title, () => run(command, { cwd: repository }));
}

/** Runs node:test over files with its output as it comes. @throws when a test failed */
async function runTests(title: string, command: readonly string[], env: Record<string, string> = {}): Promise<void> {
  say(`\n${title}`);
  const [program = '', ...args] = command;
  const code = await new Promise<number | null>((resolve) => {
    const child = spawn(program, args, { cwd: repository, stdio: 'inherit', env: { ...process.env, ...env } });
    const stop = (): void => void child.kill('SIGTERM');
    process.once('SIGTERM', stop);
    child.on('exit', (status) => {
      process.off('SIGTERM', stop);
      resolve(status);
    });
  });
  if (code !== 0) throw new Error(`${title} failed`);
}

const nodeTest = (concurrency: number, files: readonly string[]): string[] => [
  process.execPath,
  '--test',
  '--test-reporter=spec',
  `--test-concurrency=${concurrency}`,
  ...files,
];

function testFiles(...patterns: readonly string[]): string[] {
  return globSync(patterns, { cwd: repository }).toSorted();
}

async function fast(): Promise<void> {
  await check('format', bin('prettier'), '--check', '--log-level=warn', '.');
  await check('lint', bin('oxlint'), '--type-aware', '--quiet');
  await check('types', bin('tsc'), '-p', '.');
  await check('dead code', bin('knip'));
  if (process.platform === 'linux') {
    await step('runtime for the tests', async () => {
      await buildRuntime();
      await ensurePythonPackages();
    });
  }
  await runTests(
    'Fast tests',
    nodeTest(2, testFiles('test/{api,demo,kube,operator,runtime}/**/*.test.ts', 'test/*.test.ts')),
  );
}

async function onProcesses(): Promise<void> {
  if (process.platform !== 'linux') {
    return say(
      `\nThe tests of the runtime as processes were SKIPPED: they need Linux, and this is ${process.platform}.`,
    );
  }
  await step('examples for the tests', prepareExamples);
  return runTests('Tests of the runtime as processes', nodeTest(4, testFiles('test/processes/*.test.ts')));
}

async function onVersions(): Promise<void> {
  await step('runtime for the tests', buildRuntime);
  await ensureInterpreters();
  return runTests('Versions of Python and Node', nodeTest(1, testFiles('test/versions/*.test.ts')));
}

async function onCluster(title: string, files: readonly string[]): Promise<void> {
  await ensureTools();
  const images = await ensureTestImages();
  await step('definitions of others', ensureDefinitions);
  const cluster = layout(defaultPrefix('test'));
  let stopping = false;
  const stop = (): void => {
    // Whoever passes signals on may do so twice.
    if (stopping) return;
    stopping = true;
    void down(cluster).finally(() => process.exit(130));
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    await up(cluster, { images });
    // Files one after the other: each has the operator as it needs it.
    const command = inNamespace(cluster.namespace, ...nodeTest(1, files));
    await runTests(title, command, {
      KUBECONFIG: cluster.kubeconfig,
      PATH: `${binDir}:${process.env['PATH'] ?? ''}`,
    });
  } finally {
    // Quietly: the summary of the tests is the last word.
    await down(cluster);
  }
}

/** On an API server and etcd alone: what the operator makes is looked at, and nobody starts pods. */
async function onFaults(which: 'all' | 'few', files = testFiles('e2e/{faults,gitops}/*.test.ts')): Promise<void> {
  await ensureTools();
  await buildOperator();
  const cluster = layout(defaultPrefix('faults'), 0);
  try {
    await upWithoutControllers(cluster);
    await kubectl(cluster, ['apply', '--server-side', '-f', join(repository, 'crds')]);
    await kubectl(cluster, ['wait', '--for=condition=Established', 'crd/appservers.appserver.dev', '--timeout=30s']);
    const command = inNamespace(cluster.namespace, ...nodeTest(1, files));
    await runTests('The operator under faults', command, { KUBECONFIG: cluster.kubeconfig, FAULTS: which });
  } finally {
    await down(cluster);
  }
}

async function everything(): Promise<void> {
  await fast();
  await onProcesses();
  const ability = await canRunCluster();
  if (ability.kind === 'able') {
    await onFaults('few');
    return onCluster('Tests on the embedded cluster', testFiles('e2e/*.test.ts', 'e2e/tenants/*.test.ts'));
  }
  return say(`\nThe tests on the embedded cluster were SKIPPED: ${ability.why}.`);
}

const tenants = (): Promise<void> => onCluster('Tenants', testFiles('e2e/tenants/*.test.ts'));

/** What takes minutes to build, and shows once more what e2e/gitops shows. */
async function argoCd(): Promise<void> {
  await ensureArgoCd();
  await onFaults('few', testFiles('e2e/argocd/*.test.ts'));
}

/** One file with whatever it needs, and flags of node:test behind it. SEED and SHRINK_PATH replay a run of fast-check. */
async function one(): Promise<void> {
  const [file, ...flags] = process.argv.slice(3);
  if (file === undefined) throw new Error('name a file of tests: npm run test:one -- test/kube/queue.test.ts');
  if (file.startsWith('e2e/argocd/')) await ensureArgoCd();
  if (/^e2e\/(argocd|faults|gitops)\//.test(file)) return onFaults('few', [...flags, file]);
  if (file.startsWith('e2e/')) return onCluster(file, [...flags, file]);
  await step('runtime for the tests', async () => {
    await buildRuntime();
    await ensurePythonPackages();
  });
  if (file.startsWith('test/processes/')) await step('examples for the tests', prepareExamples);
  const replay = join(repository, 'scripts/replay-seed.ts');
  return runTests(file, [process.execPath, '--import', replay, '--test-reporter=spec', ...flags, file]);
}

try {
  await {
    '--all': everything,
    '--fast': fast,
    '--versions': onVersions,
    '--faults': () => onFaults('all'),
    '--tenants': tenants,
    '--argocd': argoCd,
    '--one': one,
  }[suite]();
} catch (error) {
  say(`\n${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
