// npm run demo: the operator and a real Flask application on a cluster, from nothing to traffic, with what happens shown.
import { Command } from 'commander';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { repository } from '../e2e/cluster/layout.ts';
import { say, step } from '../e2e/cluster/progress.ts';
import { chooseCluster, type DemoCluster } from './demo-cluster.ts';
import { chartImageFlags } from './images.ts';

const chart = join(repository, 'charts/appserver-operator');
const namespace = 'appserver-system';
const release = 'appserver-operator';
const example = join(repository, 'examples/flask/appserver.yaml');

const options = new Command('npm run demo --')
  .description('Installs the operator on a cluster, runs examples/flask and shows how it recovers.')
  .option(
    '--context <name>',
    'use the cluster of this context of your kubeconfig; its nodes must be able to pull the images',
  )
  .option('--exit', 'end when the demonstration is over, instead of staying up until Ctrl-C')
  .parse()
  .opts<{ context?: string; exit?: true }>();

async function installOperator(cluster: DemoCluster): Promise<void> {
  await cluster.run('kubectl', 'create', 'namespace', namespace).catch(() => 'it exists');
  await cluster.run(
    'kubectl',
    'label',
    '--overwrite',
    'namespace',
    namespace,
    'pod-security.kubernetes.io/enforce=restricted',
  );
  await cluster.run(
    'helm',
    'upgrade',
    '--install',
    release,
    chart,
    '--namespace',
    namespace,
    '--wait',
    ...chartImageFlags(),
  );
}

/** Applies the example and waits until it is Ready, telling each new state. @returns seconds */
async function applyExample(cluster: DemoCluster): Promise<number> {
  const from = performance.now();
  await cluster.run('kubectl', 'apply', '-f', example);
  let told = '';
  for (;;) {
    const path = '{range .status.conditions[?(@.type=="Ready")]}{.status}|{.reason}|{.message}{end}';
    const state = await cluster.run('kubectl', 'get', 'appserver', 'shop', '-o', `jsonpath=${path}`);
    const [status, reason, message] = state.split('|');
    const seconds = (performance.now() - from) / 1000;
    if (state !== told && reason !== undefined)
      say(`    ${seconds.toFixed(1).padStart(5)} s  ${reason}: ${message ?? ''}`);
    told = state;
    if (status === 'True') return seconds;
    if (seconds > 180) throw new Error(`the AppServer is not Ready after 180 s: ${message ?? 'no status'}`);
    await delay(100);
  }
}

/** Requests from inside the cluster, through the Service; each line of the answer is one. */
async function sendRequests(cluster: DemoCluster, count: number): Promise<string[]> {
  const script = [
    'import json, time, urllib.error, urllib.request',
    'def ask(deadline):',
    '    try:',
    "        return json.load(urllib.request.urlopen('http://shop.default.svc', timeout=5))",
    '    except urllib.error.URLError:',
    '        # kube-proxy and DNS follow a Service that was just made with a delay.',
    '        if time.monotonic() > deadline: raise',
    '        time.sleep(0.1)',
    '        return ask(deadline)',
    `for i in range(${count}):`,
    '    answer = ask(time.monotonic() + 15)',
    "    print(answer['message'], '· pod', answer['pod'], '· worker', answer['worker'])",
  ].join('\n');
  const [pod = ''] = (
    await cluster.run('kubectl', 'get', 'pods', '-l', 'app.kubernetes.io/instance=shop', '-o', 'name')
  ).split('\n');
  return (await cluster.run('kubectl', 'exec', pod, '--', 'python3', '-c', script)).trim().split('\n');
}

interface Status {
  readonly workers: {
    readonly ready: number;
    readonly list: readonly { readonly id: number; readonly pid: number; readonly state: string }[];
  };
  readonly restarts: Readonly<Record<string, number>>;
}

async function runtimeStatus(cluster: DemoCluster, pod: string): Promise<Status> {
  const script = "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:9000/status').read().decode())";
  return JSON.parse(await cluster.run('kubectl', 'exec', pod, '--', 'python3', '-c', script)) as Status;
}

async function killWorker(cluster: DemoCluster): Promise<void> {
  const [pod = ''] = (
    await cluster.run('kubectl', 'get', 'pods', '-l', 'app.kubernetes.io/instance=shop', '-o', 'name')
  ).split('\n');
  const before = await runtimeStatus(cluster, pod);
  const victim = before.workers.list[0];
  if (victim === undefined) throw new Error(`${pod} has no worker`);
  say(`    kill -9 of worker ${victim.id} (process ${victim.pid}) in ${pod}`);
  await cluster.run('kubectl', 'exec', pod, '--', 'python3', '-c', `import os; os.kill(${victim.pid}, 9)`);
  const from = performance.now();
  let after = await runtimeStatus(cluster, pod);
  const describe = (): string => after.workers.list.map(({ id, state }) => `${id} ${state}`).join(', ');
  say(`    at once:  workers ${describe()}`);
  while (after.workers.ready < before.workers.ready) after = await runtimeStatus(cluster, pod);
  const restarts = after.restarts['WORKER_KILLED'] ?? 0;
  say(`    ${((performance.now() - from) / 1000).toFixed(1)} s later: workers ${describe()}; restarts: ${restarts}`);
}

async function deleteService(cluster: DemoCluster): Promise<void> {
  await cluster.run('kubectl', 'delete', 'service', 'shop', '--wait=false');
  say('    deleted Service shop');
  const events = await cluster.run(
    'kubectl',
    'get',
    'events',
    '--field-selector',
    'involvedObject.kind=AppServer,reason=Repaired',
  );
  say(`    ${events.trim().split('\n').at(-1) ?? ''}`);
}

async function show(cluster: DemoCluster, ...command: readonly string[]): Promise<void> {
  say(`\n$ ${command.join(' ')}`);
  process.stdout.write(await cluster.run(...command));
}

async function demonstrate(cluster: DemoCluster): Promise<void> {
  await step('operator installed with its Helm chart', () => installOperator(cluster));
  say('\nexamples/flask/appserver.yaml');
  const seconds = await applyExample(cluster);
  say(`    Ready ${seconds.toFixed(1)} s after kubectl apply`);
  await show(cluster, 'kubectl', 'get', 'appservers');
  const kinds = 'deployments,pods,services,horizontalpodautoscalers,poddisruptionbudgets,configmaps,serviceaccounts';
  await show(cluster, 'kubectl', 'get', kinds, '-l', 'app.kubernetes.io/instance=shop');
  say('\nRequests through the Service');
  for (const line of await sendRequests(cluster, 5)) say(`    ${line}`);
  say('\nA worker dies');
  await killWorker(cluster);
  say('\nSomebody deletes the Service');
  await deleteService(cluster);
  for (const line of await sendRequests(cluster, 1)) say(`    ${line}`);
}

async function main(): Promise<void> {
  const cluster = await chooseCluster(options.context);
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  try {
    await Promise.race([demonstrate(cluster), stopped.then(() => Promise.reject(new Error('stopped')))]);
    if (options.exit === undefined) {
      say(`\nIt stays up until Ctrl-C. Look around with:\n  ${cluster.hint}`);
      await stopped;
    }
  } finally {
    say('');
    await step('cleared up', () => cluster.clear());
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    say(`\n${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  },
);
