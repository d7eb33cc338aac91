// CoreDNS, so that names work, and metrics-server, so that HPAs on CPU do.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inNamespace } from './command.ts';
import { kubectl } from './control-plane.ts';
import { startDaemon } from './daemon.ts';
import { binDir, controlPlaneAddress, repository, type Layout } from './layout.ts';

function corefile(layout: Layout): string {
  return `.:53 {
  bind ${controlPlaneAddress}
  errors
  ready ${controlPlaneAddress}:8181
  kubernetes cluster.local in-addr.arpa {
    kubeconfig ${layout.kubeconfig} ${layout.prefix}
  }
}
`;
}

export async function startAddons(layout: Layout): Promise<void> {
  const manifest = readFileSync(join(repository, 'e2e/cluster/manifests/addons.yaml'), 'utf8');
  await kubectl(layout, ['apply', '--server-side', '-f', '-'], manifest);
  const config = join(layout.run, 'Corefile');
  writeFileSync(config, corefile(layout));
  startDaemon(layout, 'coredns', inNamespace(layout.namespace, join(binDir, 'coredns'), '-conf', config));
  startDaemon(
    layout,
    'metrics-server',
    inNamespace(
      layout.namespace,
      join(binDir, 'metrics-server'),
      `--kubeconfig=${layout.kubeconfig}`,
      `--authentication-kubeconfig=${layout.kubeconfig}`,
      `--authorization-kubeconfig=${layout.kubeconfig}`,
      '--secure-port=4443',
      `--bind-address=${controlPlaneAddress}`,
      `--cert-dir=${join(layout.run, 'metrics-server')}`,
      '--kubelet-insecure-tls',
      '--kubelet-preferred-address-types=InternalIP',
      '--metric-resolution=15s',
    ),
  );
}
