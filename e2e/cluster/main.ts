// npm run cluster -- up | down | status | exec | load-image | registry
import { spawn } from 'node:child_process';
import { Command } from 'commander';
import { daemons, down, loadImage, up } from './cluster.ts';
import { inNamespace } from './command.ts';
import { binDir, commandLine, defaultPrefix, layout, type Layout } from './layout.ts';
import { say } from './progress.ts';
import { registryAddress, startRegistry } from './registry.ts';
import { ensurePrograms } from './programs.ts';
import { canRunCluster, ensureTools } from './tools.ts';

const program = new Command('npm run cluster --')
  .description('A real Kubernetes cluster in network namespaces of this machine, for tests and for trying things out.')
  .option(
    '--prefix <name>',
    'name of the cluster; clusters of different names do not disturb each other',
    defaultPrefix('cluster'),
  )
  .enablePositionalOptions();

const chosen = (): Layout => layout(program.opts<{ prefix: string }>().prefix);

async function requireAbility(): Promise<void> {
  const ability = await canRunCluster();
  if (ability.kind === 'unable') throw new Error(`the embedded cluster cannot run here: ${ability.why}`);
}

function requireRunning(target: Layout): void {
  if (!daemons(target).some(({ name, running }) => name === 'apiserver' && running)) {
    throw new Error(`cluster ${target.prefix} is not running; start it with: ${commandLine(target, 'up')}`);
  }
}

program
  .command('up')
  .description(
    'start it, installing and building what is missing; a cluster of that name that runs already is replaced',
  )
  .option('--dual-stack', 'give nodes, pods and Services addresses of IPv6 as well')
  .option('--simulated-nodes <count>', 'add nodes whose pods only pretend to run, for scale tests', '0')
  .action(async ({ simulatedNodes, dualStack }: { simulatedNodes: string; dualStack?: true }) => {
    await requireAbility();
    await ensureTools();
    const target = layout(chosen().prefix, 2, { dualStack: dualStack === true });
    await up(target, { simulatedNodes: Number(simulatedNodes) });
    say(`\nCluster ${target.prefix} runs. For example:\n  ${commandLine(target, 'exec kubectl get nodes')}`);
  });

program
  .command('down')
  .description('stop it and remove its traces; images and certificates are kept for the next start')
  .action(async () => {
    await requireAbility();
    await down(chosen());
    say(`cluster ${chosen().prefix} is down`);
  });

program
  .command('status')
  .description('list its processes; exits 1 when it is not running as a whole')
  .action(() => {
    const all = daemons(chosen());
    if (all.length === 0) say(`cluster ${chosen().prefix} is down`);
    for (const { name, running } of all) process.stdout.write(`${running ? 'running' : 'ended  '}  ${name}\n`);
    process.exitCode = all.length > 0 && all.every(({ running }) => running) ? 0 : 1;
  });

program
  .command('exec <command...>')
  .description('run a command in its network, with KUBECONFIG set and kubectl and helm on the PATH')
  .passThroughOptions()
  .allowUnknownOption()
  .action(([first = 'sh', ...rest]: string[]) => {
    const target = chosen();
    requireRunning(target);
    const [nsenter = '', ...args] = inNamespace(target.namespace, first, ...rest);
    const env = { ...process.env, KUBECONFIG: target.kubeconfig, PATH: `${binDir}:${process.env['PATH'] ?? ''}` };
    const child = spawn(nsenter, args, { stdio: 'inherit', env });
    child.on('exit', (code) => (process.exitCode = code ?? 1));
  });

program
  .command('load-image <archive> <name>')
  .description('load an OCI or Docker archive that holds the image NAME into every node')
  .action(async (archive: string, name: string) => {
    const target = chosen();
    requireRunning(target);
    await loadImage(target, { name, archive });
  });

program
  .command('registry')
  .description('start an empty registry for images in its network, which all nodes pull from over plain HTTP')
  .action(async () => {
    const target = chosen();
    requireRunning(target);
    await ensurePrograms(['registry']);
    await startRegistry(target);
    const push = commandLine(target, `exec npm run images -- --push ${registryAddress}/appserver --plain-http`);
    say(`\nThe registry is ${registryAddress}. For example:\n  ${push}`);
  });

program.parseAsync().catch((error: unknown) => {
  say(`error: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
