// The embedded cluster itself: what it promises to the other tests.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { daemons } from './cluster/cluster.ts';
import { inNamespace, run } from './cluster/command.ts';
import { layout } from './cluster/layout.ts';
import { imageNames } from '../scripts/images.ts';
import { applyAs, eventually, get, list, types } from './harness/api.ts';
import { namespace } from './harness/appserver.ts';
import { kubectl } from './harness/operator.ts';

function isReady(object: { [field: string]: unknown } | undefined): boolean {
  const status = object?.['status'] as { conditions?: { type: string; status: string }[] } | undefined;
  return status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false;
}

function pod(name: string, ns: string, spec: object): Parameters<typeof applyAs>[1] {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: ns }, spec };
}

describe('embedded cluster', () => {
  test('has two real nodes in zones of their own', async () => {
    const nodes = await list(types.Node);
    assert.equal(nodes.length, 2);
    assert.ok(nodes.every(isReady));
    const zones = new Set(nodes.map((node) => node.metadata.labels?.['topology.kubernetes.io/zone']));
    assert.deepEqual(zones, new Set(['zone-1', 'zone-2']));
  });

  test('resolves the names of Services in pods, on both nodes', async () => {
    await using ns = await namespace();
    const nodes = await list(types.Node);
    for (const [i, node] of nodes.entries()) {
      const lookUp = 'import socket; print(socket.gethostbyname("kubernetes.default.svc.cluster.local"))';
      const container = { name: 'main', image: imageNames.flask, command: ['python3', '-c', lookUp] };
      await applyAs(
        types.Pod,
        pod(`look-up-${i}`, ns.name, { nodeName: node.metadata.name, restartPolicy: 'Never', containers: [container] }),
      );
      await eventually(`pod on ${node.metadata.name} ended`, async () => {
        const status = (await get(types.Pod, ns.name, `look-up-${i}`))?.['status'] as { phase: string } | undefined;
        return status?.phase === 'Succeeded' ? true : undefined;
      });
      assert.equal((await kubectl('logs', `look-up-${i}`, '-n', ns.name)).trim(), '10.96.0.1');
    }
  });

  test('runs a second cluster beside itself, with simulated nodes whose pods stay Ready, and neither disturbs the other', async () => {
    const other = layout(`as2-${process.pid % 10_000}`);
    const main = 'e2e/cluster/main.ts';
    const cluster = (...args: readonly string[]): Promise<string> =>
      run([process.execPath, main, '--prefix', other.prefix, ...args]);
    try {
      await cluster('up', '--simulated-nodes', '1');
      assert.ok(daemons(other).every(({ running }) => running));
      const simulated = pod('simulated', 'default', {
        nodeName: `${other.prefix}-sim1`,
        containers: [{ name: 'main', image: 'never-pulled' }],
      });
      const inside = (...args: readonly string[]): Promise<string> =>
        run(inNamespace(other.namespace, 'kubectl', `--kubeconfig=${other.kubeconfig}`, ...args), {
          input: JSON.stringify(simulated),
        });
      await inside('apply', '-f', '-');
      await inside('wait', '--for=condition=Ready', 'pod/simulated', '--timeout=30s');
      // As a crash or a power cut leaves it: nothing ended in order, pods still there.
      for (const name of readdirSync(other.pids))
        process.kill(Number(readFileSync(join(other.pids, name), 'utf8').split(' ')[0]), 'SIGKILL');
    } finally {
      await cluster('down');
      // Its prefix is used once, so nobody needs what is kept for the next time.
      rmSync(other.cache, { recursive: true });
    }
    assert.deepEqual(daemons(other), []);
    assert.ok(!readFileSync('/proc/mounts', 'utf8').includes(other.run), 'the second cluster left a mount');
    const namespaces = await run(['ip', 'netns', 'list']);
    assert.ok(!namespaces.includes(other.prefix), 'the second cluster left a network namespace');
    assert.equal((await list(types.Node)).filter(isReady).length, 2);
  });

  test('refuses a prefix that would not fit into interface names', () => {
    assert.throws(() => layout('much-too-long-a-prefix'), /2 to 9 characters/);
  });
});
