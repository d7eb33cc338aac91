// A node that loses its power and comes back: every process of it is gone at once, and so is what a machine has in memory.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { succeeds } from './command.ts';
import { stopDaemon } from './daemon.ts';
import { clearNodes } from './leftovers.ts';
import type { Layout, NodeLayout } from './layout.ts';
import { startContainerd, startKubelets } from './node.ts';

/** Resolves when kubelet listens again; its pods are started by and by. */
export async function reboot(layout: Layout, node: NodeLayout): Promise<void> {
  // In this order nobody sees the others end.
  for (const daemon of ['kubelet', 'containerd', 'proxy']) {
    await stopDaemon(layout, `${daemon}-${node.name}`, 'SIGKILL', 0);
  }
  await clearNodes([node]);
  await succeeds(['ip', '-n', node.namespace, 'link', 'del', 'cni0']);
  rmSync(join(node.run, 'containerd'), { recursive: true, force: true });
  await startContainerd(layout, node);
  await startKubelets(layout, [node]);
}
