// A scripted API server: each request gets the next answer. TLS is client-node's business, not what is tested here, so the
// certificate is made on the spot.
import { KubeConfig, type Cluster } from '@kubernetes/client-node';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createPlainServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { KubeClient, type KubeClientOptions } from '../../src/kube/client.ts';

interface Seen {
  readonly method: string;
  readonly url: URL;
  readonly authorization: string | undefined;
  /** Common name of the client's certificate. */
  readonly certificate: string | undefined;
  readonly impersonated: string | undefined;
}

export type Answer = (response: ServerResponse, seen: Seen) => void;

export interface ScriptedServer extends AsyncDisposable {
  readonly client: KubeClient;
  readonly seen: readonly Seen[];
  readonly port: number;
  readonly cluster: Cluster;
  /** Sockets that were opened. */
  connections(): number;
  /** Those that are open. */
  open(): number;
}

/** A certificate that signs itself, and its key, in PEM. */
export function certificate(name = 'localhost'): { key: string; cert: string } {
  const dir = mkdtempSync(join(tmpdir(), 'appserver-tls-'));
  try {
    const args = [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '1',
      '-subj',
      `/CN=${name}`,
    ];
    const files = [
      '-addext',
      'subjectAltName=IP:127.0.0.1,IP:::1,DNS:api.test',
      '-keyout',
      join(dir, 'key'),
      '-out',
      join(dir, 'cert'),
    ];
    execFileSync('openssl', [...args, ...files], { stdio: 'ignore' });
    return { key: readFileSync(join(dir, 'key'), 'utf8'), cert: readFileSync(join(dir, 'cert'), 'utf8') };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function commonName(socket: Socket): string | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const { subject } = socket.getPeerCertificate();
  return typeof subject?.CN === 'string' ? subject.CN : undefined;
}

function withToken(cluster: Cluster, options?: KubeClientOptions): KubeClient {
  const config = new KubeConfig();
  config.loadFromClusterAndUser(cluster, { name: 'test', token: 'secret' });
  return new KubeClient(config, options);
}

export function json(status: number, body: unknown): Answer {
  return (response) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

export interface Listening {
  readonly host: '127.0.0.1' | '::1';
  readonly protocol: 'http' | 'https';
}

/**
 * @param script answers in the order of requests; the last one answers all that follow
 * @param connect makes the client; default: with a token
 */
export async function scriptedServer(
  script: readonly Answer[],
  options?: KubeClientOptions,
  connect?: (cluster: Cluster) => KubeClient,
  { host, protocol }: Listening = { host: '127.0.0.1', protocol: 'https' },
): Promise<ScriptedServer> {
  const { key, cert } = certificate();
  const seen: Seen[] = [];
  let connections = 0;
  const tls = { key, cert, requestCert: true, rejectUnauthorized: false };
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const one = {
      method: request.method ?? '',
      url: new URL(request.url ?? '', 'https://x'),
      authorization: request.headers.authorization,
      certificate: commonName(request.socket),
      impersonated: request.headers['impersonate-user']?.toString(),
    };
    seen.push(one);
    const answer = script[Math.min(seen.length, script.length) - 1];
    request.resume().on('end', () => answer?.(response, one));
  };
  const server = protocol === 'https' ? createServer(tls, listener) : createPlainServer(listener);
  let open = 0;
  server.on('connection', (socket: Socket) => {
    connections++;
    open++;
    socket.on('close', () => open--);
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  const cluster = {
    name: 'test',
    server: `${protocol}://${host === '::1' ? '[::1]' : host}:${address.port}`,
    caData: Buffer.from(cert).toString('base64'),
    skipTLSVerify: false,
  };
  const client = connect?.(cluster) ?? withToken(cluster, options);
  return {
    client,
    seen,
    port: address.port,
    cluster,
    open: () => open,
    connections: () => connections,
    [Symbol.asyncDispose]: async () => {
      client.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
