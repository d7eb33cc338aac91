// One node: containerd, kubelet and kube-proxy in the node's network namespace and cgroup.
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { inNamespace, run, succeeds } from './command.ts';
import { assertRunning, isRunning, logTail, pidOf, startDaemon } from './daemon.ts';
import { alone } from './host-lock.ts';
import { throwIfInterrupted } from './interruption.ts';
import { startProxy } from './control-plane.ts';
import { binDir, dnsAddress, type Layout, type NodeLayout } from './layout.ts';

const cgroupRoot = '/sys/fs/cgroup';
export const pauseImage = 'localhost/appserver-cluster/pause:1';

/** The v1 hierarchies of this machine, or the one of v2. */
export function cgroupHierarchies(): string[] {
  if (existsSync(join(cgroupRoot, 'cgroup.controllers'))) return [cgroupRoot];
  return readdirSync(cgroupRoot)
    .map((name) => join(cgroupRoot, name))
    .filter((path) => existsSync(join(path, 'cgroup.procs')));
}

function makeCgroup(name: string): void {
  for (const hierarchy of cgroupHierarchies()) mkdirSync(join(hierarchy, name), { recursive: true });
  const cpuset = join(cgroupRoot, 'cpuset');
  // A new v1 cpuset starts empty, and nothing can run in it.
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    if (existsSync(join(cpuset, file))) writeFileSync(join(cpuset, name, file), readFileSync(join(cpuset, file)));
  }
}

function writeCniConfig(node: NodeLayout): string {
  const dir = join(node.run, 'cni');
  mkdirSync(dir, { recursive: true });
  const config = {
    cniVersion: '1.0.0',
    name: node.name,
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        isGateway: true,
        hairpinMode: true,
        ipam: {
          type: 'host-local',
          dataDir: join(node.run, 'addresses'),
          ranges: [[{ subnet: node.podCidr }], ...(node.ipv6 ? [[{ subnet: node.ipv6.podCidr }]] : [])],
          routes: [{ dst: '0.0.0.0/0' }, ...(node.ipv6 ? [{ dst: '::/0' }] : [])],
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  };
  writeFileSync(join(dir, '10-bridge.conflist'), JSON.stringify(config));
  return dir;
}

function containerdConfig(layout: Layout, node: NodeLayout, cniDir: string): string {
  // restrict_oom_score_adj: without CAP_SYS_RESOURCE runc may not lower oom_score_adj, and every sandbox would fail.
  return `version = 2
root = "${node.containerdRoot}"
state = "${join(node.run, 'containerd')}"
[grpc]
  address = "${node.containerdSocket}"
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  sandbox_image = "${pauseImage}"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${cniDir}"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "${layout.registries}"
`;
}

/** Starts containerd and waits for its socket: a kubelet without one exits. */
export async function startContainerd(layout: Layout, node: NodeLayout): Promise<void> {
  mkdirSync(node.run, { recursive: true });
  mkdirSync(node.containerdRoot, { recursive: true });
  const config = join(node.run, 'containerd.toml');
  writeFileSync(config, containerdConfig(layout, node, writeCniConfig(node)));
  const name = `containerd-${node.name}`;
  startDaemon(layout, name, inNamespace(node.namespace, 'containerd', '-c', config));
  const deadline = performance.now() + 30_000;
  while (!(await succeeds(['ctr', '-a', node.containerdSocket, 'version'], { timeoutMs: 5_000 }))) {
    if (!isRunning(layout, name) || performance.now() > deadline) {
      throw new Error(`containerd of ${node.name} did not start:\n${logTail(layout, name)}`);
    }
    await delay(50);
  }
}

function kubeletConfig(layout: Layout, node: NodeLayout): object {
  const resolvConf = join(node.run, 'resolv.conf');
  writeFileSync(resolvConf, `nameserver ${dnsAddress}\n`);
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: join(layout.pki, 'ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    failCgroupV1: false,
    failSwapOn: false,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${node.name}`,
    enforceNodeAllocatable: [],
    clusterDNS: [dnsAddress],
    clusterDomain: 'cluster.local',
    containerRuntimeEndpoint: `unix://${node.containerdSocket}`,
    evictionHard: {
      'memory.available': '100Mi',
      'nodefs.available': '1%',
      'imagefs.available': '1%',
      'nodefs.inodesFree': '1%',
    },
    // How full volumes are: at every look of the eviction manager (10 s) and not once in one to two minutes.
    volumeStatsAggPeriod: '5s',
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    // An image that a test has pulled with credentials is also one that was loaded, under another name: kubelet would ask for
    // credentials wherever that is used from then on, and there is nowhere to pull it from.
    imagePullCredentialsVerificationPolicy: 'NeverVerify',
    resolvConf,
    podLogsDir: join(node.run, 'pod-logs'),
    tlsCertFile: join(layout.pki, `${node.name}.crt`),
    tlsPrivateKeyFile: join(layout.pki, `${node.name}.key`),
    serializeImagePulls: false,
  };
}

/** Where every kubelet listens for device plugins: no flag moves it. Each removes what is there, and listens then. */
const devicePluginSocket = '/var/lib/kubelet/device-plugins/kubelet.sock';

/** Starts kubelets and kube-proxies, one after the other, since a kubelet ends that finds the socket of one that starts with it. */
export function startKubelets(layout: Layout, nodes = layout.nodes): Promise<void> {
  return alone('kubelets', async () => {
    for (const node of nodes) {
      startKubelet(layout, node);
      await listensForDevicePlugins(layout, `kubelet-${node.name}`);
    }
  });
}

/** Those of the network namespace of a process, as the kernel tells of them; empty once it has ended. */
function unixSockets(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/net/unix`, 'utf8');
  } catch {
    return '';
  }
}

async function listensForDevicePlugins(layout: Layout, name: string): Promise<void> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    throwIfInterrupted();
    assertRunning(layout, [name]);
    const pid = pidOf(layout, name);
    // Of the network namespace of its node, which no other kubelet is in.
    if (pid !== undefined && unixSockets(pid).includes(devicePluginSocket)) return;
    if (performance.now() > deadline) throw new Error(`${name} does not listen:\n${logTail(layout, name)}`);
    await delay(20);
  }
}

/** Starts kubelet and kube-proxy; the node is Ready a little later. */
function startKubelet(layout: Layout, node: NodeLayout): void {
  makeCgroup(node.name);
  const config = join(node.run, 'kubelet.json');
  writeFileSync(config, JSON.stringify(kubeletConfig(layout, node)));
  startDaemon(
    layout,
    `kubelet-${node.name}`,
    inNamespace(
      node.namespace,
      join(binDir, 'k8s'),
      'kubelet',
      `--config=${config}`,
      `--kubeconfig=${join(layout.run, `${node.name}.kubeconfig`)}`,
      `--root-dir=${node.kubeletRoot}`,
      `--cert-dir=${join(node.run, 'pki')}`,
      `--hostname-override=${node.name}`,
      `--node-ip=${[node.address, ...(node.ipv6 ? [node.ipv6.address] : [])].join(',')}`,
      `--node-labels=topology.kubernetes.io/zone=zone-${node.index}`,
    ),
  );
  startProxy(layout, node.namespace, node.name);
}

/** Brings an OCI or Docker archive into the node's containerd. */
export async function importImage(node: NodeLayout, archive: string): Promise<void> {
  await run(['ctr', '-a', node.containerdSocket, '-n', 'k8s.io', 'image', 'import', '--no-unpack=false', archive], {
    timeoutMs: 120_000,
  });
}
