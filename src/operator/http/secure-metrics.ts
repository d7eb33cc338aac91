// Metrics and CPU profiles over TLS, for those whom the API server knows and allows to get their paths.
import { readFileSync, watch } from 'node:fs';
import { Server as TlsServer } from 'node:https';
import type { Server } from 'node:net';
import { join } from 'node:path';
import type { Registry } from 'prom-client';
import { OperatorError } from '../process/errors.ts';
import { profile } from './profile.ts';
import { plain, startServer, type Answer, type Handler, type Request } from './server.ts';
import type { Reviewer } from './token-review.ts';

export interface SecureMetricsOptions {
  readonly port: number;
  /** Folder with tls.crt and tls.key, as a Secret of type kubernetes.io/tls is mounted. */
  readonly tlsDir: string;
  readonly registry: Registry;
  readonly reviewer: Pick<Reviewer, 'mayGet'>;
  readonly onError: (error: unknown) => void;
}

/** Undefined for whoever may. */
async function refusal(
  { path, headers, from }: Pick<Request, 'path' | 'headers' | 'from'>,
  { reviewer, onError }: Pick<SecureMetricsOptions, 'reviewer' | 'onError'>,
): Promise<Answer | undefined> {
  try {
    const verdict = await reviewer.mayGet(headers.authorization, { path, from });
    switch (verdict.kind) {
      case 'allowed':
        return undefined;
      case 'unknown':
        return plain(401, 'a bearer token that the API server knows is needed\n');
      case 'forbidden':
        return plain(403, `the bearer may not get the non-resource URL ${path}\n`);
      case 'busy': {
        const seconds = Math.max(1, Math.ceil(verdict.retryAfterMs / 1000));
        const busy = plain(429, 'too many tokens that are not known yet; try again\n');
        return { ...busy, headers: { 'retry-after': String(seconds) } };
      }
    }
  } catch (error) {
    onError(error);
    return plain(503, 'the API server cannot say who you are; try again\n');
  }
}

export function secureMetricsHandler(options: Omit<SecureMetricsOptions, 'port' | 'tlsDir'>): Handler {
  const { registry } = options;
  return async (request) => {
    const { path, query } = request;
    if (path !== '/metrics' && path !== '/debug/profile') {
      return plain(404, 'there are /metrics and /debug/profile?seconds=10\n');
    }
    const refused = await refusal(request, options);
    if (refused !== undefined) return refused;
    if (path === '/debug/profile') return profile(query.get('seconds'));
    return { status: 200, type: registry.contentType, body: await registry.metrics() };
  };
}

/** @throws OperatorError METRICS_TLS_INVALID */
function certificate(dir: string): { cert: Buffer; key: Buffer } {
  try {
    return { cert: readFileSync(join(dir, 'tls.crt')), key: readFileSync(join(dir, 'tls.key')) };
  } catch (error) {
    throw new OperatorError('METRICS_TLS_INVALID', `the certificate in ${dir}: ${String(error)}`, { cause: error });
  }
}

/** A mounted Secret changes by a rename in its folder. Where that cannot be watched, the server keeps the certificate that it has. */
function replaceWhenChanged(server: Server, dir: string, onError: (error: unknown) => void): void {
  try {
    const watching = watch(dir, { persistent: false }, () => {
      try {
        if (server instanceof TlsServer) server.setSecureContext(certificate(dir));
      } catch (error) {
        // The one that is in use stays.
        onError(error);
      }
    });
    watching.on('error', onError);
    server.on('close', () => watching.close());
  } catch (error) {
    onError(error);
  }
}

/** Resolves once the port listens. @throws OperatorError METRICS_TLS_INVALID or ADMIN_PORT_IN_USE */
export async function startSecureMetrics(options: SecureMetricsOptions): Promise<Server> {
  const { port, tlsDir, onError } = options;
  const tls = certificate(tlsDir);
  const server = await startServer({ port, tls, onError, handler: secureMetricsHandler(options) }).catch(
    (error: unknown) => {
      // Node's own words for what is no PEM; a port that is taken has a system call.
      const code = error instanceof Error && 'syscall' in error ? 'ADMIN_PORT_IN_USE' : 'METRICS_TLS_INVALID';
      const what = code === 'ADMIN_PORT_IN_USE' ? `cannot listen on port ${port}` : `the certificate in ${tlsDir}`;
      throw new OperatorError(code, `${what}: ${String(error)}`, { cause: error });
    },
  );
  replaceWhenChanged(server, tlsDir, onError);
  return server;
}
