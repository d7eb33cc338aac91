// Whom a kubeconfig speaks as, and how it knows the server. Both change while the process runs: tokens rotate, plugins renew
// them, certificates are replaced in their files.
import { KubeConfig, type Cluster, type User } from '@kubernetes/client-node';
import { readFileSync } from 'node:fs';
import type { RequestOptions } from 'node:https';

/** PEM, as node:tls takes it. */
type Pem = string | Buffer;

export interface Tls {
  readonly ca?: Pem;
  readonly cert?: Pem;
  readonly key?: Pem;
  /** What the server's certificate is to be for, when it is not the name in the URL. */
  readonly servername?: string;
  readonly rejectUnauthorized: boolean;
}

export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: Tls;
}

/**
 * Where the API server is. Without a scheme it is https when anything is said of TLS, as for kubectl.
 * @throws Error when the kubeconfig does not say
 */
export function serverOf(config: KubeConfig): URL {
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error('the kubeconfig names no cluster for its current context');
  const { server, caData, caFile, skipTLSVerify } = cluster;
  const user = config.getCurrentUser();
  const tls = [caData, caFile, user?.certData, user?.certFile].some((one) => one !== undefined && one !== '');
  const scheme = tls || skipTLSVerify ? 'https' : 'http';
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(server) ? server : `${scheme}://${server}`);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new Error(`the server ${server} of cluster ${cluster.name} is no http or https URL`);
  }
  return url;
}

export class CredentialSource {
  readonly #cluster: Cluster | null;
  readonly #user: User | undefined;
  readonly #secure: boolean;
  /**
   * The user alone. client-node makes an agent beside the credentials, and refuses to for servers and proxies that are
   * none of its business here.
   */
  readonly #identity = new KubeConfig();

  constructor(config: KubeConfig) {
    this.#cluster = config.getCurrentCluster();
    this.#user = config.getCurrentUser() ?? undefined;
    this.#secure = serverOf(config).protocol === 'https:';
    this.#identity.loadFromClusterAndUser(
      { name: 'any', server: 'https://any.invalid', skipTLSVerify: false },
      this.#user ?? { name: '' },
    );
  }

  /** As they are now: reads files, and asks plugins. */
  async read(): Promise<Credentials> {
    const options: RequestOptions & { auth?: string } = {};
    // As for kubectl: what is secret is not sent where everybody on the way could read it.
    if (this.#secure) await this.#identity.applyToHTTPSOptions(options);
    const headers = { ...impersonation(this.#user), ...basic(options), ...stringHeaders(options) };
    return { headers, tls: { ...serverTls(this.#cluster), ...pem('cert', options.cert), ...pem('key', options.key) } };
  }
}

function impersonation(user: User | undefined): Record<string, string> {
  return user?.impersonateUser === undefined ? {} : { 'Impersonate-User': user.impersonateUser };
}

function basic({ auth }: RequestOptions): Record<string, string> {
  return typeof auth === 'string' ? { Authorization: `Basic ${Buffer.from(auth).toString('base64')}` } : {};
}

/** The headers that credentials consist of, in the form that Node's types leave open. Files with tokens may end in a newline. */
function stringHeaders({ headers }: RequestOptions): Record<string, string> {
  return Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, String(value).trim()]));
}

function pem(name: 'cert' | 'key', value: unknown): Partial<Record<'cert' | 'key', Pem>> {
  return typeof value === 'string' || Buffer.isBuffer(value) ? { [name]: value } : {};
}

function serverTls(cluster: Cluster | null): Tls {
  if (cluster === null) return { rejectUnauthorized: true };
  const { caFile, caData, tlsServerName, skipTLSVerify } = cluster;
  const given = (text: string | undefined): text is string => text !== undefined && text !== '';
  return {
    ...(given(caFile) ? { ca: readFileSync(caFile) } : given(caData) ? { ca: Buffer.from(caData, 'base64') } : {}),
    ...(given(tlsServerName) && { servername: tlsServerName }),
    rejectUnauthorized: !skipTLSVerify,
  };
}
