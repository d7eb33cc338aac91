// Certificates of the cluster: one authority for it, one for the aggregation layer. Kept between runs.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.ts';
import { controlPlaneAddress, type Layout } from './layout.ts';

const tenYears = '3650';

async function authority(dir: string, name: string, commonName: string): Promise<void> {
  await run([
    ...['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', tenYears],
    ...['-keyout', join(dir, `${name}.key`), '-out', join(dir, `${name}.crt`), '-subj', `/CN=${commonName}`],
  ]);
}

interface Leaf {
  readonly name: string;
  readonly subject: string;
  readonly altNames: string;
  readonly issuer: 'ca' | 'front-ca';
}

async function leaf(dir: string, { name, subject, altNames, issuer }: Leaf): Promise<void> {
  const path = (suffix: string): string => join(dir, `${name}.${suffix}`);
  await run([
    ...['openssl', 'req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
    ...['-keyout', path('key'), '-out', path('csr'), '-subj', subject],
  ]);
  writeFileSync(path('ext'), `subjectAltName=${altNames}\nextendedKeyUsage=clientAuth,serverAuth\n`);
  await run([
    ...['openssl', 'x509', '-req', '-in', path('csr'), '-CA', join(dir, `${issuer}.crt`)],
    ...['-CAkey', join(dir, `${issuer}.key`), '-CAcreateserial', '-out', path('crt'), '-days', tenYears],
    ...['-extfile', path('ext')],
  ]);
}

/** Makes what is missing. */
export async function ensureCertificates(layout: Layout): Promise<void> {
  const dir = layout.pki;
  const complete = join(dir, `complete-${layout.nodes.length}`);
  if (existsSync(complete)) return;
  mkdirSync(dir, { recursive: true });
  await authority(dir, 'ca', `${layout.prefix}-ca`);
  await authority(dir, 'front-ca', `${layout.prefix}-front-ca`);
  const serverNames = [
    'localhost',
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
  ];
  const addresses = ['127.0.0.1', '10.96.0.1', controlPlaneAddress];
  const leaves: Leaf[] = [
    {
      name: 'apiserver',
      subject: '/CN=kube-apiserver',
      altNames: [...serverNames.map((n) => `DNS:${n}`), ...addresses.map((a) => `IP:${a}`)].join(','),
      issuer: 'ca',
    },
    { name: 'admin', subject: '/O=system:masters/CN=admin', altNames: 'DNS:admin', issuer: 'ca' },
    { name: 'front', subject: '/CN=front-proxy-client', altNames: 'DNS:front', issuer: 'front-ca' },
    ...layout.nodes.map((node): Leaf => ({
      name: node.name,
      subject: `/O=system:nodes/CN=system:node:${node.name}`,
      altNames: `DNS:${node.name},IP:${node.address}`,
      issuer: 'ca',
    })),
  ];
  // One after the other: they share the authority's serial number file.
  for (const one of leaves) await leaf(dir, one);
  await run(['openssl', 'genrsa', '-out', join(dir, 'sa.key'), '2048']);
  await run(['openssl', 'rsa', '-in', join(dir, 'sa.key'), '-pubout', '-out', join(dir, 'sa.pub')]);
  writeFileSync(complete, '');
}

/** Writes a kubeconfig for the client certificate called `user`. */
export function writeKubeconfig(layout: Layout, user: string, path: string): void {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: layout.prefix,
        cluster: { server: `https://${controlPlaneAddress}:6443`, 'certificate-authority': join(layout.pki, 'ca.crt') },
      },
    ],
    users: [
      {
        name: user,
        user: { 'client-certificate': join(layout.pki, `${user}.crt`), 'client-key': join(layout.pki, `${user}.key`) },
      },
    ],
    contexts: [{ name: layout.prefix, context: { cluster: layout.prefix, user } }],
    'current-context': layout.prefix,
  };
  // JSON is YAML, and every client of kubeconfig files reads it.
  writeFileSync(path, JSON.stringify(config, undefined, 2), { mode: 0o600 });
}
