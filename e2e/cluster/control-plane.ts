// etcd, API server, controller manager, scheduler and the control plane's own kube-proxy.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CommandFailed, inNamespace, run } from './command.ts';
import { assertRunning, isRunning, logTail, startDaemon } from './daemon.ts';
import { binDir, controlPlaneAddress, ipv6, podCidr, serviceCidr, type Layout } from './layout.ts';

const k8s = join(binDir, 'k8s');

/** As flags have it: that of IPv4 first, which is the one of Services that say nothing. */
const ofFamilies = ({ dualStack }: Layout, ofIpv4: string, ofIpv6: string): string =>
  dualStack ? `${ofIpv4},${ofIpv6}` : ofIpv4;

function apiServerFlags(layout: Layout): string[] {
  const pki = (file: string): string => join(layout.pki, file);
  return [
    '--etcd-servers=http://127.0.0.1:2379',
    `--advertise-address=${controlPlaneAddress}`,
    `--tls-cert-file=${pki('apiserver.crt')}`,
    `--tls-private-key-file=${pki('apiserver.key')}`,
    `--client-ca-file=${pki('ca.crt')}`,
    `--service-account-key-file=${pki('sa.pub')}`,
    `--service-account-signing-key-file=${pki('sa.key')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-cluster-ip-range=${ofFamilies(layout, serviceCidr, ipv6.serviceCidr)}`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--allow-privileged=true',
    `--kubelet-client-certificate=${pki('admin.crt')}`,
    `--kubelet-client-key=${pki('admin.key')}`,
    '--kubelet-preferred-address-types=InternalIP',
    `--requestheader-client-ca-file=${pki('front-ca.crt')}`,
    '--requestheader-allowed-names=front-proxy-client',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-username-headers=X-Remote-User',
    `--proxy-client-cert-file=${pki('front.crt')}`,
    `--proxy-client-key-file=${pki('front.key')}`,
    '--enable-aggregator-routing=true',
  ];
}

function controllerManagerFlags(layout: Layout): string[] {
  return [
    `--kubeconfig=${layout.kubeconfig}`,
    '--leader-elect=false',
    `--service-account-private-key-file=${join(layout.pki, 'sa.key')}`,
    `--root-ca-file=${join(layout.pki, 'ca.crt')}`,
    '--use-service-account-credentials=true',
    `--cluster-signing-cert-file=${join(layout.pki, 'ca.crt')}`,
    `--cluster-signing-key-file=${join(layout.pki, 'ca.key')}`,
    // With the default of 20 requests a second, 200 HPAs alone use it up and Deployments stop being observed.
    '--kube-api-qps=500',
    '--kube-api-burst=1000',
    // A cluster for tests need not be sparing: the autoscaler looks often, and at pods that have only just started.
    '--horizontal-pod-autoscaler-sync-period=1s',
    '--horizontal-pod-autoscaler-initial-readiness-delay=1s',
    '--horizontal-pod-autoscaler-cpu-initialization-period=1s',
  ];
}

/** Runs kubectl against the cluster as its administrator. */
export function kubectl(layout: Layout, args: readonly string[], input?: string): Promise<string> {
  const command = inNamespace(layout.namespace, join(binDir, 'kubectl'), `--kubeconfig=${layout.kubeconfig}`, ...args);
  return run(command, input === undefined ? {} : { input });
}

async function answersReady(layout: Layout, ...flags: readonly string[]): Promise<boolean> {
  try {
    // The list of failing checks contains the word "ok" as well: only the whole answer counts.
    return (await kubectl(layout, [...flags, '--request-timeout=2s', 'get', '--raw=/readyz'])).trim() === 'ok';
  } catch (error) {
    if (error instanceof CommandFailed) return false;
    throw error;
  }
}

/** Whether a Service leads to its endpoints from the control plane, which takes kube-proxy a moment. */
export function servicesRouted(layout: Layout): Promise<boolean> {
  return answersReady(layout, '--server=https://10.96.0.1');
}

/** Starts what does not run of etcd and the API server, and waits until the latter is ready. @throws with the end of the log when one dies. */
export async function startApiServer(layout: Layout): Promise<void> {
  const inside = (...command: readonly string[]): string[] => inNamespace(layout.namespace, ...command);
  const etcdData = join(layout.run, 'etcd');
  if (!isRunning(layout, 'etcd')) {
    startDaemon(layout, 'etcd', inside(join(binDir, 'etcd'), `--data-dir=${etcdData}`, '--unsafe-no-fsync'));
  }
  if (!isRunning(layout, 'apiserver')) {
    startDaemon(layout, 'apiserver', inside(k8s, 'apiserver', ...apiServerFlags(layout)));
  }
  const deadline = performance.now() + 60_000;
  while (!(await answersReady(layout))) {
    assertRunning(layout, ['etcd', 'apiserver']);
    if (performance.now() > deadline) {
      throw new Error(`the API server was not ready within 60 s:\n${logTail(layout, 'apiserver')}`);
    }
    await delay(100);
  }
}

export function startControllers(layout: Layout): void {
  const inside = (...command: readonly string[]): string[] => inNamespace(layout.namespace, ...command);
  startDaemon(layout, 'controller-manager', inside(k8s, 'controller-manager', ...controllerManagerFlags(layout)));
  startDaemon(
    layout,
    'scheduler',
    inside(
      k8s,
      'scheduler',
      `--kubeconfig=${layout.kubeconfig}`,
      '--leader-elect=false',
      '--kube-api-qps=500',
      '--kube-api-burst=1000',
    ),
  );
  // It waits half a minute for its node to exist, and the control plane is none: so it goes by the name of one.
  const [node] = layout.nodes;
  if (node !== undefined) startProxy(layout, layout.namespace, node.name, `proxy-${layout.prefix}-cp`);
}

/** kube-proxy in `namespace` for the node called `host`. */
export function startProxy(layout: Layout, namespace: string, host: string, daemon = `proxy-${host}`): void {
  const path = join(layout.run, `${daemon}.json`);
  const config = {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'iptables',
    clientConnection: { kubeconfig: layout.kubeconfig },
    clusterCIDR: ofFamilies(layout, podCidr, ipv6.podCidr),
    conntrack: { maxPerCore: 0, min: 0 },
    hostnameOverride: host,
  };
  writeFileSync(path, JSON.stringify(config));
  startDaemon(layout, daemon, inNamespace(namespace, k8s, 'proxy', `--config=${path}`));
}
