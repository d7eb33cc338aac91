// The cluster's registry, with an account, and credentials for it as `docker login` leaves them.
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { layout } from '../cluster/layout.ts';
import { registryAddress, startRegistry } from '../cluster/registry.ts';
import { kubeconfig } from './api.ts';

/** That of the tests, whichever that is. */
export const cluster = layout(basename(dirname(kubeconfig)).replace(/^appserver-/, ''));

export const account = { user: 'robot', password: 'only for this test' } as const;
const htpasswd = 'robot:$2b$04$j8MI.tIY97TJaMPJIzhH8OAxbRyGC8YRE3XyTtV6qRwcTfubFtQt2\n';

/** Empty, and closed to whoever has no account. */
export const startPrivateRegistry = (): Promise<void> => startRegistry(cluster, { kind: 'accounts', htpasswd });

/** As `docker login` writes them. */
export function credentials({ user, password }: { user: string; password: string }, host = registryAddress): string {
  return JSON.stringify({ auths: { [host]: { auth: Buffer.from(`${user}:${password}`).toString('base64') } } });
}

/** A home directory with a Docker configuration. */
export function homeWith(config: string): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'appserver-home-'));
  mkdirSync(join(path, '.docker'));
  writeFileSync(join(path, '.docker/config.json'), config);
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}
