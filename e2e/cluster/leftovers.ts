// Ends and removes whatever a cluster left on this machine, also after a crash. Only what carries the cluster's prefix or
// lies under its folders is touched; another cluster's and the host's own containers are not looked at.
import { readFileSync, readdirSync, rmSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { succeeds } from './command.ts';
import { daemonNames, stopDaemon } from './daemon.ts';
import type { Layout, NodeLayout } from './layout.ts';
import { deleteNetwork } from './network.ts';
import { cgroupHierarchies } from './node.ts';

function listDir(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** Container shims whose socket or bundle lies under `folder`: they outlive containerd on purpose. */
function shimsOf(folder: string): number[] {
  return listDir('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return (args[0] ?? '').includes('containerd-shim') && args.some((arg) => arg.startsWith(`${folder}/`));
      } catch {
        return false;
      }
    });
}

/** Processes in any cgroup of the nodes, that is: their pods. */
function podProcesses(nodes: readonly NodeLayout[]): number[] {
  const pids = new Set<number>();
  const collect = (dir: string): void => {
    try {
      for (const pid of readFileSync(join(dir, 'cgroup.procs'), 'utf8').split('\n'))
        if (pid !== '') pids.add(Number(pid));
    } catch {
      return;
    }
    for (const entry of readdirSync(dir, { withFileTypes: true })) {
      if (entry.isDirectory()) collect(join(dir, entry.name));
    }
  };
  for (const hierarchy of cgroupHierarchies()) {
    for (const node of nodes) collect(join(hierarchy, node.name));
  }
  return [...pids];
}

function kill(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      /* it ended by itself */
    }
  }
}

interface Bundle {
  readonly linux?: { readonly namespaces?: readonly { readonly type: string; readonly path?: string }[] };
}

/** Name of the pod's network namespace in the bundle at `dir`; a bundle half made or half removed names none. */
function podNamespace(dir: string): string | undefined {
  try {
    const bundle = JSON.parse(readFileSync(join(dir, 'config.json'), 'utf8')) as Bundle;
    const path = bundle.linux?.namespaces?.find(({ type }) => type === 'network')?.path;
    return path?.match(/\/netns\/(cni-[0-9a-f-]+)$/)?.[1];
  } catch {
    return undefined;
  }
}

/** Network namespaces of pods, as the bundles of their sandboxes name them. */
function podNamespaces(nodes: readonly NodeLayout[]): Set<string> {
  const names = nodes.flatMap((node) => {
    const bundles = join(node.run, 'containerd', 'io.containerd.runtime.v2.task', 'k8s.io');
    return listDir(bundles).map((id) => podNamespace(join(bundles, id)));
  });
  return new Set(names.filter((name) => name !== undefined));
}

async function unmountBelow(path: string): Promise<void> {
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((mount) => mount.startsWith(`${path}/`))
    .toSorted()
    .toReversed();
  for (const mount of mounts) await succeeds(['umount', '-l', mount]);
}

function removeCgroup(dir: string): void {
  // The files in it are the kernel's and go with the directory.
  for (const entry of listDir(dir)) removeCgroup(join(dir, entry));
  try {
    rmdirSync(dir);
  } catch {
    /* a file, or not empty yet */
  }
}

function stopOrder(name: string): number {
  if (name.startsWith('kubelet')) return 0;
  if (name === 'apiserver' || name === 'etcd') return 2;
  return 1;
}

/** What CNI remembers of the pods' networks, in one folder for all of the machine: NETWORK-CONTAINER-INTERFACE. */
const cniResults = '/var/lib/cni/results';

function removeCniResults(layout: Layout): void {
  const all = listDir(cniResults);
  for (const { name } of layout.nodes) {
    for (const result of all.filter((one) => one.startsWith(`${name}-`))) {
      const container = result.slice(name.length + 1).split('-', 1)[0] ?? '';
      rmSync(join(cniResults, result), { force: true });
      rmSync(join(cniResults, `cni-loopback-${container}-lo`), { force: true });
    }
  }
}

/** Ends the pods of nodes whose daemons have ended, and removes what the kernel has of them. */
export async function clearNodes(nodes: readonly NodeLayout[]): Promise<void> {
  const namespaces = podNamespaces(nodes);
  for (let i = 0; i < 50; i++) {
    const left = [...podProcesses(nodes), ...nodes.flatMap(({ run }) => shimsOf(run))];
    if (left.length === 0) break;
    kill(left);
    await delay(50);
  }
  for (const { run } of nodes) await unmountBelow(run);
  for (const name of namespaces) await succeeds(['ip', 'netns', 'del', name]);
  for (const hierarchy of cgroupHierarchies()) {
    for (const { name } of nodes) removeCgroup(join(hierarchy, name));
  }
}

/** Stops daemons and pods and removes their traces; images and certificates stay. */
export async function clear(layout: Layout): Promise<void> {
  const names = daemonNames(layout).toSorted((a, b) => stopOrder(a) - stopOrder(b));
  for (const phase of [0, 1, 2]) {
    await Promise.all(
      names
        .filter((name) => stopOrder(name) === phase)
        // The state is thrown away, and the API server lingers on TERM for as long as watches are open.
        .map((name) =>
          phase === 2 ? stopDaemon(layout, name, 'SIGKILL', 0) : stopDaemon(layout, name, 'SIGTERM', 2_000),
        ),
    );
  }
  await clearNodes(layout.nodes);
  await unmountBelow(layout.run);
  await unmountBelow(layout.cache);
  await deleteNetwork(layout);
  removeCniResults(layout);
  rmSync(layout.run, { recursive: true, force: true });
}
