// npm run bench -- runtime [FIGURE...]: measures the runtime beside its peers and prints one JSON line a figure. Without
// figures, all; a name that ends with * stands for all that begin so.
// npm run bench -- operator [SCENARIO...]: the operator on an API server and etcd alone; create, handover, react, rest,
// sweep.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { Argument, Command } from 'commander';
import { down, upWithoutControllers } from '../e2e/cluster/cluster.ts';
import { inNamespace, run, succeeds } from '../e2e/cluster/command.ts';
import { kubectl } from '../e2e/cluster/control-plane.ts';
import { crdName, untilEstablished } from '../e2e/cluster/established.ts';
import { binDir, defaultPrefix, layout, repository } from '../e2e/cluster/layout.ts';
import { say, step } from '../e2e/cluster/progress.ts';
import { canRunCluster, ensureTools } from '../e2e/cluster/tools.ts';
import { buildOperator, buildRuntime } from '../scripts/build.ts';
import { ensureDefinitions } from '../scripts/definitions.ts';
import { ensurePythonPackages } from '../scripts/python-packages.ts';
import { contest, print } from './figure.ts';
import { footprint } from './runtime/footprint.ts';
import { reliability } from './runtime/reliability.ts';
import { apps } from './server.ts';
import { throughputContests } from './runtime/throughput.ts';

const vegetaVersion = 'v12.13.0';

async function prepare(): Promise<void> {
  await step('runtime', async () => {
    await buildRuntime();
    await ensurePythonPackages();
  });
  if (!existsSync(join(apps, 'node_modules/.package-lock.json'))) {
    await step('peers from npm', () => run(['npm', 'ci', '--no-audit', '--no-fund'], { cwd: apps }));
  }
  for (const tool of ['wrk', 'puma']) {
    if (await succeeds(['sh', '-c', `command -v ${tool}`])) continue;
    await step(tool, () => run(['apt-get', 'install', '-y', '--no-install-recommends', tool]));
  }
  if (!existsSync(join(binDir, 'vegeta'))) {
    const env = { CGO_ENABLED: '0', GOBIN: binDir };
    await step('vegeta', () => run(['go', 'install', `github.com/tsenart/vegeta/v12@${vegetaVersion}`], { env }));
  }
}

async function runtime(wanted: readonly string[]): Promise<void> {
  const all = Object.entries({ ...reliability, ...footprint, ...throughputContests() });
  const matches = (name: string): boolean =>
    wanted.length === 0 || wanted.some((one) => (one.endsWith('*') ? name.startsWith(one.slice(0, -1)) : name === one));
  const chosen = all.filter(([name]) => matches(name));
  if (chosen.length === 0) throw new Error(`no such figure; there are ${all.map(([name]) => name).join(', ')}`);
  await prepare();
  for (const [name, make] of chosen) print('runtime', await step(name, async () => contest(await make())));
}

/** On an API server and etcd of its own, in a network of their own. */
async function operator(wanted: readonly string[]): Promise<void> {
  const ability = await canRunCluster();
  if (ability.kind === 'unable')
    throw new Error(`this takes the embedded cluster, which cannot run here: ${ability.why}`);
  await ensureTools();
  await step('operator', buildOperator);
  await step('definitions', ensureDefinitions);
  const cluster = layout(defaultPrefix('bench'), 0);
  try {
    await step('API server and etcd', () => upWithoutControllers(cluster));
    await kubectl(cluster, ['apply', '--server-side', '-f', join(repository, 'crds')]);
    await untilEstablished((args) => kubectl(cluster, args), `crd/${crdName}`);
    const [command = '', ...args] = inNamespace(
      cluster.namespace,
      process.execPath,
      join(repository, 'bench/operator/main.ts'),
      ...wanted,
    );
    const child = spawn(command, args, { stdio: 'inherit', env: { ...process.env, KUBECONFIG: cluster.kubeconfig } });
    const code = await new Promise((resolve) => child.on('exit', resolve));
    if (code !== 0) throw new Error('the measurement failed');
  } finally {
    await down(cluster);
  }
}

const suites = { runtime, operator };

const program = new Command('bench')
  .addArgument(new Argument('<suite>', 'what is measured').choices(Object.keys(suites)))
  .argument('[figures...]', 'of the runtime, or scenarios of the operator, by name; all when there is none')
  .action(async (suite: keyof typeof suites, figures: string[]) => {
    try {
      await suites[suite](figures);
    } catch (error) {
      say(error instanceof Error ? error.message : String(error));
      process.exitCode = 1;
    }
  });
await program.parseAsync();
