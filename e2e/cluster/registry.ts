// A registry for images in the control plane's network, from which the nodes pull: for tests, and for walking through the
// installation without one of one's own.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { inNamespace } from './command.ts';
import { assertRunning, logTail, pidOf, startDaemon, stopDaemon } from './daemon.ts';
import { throwIfInterrupted } from './interruption.ts';
import { binDir, controlPlaneAddress, type Layout } from './layout.ts';

const daemon = 'registry';
const port = 5000;
/** As images are named: host and port. It speaks plain HTTP. */
export const registryAddress = `${controlPlaneAddress}:${port}`;

/** Who may pull and push. */
export type RegistryAccess =
  | { readonly kind: 'everybody' }
  /** Lines of htpasswd with bcrypt. */
  | { readonly kind: 'accounts'; readonly htpasswd: string }
  /** Bearers of tokens that another server signs with one of these keys, as large registries have it. */
  | { readonly kind: 'tokens'; readonly realm: string; readonly service: string; readonly jwks: string };

/** Lets containerd of every node pull from it without TLS. Read at each pull. */
function trust({ registries }: Layout): void {
  const directory = join(registries, registryAddress);
  mkdirSync(directory, { recursive: true });
  const url = `"http://${registryAddress}"`;
  // containerd 1.6 ignores a file that names nothing but the server, and asks over https as well where none is named: then a
  // tag that does not exist looks like trouble with TLS.
  writeFileSync(
    join(directory, 'hosts.toml'),
    `server = ${url}\n[host.${url}]\n  capabilities = ["pull", "resolve"]\n`,
  );
}

/** Whether a process listens, by what the kernel shows of its network namespace. */
function listens(pid: number): boolean {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const listening = new RegExp(`: [0-9A-F]+:${hex} [0-9A-F]+:0000 0A `);
  return ['tcp', 'tcp6'].some((table) => listening.test(readFileSync(`/proc/${pid}/net/${table}`, 'utf8')));
}

/** What its configuration says of it. @param file where to write what it reads for that */
function authentication(access: RegistryAccess, file: string): object {
  switch (access.kind) {
    case 'everybody':
      return {};
    case 'accounts':
      writeFileSync(file, access.htpasswd, { mode: 0o600 });
      return { auth: { htpasswd: { realm: 'registry', path: file } } };
    case 'tokens': {
      const { realm, service, jwks } = access;
      writeFileSync(file, jwks);
      return { auth: { token: { realm, service, issuer: service, jwks: file } } };
    }
  }
}

/** Starts it empty, in place of one that runs, and waits until it listens. */
export async function startRegistry(layout: Layout, access: RegistryAccess = { kind: 'everybody' }): Promise<void> {
  await stopDaemon(layout, daemon, 'SIGTERM', 3_000);
  const home = join(layout.run, daemon);
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  const config = join(home, 'config.json');
  // YAML is what it reads, and JSON is YAML.
  writeFileSync(
    config,
    JSON.stringify({
      version: '0.1',
      log: { level: 'info' },
      storage: { filesystem: { rootdirectory: join(home, 'data') }, delete: { enabled: true } },
      http: { addr: `:${port}` },
      ...authentication(access, join(home, 'keys')),
    }),
  );
  trust(layout);
  startDaemon(layout, daemon, inNamespace(layout.namespace, join(binDir, 'registry'), 'serve', config));
  const deadline = performance.now() + 20_000;
  for (;;) {
    throwIfInterrupted();
    assertRunning(layout, [daemon]);
    const pid = pidOf(layout, daemon);
    if (pid !== undefined && listens(pid)) return;
    if (performance.now() > deadline) throw new Error(`the registry does not listen:\n${logTail(layout, daemon)}`);
    await delay(50);
  }
}
