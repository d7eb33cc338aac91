// The embedded cluster as a whole: up, down, what it is made of and whether it runs.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startAddons } from './addons.ts';
import { kubectl, servicesRouted, startApiServer, startControllers } from './control-plane.ts';
import { assertRunning, daemonNames, isRunning, logTail } from './daemon.ts';
import { archiveDigest, ensurePauseImage, type ImageArchive } from './images.ts';
import { startSimulatedNodes } from './kwok.ts';
import { clear } from './leftovers.ts';
import type { Layout, NodeLayout } from './layout.ts';
import { createNetwork } from './network.ts';
import { importImage, startContainerd, startKubelets } from './node.ts';
import { ensureCertificates, writeKubeconfig } from './pki.ts';
import { step } from './progress.ts';

export interface UpOptions {
  readonly images?: readonly ImageArchive[];
  readonly simulatedNodes?: number;
}

/** Clears what an earlier run left under the same prefix and makes what daemons need to start. */
async function prepare(layout: Layout): Promise<void> {
  await clear(layout);
  mkdirSync(layout.run, { recursive: true, mode: 0o755 });
  await ensureCertificates(layout);
  writeKubeconfig(layout, 'admin', layout.kubeconfig);
  await createNetwork(layout);
}

/** etcd and the API server alone: objects are stored and watched, and nothing is made of them. */
export async function upWithoutControllers(layout: Layout): Promise<void> {
  await prepare(layout);
  await startApiServer(layout);
}

/** The whole cluster; waits until all nodes are Ready. */
export async function up(layout: Layout, options: UpOptions = {}): Promise<void> {
  const pause = await ensurePauseImage();
  await prepare(layout);
  for (const node of layout.nodes) writeKubeconfig(layout, node.name, join(layout.run, `${node.name}.kubeconfig`));
  const nodes = Promise.all(
    layout.nodes.map(async (node) => {
      await startContainerd(layout, node);
      await loadInto(node, pause);
      for (const image of options.images ?? []) await loadInto(node, image);
    }),
  );
  await Promise.all([
    step('control plane', () => startApiServer(layout)),
    step('container runtimes and images', () => nodes),
  ]);
  startControllers(layout);
  await Promise.all([startKubelets(layout), startAddons(layout)]);
  await step(`${layout.nodes.length} nodes Ready, Services routed`, () => nodesReady(layout));
  if (options.simulatedNodes !== undefined && options.simulatedNodes > 0) {
    await startSimulatedNodes(layout, options.simulatedNodes);
  }
}

export async function down(layout: Layout): Promise<void> {
  await clear(layout);
}

async function nodesReady(layout: Layout): Promise<void> {
  const deadline = performance.now() + 60_000;
  const path = '{range .items[*]}{.metadata.name}={.status.conditions[?(@.type=="Ready")].status} {end}';
  for (;;) {
    const states = (await kubectl(layout, ['get', 'nodes', '-o', `jsonpath=${path}`])).trim().split(' ');
    if (states.filter((state) => state.endsWith('=True')).length === layout.nodes.length) break;
    assertRunning(layout, daemonNames(layout));
    if (performance.now() > deadline) {
      const missing = layout.nodes.filter(({ name }) => !states.includes(`${name}=True`));
      const logs = missing.map(({ name }) => `kubelet-${name}:\n${logTail(layout, `kubelet-${name}`)}`);
      throw new Error(`nodes not Ready within 60 s: ${states.join(', ')}\n${logs.join('\n')}`);
    }
    await delay(100);
  }
  while (!(await servicesRouted(layout))) {
    if (performance.now() > deadline) throw new Error(`Services lead nowhere after 60 s; see ${layout.logs}`);
    await delay(100);
  }
  // A pod of a new namespace needs its default service account, which a controller makes.
  while ((await kubectl(layout, ['get', 'serviceaccounts', '-n', 'default', '-o', 'name'])) === '') await delay(100);
}

/** Brings `image` into a node unless that very archive is there already. */
async function loadInto(node: NodeLayout, image: ImageArchive): Promise<void> {
  const stamp = join(node.containerdRoot, `.imported-${image.name.replaceAll(/[^a-z0-9.-]/g, '_')}`);
  const digest = archiveDigest(image);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  await importImage(node, image.archive);
  writeFileSync(stamp, digest);
}

/** Loads `image` into every node of a running cluster. */
export async function loadImage(layout: Layout, image: ImageArchive): Promise<void> {
  await Promise.all(layout.nodes.map((node) => loadInto(node, image)));
}

/** Each daemon's name and whether it runs; empty when the cluster is down. */
export function daemons(layout: Layout): { name: string; running: boolean }[] {
  return daemonNames(layout).map((name) => ({ name, running: isRunning(layout, name) }));
}
