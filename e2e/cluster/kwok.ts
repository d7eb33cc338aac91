// Simulated nodes for scale tests: kwok answers for their kubelets. Node leases are kept, or the controller manager would
// turn all of their pods NotReady.
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inNamespace, run } from './command.ts';
import { kubectl } from './control-plane.ts';
import { startDaemon } from './daemon.ts';
import { binDir, type Layout } from './layout.ts';
import { step } from './progress.ts';

const version = 'v0.8.0';

const simulatedLabel = 'type';
const simulatedValue = 'kwok';

function simulatedNode(name: string): object {
  const resources = { cpu: '32', memory: '256Gi', pods: '1000' };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      annotations: { 'kwok.x-k8s.io/node': 'fake' },
      labels: {
        [simulatedLabel]: simulatedValue,
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
      },
    },
    // Real pods stay away from them unless they tolerate it.
    spec: { taints: [{ key: 'kwok.x-k8s.io/node', value: 'fake', effect: 'NoSchedule' }] },
    status: { allocatable: resources, capacity: resources },
  };
}

/** Apart from the other programs, since it needs other versions of Kubernetes' libraries, and hardly anybody needs it. */
async function ensureKwok(): Promise<void> {
  const built = join(binDir, '.kwok.version');
  if (existsSync(built) && readFileSync(built, 'utf8') === version) return;
  const env = { CGO_ENABLED: '0', GOBIN: binDir, GOFLAGS: '-buildvcs=false' };
  const what = `sigs.k8s.io/kwok/cmd/kwok@${version}`;
  await step('Go build: kwok', () => run(['go', 'install', '-trimpath', '-ldflags', '-s -w', what], { env }));
  writeFileSync(built, version);
}

/** kwok must run before its nodes exist, so that it sees them as new. */
export async function startSimulatedNodes(layout: Layout, count: number): Promise<void> {
  await ensureKwok();
  const { Dir: source } = JSON.parse(await run(['go', 'mod', 'download', '-json', `sigs.k8s.io/kwok@${version}`])) as {
    Dir: string;
  };
  const stages = ['node/fast', 'node/heartbeat-with-lease', 'pod/fast'].flatMap((name) => {
    const dir = join(source, 'kustomize/stage', name);
    return readdirSync(dir)
      .filter((file) => file.endsWith('.yaml') && file !== 'kustomization.yaml')
      .map((file) => readFileSync(join(dir, file), 'utf8'));
  });
  const config = join(layout.run, 'kwok.yaml');
  mkdirSync(layout.run, { recursive: true });
  writeFileSync(config, stages.join('\n---\n'));
  startDaemon(
    layout,
    'kwok',
    inNamespace(
      layout.namespace,
      join(binDir, 'kwok'),
      `--kubeconfig=${layout.kubeconfig}`,
      `--config=${config}`,
      '--manage-all-nodes=false',
      `--manage-nodes-with-label-selector=${simulatedLabel}=${simulatedValue}`,
      '--node-lease-duration-seconds=40',
      '--cidr=10.128.0.0/14',
    ),
  );
  const nodes = Array.from({ length: count }, (_, i) => simulatedNode(`${layout.prefix}-sim${i + 1}`));
  await kubectl(
    layout,
    ['apply', '--server-side', '-f', '-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: nodes }),
  );
}
