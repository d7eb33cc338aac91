// Network of the cluster: one namespace for the control plane, whose bridge all nodes hang on, and one a node.
import { readdirSync } from 'node:fs';
import { controlPlaneAddress, ipv6, serviceCidr, type Layout } from './layout.ts';
import { inNamespace, run, succeeds } from './command.ts';

const ip = (...args: readonly string[]): Promise<string> => run(['ip', ...args]);

export async function createNetwork(layout: Layout): Promise<void> {
  const cp = layout.namespace;
  await ip('netns', 'add', cp);
  await ip('-n', cp, 'link', 'set', 'lo', 'up');
  await ip('-n', cp, 'link', 'add', 'br0', 'type', 'bridge');
  await ip('-n', cp, 'addr', 'add', `${controlPlaneAddress}/24`, 'dev', 'br0');
  await ip('-n', cp, 'link', 'set', 'br0', 'up');
  // Services are reachable from the control plane too: its own kube-proxy rewrites what is routed here.
  await ip('-n', cp, 'route', 'add', serviceCidr, 'dev', 'br0');
  await run(inNamespace(cp, 'sysctl', '-qw', 'net.ipv4.ip_forward=1'));
  for (const node of layout.nodes) {
    await ip('netns', 'add', node.namespace);
    await ip('-n', node.namespace, 'link', 'set', 'lo', 'up');
    const outside = `${layout.prefix}-v${node.index}`;
    await ip('link', 'add', outside, 'netns', cp, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', node.namespace);
    await ip('-n', cp, 'link', 'set', outside, 'master', 'br0', 'up');
    await ip('-n', node.namespace, 'addr', 'add', `${node.address}/24`, 'dev', 'eth0');
    await ip('-n', node.namespace, 'link', 'set', 'eth0', 'up');
    await ip('-n', node.namespace, 'route', 'add', 'default', 'via', controlPlaneAddress);
    await run(inNamespace(node.namespace, 'sysctl', '-qw', 'net.ipv4.ip_forward=1'));
  }
  for (const from of [{ namespace: cp }, ...layout.nodes]) {
    for (const to of layout.nodes.filter((node) => node.namespace !== from.namespace)) {
      await ip('-n', from.namespace, 'route', 'add', to.podCidr, 'via', to.address);
    }
  }
  if (layout.dualStack) await addIpv6(layout);
}

/** The same of IPv6, once the rest is there. */
async function addIpv6(layout: Layout): Promise<void> {
  const cp = { namespace: layout.namespace, device: 'br0', address: ipv6.controlPlaneAddress };
  const nodes = layout.nodes.flatMap(({ namespace, ipv6: own }) =>
    own === undefined ? [] : [{ namespace, device: 'eth0', ...own }],
  );
  for (const { namespace, device, address } of [cp, ...nodes]) {
    await run(inNamespace(namespace, 'sysctl', '-qw', 'net.ipv6.conf.all.forwarding=1'));
    // Nobody else can have it, and it is needed at once.
    await ip('-n', namespace, 'addr', 'add', `${address}/64`, 'dev', device, 'nodad');
  }
  await ip('-n', cp.namespace, '-6', 'route', 'add', ipv6.serviceCidr, 'dev', 'br0');
  for (const node of nodes) await ip('-n', node.namespace, '-6', 'route', 'add', 'default', 'via', cp.address);
  for (const from of [cp, ...nodes]) {
    for (const to of nodes.filter(({ namespace }) => namespace !== from.namespace)) {
      await ip('-n', from.namespace, '-6', 'route', 'add', to.podCidr, 'via', to.address);
    }
  }
}

/** Deletes the namespaces of the cluster; their interfaces go with them. */
export async function deleteNetwork(layout: Layout): Promise<void> {
  let names: string[] = [];
  try {
    names = readdirSync('/run/netns');
  } catch {
    return;
  }
  for (const name of [layout.namespace, ...layout.nodes.map((node) => node.namespace)]) {
    if (names.includes(name)) await succeeds(['ip', 'netns', 'del', name]);
  }
}
