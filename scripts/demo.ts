// npm run demo: the operator and a real Flask application on a cluster, from nothing to traffic, with what happens shown.
import { Command } from 'commander';
import { randomBytes } from 'node:crypto';
import { crdName, untilEstablished } from '../e2e/cluster/established.ts';
import { interruptible, Interrupted, untilInterrupted } from '../e2e/cluster/interruption.ts';
import { say, step } from '../e2e/cluster/progress.ts';
import { chooseCluster, type DemoCluster } from './demo/clusters.ts';
import { Installation } from './demo/installation.ts';
import { describe, runLabel } from './demo/ledger.ts';
import { exampleFile, manifests, operatorNamespace, release, type Manifests } from './demo/manifests.ts';
import { refusal } from './demo/refusal.ts';
import { kubectlRequests, type RunInCluster } from './demo/requests.ts';
import { showExample, watchUntilReady } from './demo/show.ts';
import { StopRequests, stopSignals } from './demo/stop-requests.ts';

const options = new Command('npm run demo --')
  .description('Installs the operator on a cluster, runs examples/flask and shows how it recovers.')
  .option(
    '--context <name>',
    'use the cluster of this context of your kubeconfig; its nodes must be able to pull the images',
  )
  .option('--exit', 'end when the demonstration is over, instead of staying up until Ctrl-C')
  .parse()
  .opts<{ context?: string; exit?: true }>();

interface Run {
  readonly cluster: DemoCluster;
  readonly installation: Installation;
  /** The command that removes what this run made on a borrowed cluster. */
  readonly removal: string;
}

/** The command that removes what demos have made: what is in the namespaces goes with them. */
function removalByLabel(cluster: DemoCluster, selector: string): string {
  const kubectl = cluster.kind === 'borrowed' ? cluster.kubectl : 'kubectl';
  const kinds = [
    ...['namespaces', 'customresourcedefinitions', 'clusterroles', 'clusterrolebindings'],
    ...['validatingadmissionpolicies', 'validatingadmissionpolicybindings'],
  ];
  return `${kubectl} delete ${kinds.join(',')} --selector ${selector}`;
}

async function installOperator(run: RunInCluster, installation: Installation, objects: Manifests): Promise<void> {
  for (const object of objects.operator) await installation.create(object);
  await untilEstablished((args) => run(['kubectl', ...args]), `crd/${crdName}`);
  const rollout = ['rollout', 'status', `deployment/${release}`, '--namespace', operatorNamespace];
  try {
    await run(['kubectl', ...rollout, '--timeout=120s']);
  } catch (error) {
    if (error instanceof Interrupted) throw error;
    const pods = await run(['kubectl', 'get', 'pods', '--namespace', operatorNamespace]);
    throw new Error(`the operator is not ready after 120 s:\n${pods}`, { cause: error });
  }
}

async function demonstrate(cluster: DemoCluster, installation: Installation): Promise<void> {
  await cluster.start();
  const objects = await manifests(cluster.run);
  const conflicts = await installation.conflicts([...objects.operator, ...objects.example]);
  if (conflicts.length > 0) {
    throw new Error(refusal(conflicts, cluster.name, removalByLabel(cluster, runLabel)));
  }
  await step('operator installed from its Helm chart', () => installOperator(cluster.run, installation, objects));
  say(`\n${exampleFile}`);
  for (const object of objects.example) await installation.create(object);
  await watchUntilReady(cluster.run);
  await showExample(cluster.run);
}

/** Removes what was made. Returns whether all of it went. */
async function clear({ cluster, installation, removal }: Run): Promise<boolean> {
  if (cluster.kind === 'own') {
    if (cluster.removal() !== undefined) await step(`${cluster.name} taken down`, cluster.takeDown);
    else if (cluster.gone()) say(`  ${cluster.name} was down already`);
    return true;
  }
  if (installation.left().length === 0) return true;
  const left = await step('removed what was made', () => installation.remove());
  if (left.length === 0) return true;
  for (const { reference, why } of left) say(`  left: ${describe(reference)}: ${why}`);
  say(`When nobody needs it any more, it is removed by:\n  ${removal}`);
  return false;
}

/** For whoever does not wait until all is removed. */
function tellWhatIsLeft({ cluster, installation, removal }: Run): void {
  const left = cluster.kind === 'own' ? [cluster.name] : installation.left().map(describe);
  const command = cluster.kind === 'own' ? cluster.removal() : removal;
  if (left.length === 0 || command === undefined) return say('Nothing is left.');
  say(`This may be left:\n${left.map((one) => `  ${one}`).join('\n')}\nIt is removed by:\n  ${command}`);
}

function handleSignals(current: Run): StopRequests {
  const stop = new StopRequests({
    now: () => performance.now(),
    onFirst: () => say('\nStopping, and removing what was made. Ctrl-C again leaves at once.'),
    onSecond: (exitCode) => {
      say('\nStopped at once.');
      tellWhatIsLeft(current);
      process.exit(exitCode);
    },
  });
  for (const signal of stopSignals) process.on(signal, () => stop.receive(signal));
  return stop;
}

/** Returns the exit code. */
async function showAll({ cluster, installation }: Run, stop: StopRequests): Promise<number> {
  try {
    return await interruptible(stop.signal, async () => {
      await demonstrate(cluster, installation);
      if (options.exit === true) return 0;
      say(`\nIt stays up until Ctrl-C. Look around with:\n  ${cluster.hint}`);
      await stayUp();
      return 0;
    });
  } catch (error) {
    if (error instanceof Interrupted) return stop.exitCode ?? 1;
    say(`\n${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

/** Returns the exit code. */
async function main(): Promise<number> {
  const id = randomBytes(4).toString('hex');
  const cluster = await chooseCluster(options.context);
  const installation = new Installation(kubectlRequests(cluster.run), { run: id, release });
  const current = { cluster, installation, removal: removalByLabel(cluster, `${runLabel}=${id}`) };
  const exitCode = await showAll(current, handleSignals(current));
  try {
    // Interruptible by nothing, but in process groups of its own as well: Ctrl-C must not reach what removes.
    return (await interruptible(new AbortController().signal, () => clear(current))) ? exitCode : 1;
  } catch (error) {
    say(`\n${error instanceof Error ? error.message : String(error)}`);
    tellWhatIsLeft(current);
    return 1;
  }
}

/** Ends when it is asked to. A signal's handler alone would not keep the process alive. */
async function stayUp(): Promise<void> {
  const alive = setInterval(() => undefined, 3_600_000);
  await untilInterrupted()
    .catch((error: unknown) => {
      if (!(error instanceof Interrupted)) throw error;
    })
    .finally(() => clearInterval(alive));
}

// A terminal that is closed takes the output with it, and what was made must go all the same.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

main().then(
  (exitCode) => process.exit(exitCode),
  (error: unknown) => {
    say(`\n${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  },
);
