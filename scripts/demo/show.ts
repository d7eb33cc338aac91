// What the demonstration shows once the operator is installed: an application, traffic, and two accidents.
import { setTimeout as delay } from 'node:timers/promises';
import { say } from '../../e2e/cluster/progress.ts';
import { exampleNamespace } from './manifests.ts';
import type { RunInCluster } from './requests.ts';

const inNamespace = ['--namespace', exampleNamespace] as const;
const ofExample = ['--selector', 'app.kubernetes.io/instance=shop'] as const;

/** Waits until the example is Ready, telling each new state. @throws after three minutes, with the last one */
export async function watchUntilReady(run: RunInCluster): Promise<void> {
  const from = performance.now();
  let told = '';
  for (;;) {
    const path = '{range .status.conditions[?(@.type=="Ready")]}{.status}|{.reason}|{.message}{end}';
    const state = await run(['kubectl', 'get', 'appserver', 'shop', ...inNamespace, '-o', `jsonpath=${path}`]);
    const [status, reason, message] = state.split('|');
    const seconds = (performance.now() - from) / 1000;
    if (state !== told && reason !== undefined) {
      say(`    ${seconds.toFixed(1).padStart(5)} s  ${reason}: ${message ?? ''}`);
    }
    told = state;
    if (status === 'True') return say(`    Ready ${seconds.toFixed(1)} s after it was created`);
    if (seconds > 180) throw new Error(`the AppServer is not Ready after 180 s: ${message ?? 'no status'}`);
    await delay(100);
  }
}

async function firstPod(run: RunInCluster): Promise<string> {
  const names = await run(['kubectl', 'get', 'pods', ...inNamespace, ...ofExample, '-o', 'name']);
  return names.split('\n')[0] ?? '';
}

const python = (run: RunInCluster, pod: string, script: string): Promise<string> =>
  run(['kubectl', 'exec', pod, ...inNamespace, '--', 'python3', '-c', script]);

/** Requests from inside the cluster, through the Service; shows one line for each. */
async function sendRequests(run: RunInCluster, count: number): Promise<void> {
  const script = [
    'import json, time, urllib.error, urllib.request',
    'def ask(deadline):',
    '    try:',
    `        return json.load(urllib.request.urlopen('http://shop.${exampleNamespace}.svc', timeout=5))`,
    '    except urllib.error.URLError:',
    '        # kube-proxy and DNS follow a Service that was just made with a delay.',
    '        if time.monotonic() > deadline: raise',
    '        time.sleep(0.1)',
    '        return ask(deadline)',
    `for i in range(${count}):`,
    '    answer = ask(time.monotonic() + 15)',
    "    print(answer['message'], '· pod', answer['pod'], '· worker', answer['worker'])",
  ].join('\n');
  for (const line of (await python(run, await firstPod(run), script)).trim().split('\n')) say(`    ${line}`);
}

interface Status {
  readonly workers: {
    readonly ready: number;
    readonly list: readonly { readonly id: number; readonly pid: number; readonly state: string }[];
  };
}

async function runtimeStatus(run: RunInCluster, pod: string): Promise<Status> {
  const script = "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:9000/status').read().decode())";
  return JSON.parse(await python(run, pod, script)) as Status;
}

const describeWorkers = ({ workers }: Status): string =>
  workers.list.map(({ id, state }) => `${id} ${state}`).join(', ');

async function killWorker(run: RunInCluster): Promise<void> {
  const pod = await firstPod(run);
  const before = await runtimeStatus(run, pod);
  const victim = before.workers.list[0];
  if (victim === undefined) throw new Error(`${pod} has no worker`);
  say(`    kill -9 of worker ${victim.id} (process ${victim.pid}) of ${describeWorkers(before)}, in ${pod}`);
  await python(run, pod, `import os; os.kill(${victim.pid}, 9)`);
  const from = performance.now();
  let told = describeWorkers(before);
  for (;;) {
    const now = await runtimeStatus(run, pod);
    const seconds = (performance.now() - from) / 1000;
    const workers = describeWorkers(now);
    // A state that lasts is told once.
    if (workers !== told) say(`    ${seconds.toFixed(1)} s later: workers ${workers}`);
    told = workers;
    const gone = now.workers.list.every(({ pid }) => pid !== victim.pid);
    if (gone && now.workers.ready >= before.workers.ready) break;
    if (seconds > 60) throw new Error(`the worker was not replaced within 60 s: ${workers}`);
  }
}

async function deleteService(run: RunInCluster): Promise<void> {
  await run(['kubectl', 'delete', 'service', 'shop', ...inNamespace, '--wait=false']);
  say('    deleted Service shop');
  const ofRepair = ['--field-selector', 'involvedObject.kind=AppServer,reason=Repaired'];
  const events = await run(['kubectl', 'get', 'events', ...inNamespace, ...ofRepair]);
  say(`    ${events.trim().split('\n').at(-1) ?? ''}`);
}

async function show(run: RunInCluster, ...command: readonly string[]): Promise<void> {
  say(`\n$ ${command.join(' ')}`);
  process.stdout.write(await run(command));
}

/** The application as it is, under load, and after a worker died and the Service was deleted. */
export async function showExample(run: RunInCluster): Promise<void> {
  await show(run, 'kubectl', 'get', 'appservers', ...inNamespace);
  const kinds = 'deployments,pods,services,horizontalpodautoscalers,poddisruptionbudgets,configmaps,serviceaccounts';
  await show(run, 'kubectl', 'get', kinds, ...inNamespace, ...ofExample);
  say('\nRequests through the Service');
  await sendRequests(run, 5);
  say('\nA worker dies');
  await killWorker(run);
  say('\nSomebody deletes the Service');
  await deleteService(run);
  await sendRequests(run, 1);
}
