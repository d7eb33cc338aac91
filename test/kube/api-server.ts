// A scripted API server: each request gets the next answer. TLS is client-node's business, not what is tested here, so the
// certificate is made on the spot.
import { KubeConfig } from '@kubernetes/client-node';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeClient, type KubeClientOptions } from '../../src/kube/client.ts';

interface Seen {
  readonly method: string;
  readonly url: URL;
}

export type Answer = (response: ServerResponse, seen: Seen) => void;

export interface ScriptedServer extends AsyncDisposable {
  readonly client: KubeClient;
  readonly seen: readonly Seen[];
  /** Sockets that were opened. */
  connections(): number;
}

function certificate(): { key: string; cert: string } {
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
      '/CN=localhost',
    ];
    const files = ['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', join(dir, 'key'), '-out', join(dir, 'cert')];
    execFileSync('openssl', [...args, ...files], { stdio: 'ignore' });
    return { key: readFileSync(join(dir, 'key'), 'utf8'), cert: readFileSync(join(dir, 'cert'), 'utf8') };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

export function json(status: number, body: unknown): Answer {
  return (response) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** @param script answers in the order of requests; the last one answers all that follow */
export async function scriptedServer(script: readonly Answer[], options?: KubeClientOptions): Promise<ScriptedServer> {
  const { key, cert } = certificate();
  const seen: Seen[] = [];
  let connections = 0;
  const server = createServer({ key, cert }, (request, response) => {
    const one = { method: request.method ?? '', url: new URL(request.url ?? '', 'https://x') };
    seen.push(one);
    const answer = script[Math.min(seen.length, script.length) - 1];
    request.resume().on('end', () => answer?.(response, one));
  });
  server.on('connection', () => connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    {
      name: 'test',
      server: `https://127.0.0.1:${address.port}`,
      caData: Buffer.from(cert).toString('base64'),
      skipTLSVerify: false,
    },
    { name: 'test', token: 'secret' },
  );
  const client = new KubeClient(config, options);
  return {
    client,
    seen,
    connections: () => connections,
    [Symbol.asyncDispose]: async () => {
      client.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
