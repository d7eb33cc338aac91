// Where one embedded cluster keeps things and which names and addresses it uses: pure data, derived from its prefix.
//
// Addresses repeat from cluster to cluster without harm, because they exist only inside that cluster's own network
// namespaces. What is visible on the host (namespaces, cgroups, veth ends, paths) carries the prefix.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
/** Everything built or downloaded; git ignores it and deleting it is always safe while no cluster runs. */
export const cacheDir = join(repository, '.cache');
export const binDir = join(cacheDir, 'bin');

export const serviceCidr = '10.96.0.0/16';
export const podCidr = '10.244.0.0/16';
export const controlPlaneAddress = '10.200.0.1';
export const dnsAddress = '10.96.0.10';

/** The same of IPv6, in a cluster of both. */
export const ipv6 = {
  serviceCidr: 'fd00:96::/112',
  podCidr: 'fd00:244::/48',
  controlPlaneAddress: 'fd00:200::1',
} as const;

/** What a node has of IPv6. */
interface NodeIpv6 {
  readonly address: string;
  readonly podCidr: string;
}

export interface NodeLayout {
  readonly name: string;
  readonly index: number;
  readonly address: string;
  readonly podCidr: string;
  /** In a cluster whose nodes and pods have addresses of both families. */
  readonly ipv6?: NodeIpv6;
  /** Network namespace, also the name of the node's cgroup. */
  readonly namespace: string;
  /** Images and snapshots; kept between runs so that a warm start imports nothing. */
  readonly containerdRoot: string;
  readonly run: string;
  readonly containerdSocket: string;
  readonly kubeletRoot: string;
}

export interface Layout {
  readonly prefix: string;
  /** Whether nodes, pods and Services have addresses of IPv6 beside those of IPv4, which come first. */
  readonly dualStack: boolean;
  /** Network namespace of the control plane. */
  readonly namespace: string;
  /** Kept between runs: certificates and images. */
  readonly cache: string;
  /** Thrown away by `down`: sockets, process ids, logs, etcd's data. Short, since socket paths end at 107 bytes. */
  readonly run: string;
  readonly pki: string;
  readonly logs: string;
  readonly pids: string;
  readonly kubeconfig: string;
  /** How the nodes reach registries, a folder each with a hosts.toml. */
  readonly registries: string;
  readonly nodes: readonly NodeLayout[];
}

/** A prefix for `purpose` that differs between checkouts, so that two of them can run side by side. */
export function defaultPrefix(purpose: 'test' | 'demo' | 'cluster' | 'bench' | 'faults'): string {
  const checkout = createHash('sha256').update(repository).digest('hex').slice(0, 4);
  return `as${purpose.charAt(0)}-${checkout}`;
}

/** What a user types to do `what` to the cluster of this prefix. */
export function commandLine({ prefix }: Pick<Layout, 'prefix'>, what: string): string {
  return `npm run cluster -- ${prefix === defaultPrefix('cluster') ? '' : `--prefix ${prefix} `}${what}`;
}

/** @param prefix 2 to 9 of a-z, 0-9 and `-`: interface names end at 15 bytes. */
export function layout(prefix: string, nodeCount = 2, { dualStack = false } = {}): Layout {
  if (!/^[a-z][a-z0-9-]{1,8}$/.test(prefix)) {
    throw new Error(`prefix "${prefix}" must be 2 to 9 characters of a-z, 0-9 and "-", beginning with a letter`);
  }
  const cache = join(cacheDir, 'cluster', prefix);
  const run = join('/run', `appserver-${prefix}`);
  const nodes = Array.from({ length: nodeCount }, (_, i): NodeLayout => {
    const name = `${prefix}-n${i + 1}`;
    const nodeRun = join(run, name);
    return {
      name,
      index: i + 1,
      address: `10.200.0.${11 + i}`,
      podCidr: `10.244.${i + 1}.0/24`,
      ...(dualStack && { ipv6: { address: `fd00:200::1${i + 1}`, podCidr: `fd00:244:0:${i + 1}::/64` } }),
      namespace: name,
      containerdRoot: join(cache, name, 'containerd'),
      run: nodeRun,
      containerdSocket: join(nodeRun, 'containerd.sock'),
      kubeletRoot: join(nodeRun, 'kubelet'),
    };
  });
  return {
    prefix,
    dualStack,
    namespace: prefix,
    cache,
    run,
    pki: join(cache, 'pki'),
    logs: join(run, 'logs'),
    pids: join(run, 'pids'),
    kubeconfig: join(run, 'admin.kubeconfig'),
    registries: join(run, 'registries'),
    nodes,
  };
}
