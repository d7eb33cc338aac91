// Copies image archives with skopeo: into archives under other names, and to registries.
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandFailed, run } from '../../e2e/cluster/command.ts';
import type { Destination } from './destination.ts';
import { PushError, pushFailure } from './failure.ts';

export interface PushOptions {
  /** Plain HTTP, or a certificate that cannot be verified, is accepted. A registry on this machine may always have it. */
  readonly plainHttp?: boolean;
  /** Credentials, in the format of Docker's config.json. Default: those of DOCKER_CONFIG, or where skopeo looks for them. */
  readonly credentials?: string;
}

/** Writes the image of one OCI archive into another, where it has the name `as`. */
export async function writeArchive(archive: string, target: string, as: string): Promise<void> {
  rmSync(target, { force: true });
  await run(['skopeo', 'copy', '--quiet', `oci-archive:${archive}`, `oci-archive:${target}:${as}`]);
}

/** skopeo itself looks into `$XDG_RUNTIME_DIR/containers/auth.json` and `~/.docker/config.json`. */
function credentialsFile(options: PushOptions): string | undefined {
  if (options.credentials !== undefined) return options.credentials;
  const directory = process.env['DOCKER_CONFIG'];
  if (directory === undefined) return undefined;
  const file = join(directory, 'config.json');
  return existsSync(file) ? file : undefined;
}

/**
 * Pushes the image of an OCI archive and reads it back.
 * @param name full name with tag
 * @returns its digest in the registry
 * @throws PushError
 */
export async function push(
  archive: string,
  name: string,
  destination: Destination,
  options: PushOptions = {},
): Promise<string> {
  const { host, loopback } = destination;
  const verify = !(loopback || options.plainHttp === true);
  const credentials = credentialsFile(options);
  const file = credentials === undefined ? [] : [credentials];
  const scratch = mkdtempSync(join(tmpdir(), 'appserver-push-'));
  try {
    const digestFile = join(scratch, 'digest');
    await run([
      ...['skopeo', 'copy', '--quiet', '--retry-times=2', `--digestfile=${digestFile}`, `--dest-tls-verify=${verify}`],
      ...file.map((path) => `--dest-authfile=${path}`),
      ...[`oci-archive:${archive}`, `docker://${name}`],
    ]);
    const digest = readFileSync(digestFile, 'utf8').trim();
    // A web server that answers 200 to everything has taken it as well.
    const stored = await run([
      ...['skopeo', 'inspect', '--raw', `--tls-verify=${verify}`],
      ...file.map((path) => `--authfile=${path}`),
      `docker://${name}`,
    ]);
    if (`sha256:${createHash('sha256').update(stored).digest('hex')}` === digest) return digest;
    throw new PushError('NOT_A_REGISTRY', `${host} took ${name} and answers with something else when asked for it`);
  } catch (error) {
    if (error instanceof CommandFailed) throw pushFailure(host, error.stderr, error);
    throw error;
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
