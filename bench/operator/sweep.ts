// What it costs to ask ten thousand pods a minute how their workers are: stand-ins answer, as many addresses of loopback.
import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { names } from '../../src/api/index.ts';
import { inParallel, path, resourceType, type KubeObject } from '../../src/kube/index.ts';
import { podType } from '../../src/operator/model/kinds.ts';
import { OperatorProcess } from '../../e2e/harness/operator-process.ts';
import { summary, type Figure } from '../figure.ts';
import { client } from '../../e2e/harness/api.ts';
import { create, destroyAll, namespace } from './api.ts';
import { converge, nameOf } from './population.ts';

const apps = 100;
const podsEach = 100;
const measuredMs = 60_000;

/** What a runtime with four workers says. */
const report = JSON.stringify({
  version: '0.1.0',
  phase: 'serving',
  ready: true,
  workers: {
    desired: 4,
    ready: 4,
    list: Array.from({ length: 4 }, (_, id) => ({
      id,
      pid: 20 + id,
      state: 'ready',
      requests: 1_000,
      memoryBytes: 5e7,
    })),
  },
  restarts: {},
  lastFailure: null,
});

const podName = (index: number): string => `${nameOf(Math.floor(index / podsEach))}-${index % podsEach}`;
const address = (index: number): string => `127.1.${Math.floor(index / 250)}.${(index % 250) + 1}`;

async function createPod(index: number): Promise<void> {
  const name = podName(index);
  const labels = names.labels(nameOf(Math.floor(index / podsEach)));
  const pod: KubeObject = {
    apiVersion: podType.apiVersion,
    kind: podType.kind,
    metadata: { name, namespace, labels },
    spec: { containers: [{ name: names.containerName, image: 'registry.example.com/shop:1.4.2' }] },
  };
  await create(podType, pod);
  await client.json({
    method: 'PATCH',
    path: `${path(podType, namespace, name)}/status`,
    contentType: 'application/strategic-merge-patch+json',
    body: {
      status: {
        phase: 'Running',
        podIP: address(index),
        podIPs: [{ ip: address(index) }],
        conditions: [{ type: 'Ready', status: 'True' }],
      },
    },
  });
}

async function cpuPercent(flags: readonly string[], settleMs: number): Promise<number> {
  await using operator = new OperatorProcess({ adminPort: 8090, flags });
  await operator.says('leading');
  await delay(settleMs);
  const before = operator.cpuSeconds();
  await delay(measuredMs);
  return ((operator.cpuSeconds() - before) / measuredMs) * 1e5;
}

export async function sweep(): Promise<Figure[]> {
  let asked = 0;
  const standIn = createServer((_, response) => {
    asked++;
    response.setHeader('content-type', 'application/json').end(report);
  });
  await new Promise<void>((resolve) => standIn.listen(names.adminPort, () => resolve()));
  const account = resourceType('v1', 'ServiceAccount');
  await create(account, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } });
  {
    await using operator = new OperatorProcess({ adminPort: 8090 });
    await operator.says('leading');
    await converge(0, apps);
  }
  const all = Array.from({ length: apps * podsEach }, (_, i) => i);
  await inParallel(16, all, createPod);
  // Without: for what filling the caches leaves to do. With: the first round, of which all statuses are written.
  const without = await cpuPercent(['--pod-status-seconds=0'], 10_000);
  asked = 0;
  const sweeping = await cpuPercent([], 75_000);
  const perMinute = (asked / (75_000 + measuredMs)) * 60_000;
  await client.json({ method: 'DELETE', path: path(podType, namespace), timeoutMs: 300_000 });
  await destroyAll();
  await new Promise((resolve) => standIn.close(resolve));
  return [
    summary({ figure: 'pod_status_sweep_cpu_pct', unit: '% of a core' }, [sweeping]),
    summary({ figure: 'pod_status_no_sweep_cpu_pct', unit: '% of a core' }, [without]),
    summary({ figure: 'pod_status_reads_per_min', unit: 'pods' }, [perMinute]),
  ];
}
