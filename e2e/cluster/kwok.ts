// Simulated nodes for scale tests: kwok answers for their kubelets. Node leases are kept, or the controller manager would
// turn all of their pods NotReady.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { inNamespace, run } from './command.ts';
import { kubectl } from './control-plane.ts';
import { startDaemon } from './daemon.ts';
import { binDir, type Layout } from './layout.ts';
import { ensurePrograms, programsDir } from './programs.ts';

const downloaded = z.object({ Dir: z.string() });

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

/** kwok must run before its nodes exist, so that it sees them as new. */
export async function startSimulatedNodes(layout: Layout, count: number): Promise<void> {
  await ensurePrograms(['kwok']);
  // In the version of the program.
  const download = ['go', 'mod', 'download', '-json', 'sigs.k8s.io/kwok'];
  const { Dir: source } = downloaded.parse(JSON.parse(await run(download, { cwd: programsDir })));
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
      `--nodes=${simulatedLabel}=${simulatedValue}`,
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
