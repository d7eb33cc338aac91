// Metrics and CPU profiles over TLS, for those whom the API server knows and allows to get their paths.
import { readFileSync, watch } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { Session } from 'node:inspector/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import { OperatorError } from '../process/errors.ts';
import type { Reviewer } from './token-review.ts';

export interface SecureMetricsOptions {
  readonly port: number;
  /** Folder with tls.crt and tls.key, as a Secret of type kubernetes.io/tls is mounted. */
  readonly tlsDir: string;
  readonly registry: Registry;
  readonly reviewer: Reviewer;
  readonly onError: (error: unknown) => void;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const plain = (status: number, body: string): Answer => ({ status, type: 'text/plain; charset=utf-8', body });

const mostProfileSeconds = 60;

/** A CPU profile, as Chromium's developer tools and `speedscope` read it. */
async function profile(seconds: number): Promise<string> {
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.start');
    await delay(seconds * 1000);
    return JSON.stringify((await session.post('Profiler.stop')).profile);
  } finally {
    session.disconnect();
  }
}

async function answer(url: URL, authorization: string | undefined, options: SecureMetricsOptions): Promise<Answer> {
  const { registry, reviewer } = options;
  const { pathname } = url;
  if (pathname !== '/metrics' && pathname !== '/debug/profile') {
    return plain(404, 'there are /metrics and /debug/profile?seconds=10\n');
  }
  switch (await reviewer.mayGet(authorization, pathname)) {
    case 'unknown':
      return plain(401, 'a bearer token that the API server knows is needed\n');
    case 'forbidden':
      return plain(403, `the bearer may not get the non-resource URL ${pathname}\n`);
    case 'allowed':
      break;
  }
  if (pathname === '/metrics') return { status: 200, type: registry.contentType, body: await registry.metrics() };
  const seconds = Number(url.searchParams.get('seconds') ?? '10');
  if (!(seconds > 0 && seconds <= mostProfileSeconds)) {
    return plain(400, `seconds must be more than 0 and at most ${mostProfileSeconds}\n`);
  }
  return { status: 200, type: 'application/json', body: await profile(seconds) };
}

/** @throws OperatorError METRICS_TLS_INVALID */
function certificate(dir: string): { cert: Buffer; key: Buffer } {
  try {
    return { cert: readFileSync(join(dir, 'tls.crt')), key: readFileSync(join(dir, 'tls.key')) };
  } catch (error) {
    throw new OperatorError('METRICS_TLS_INVALID', `the certificate in ${dir}: ${String(error)}`, { cause: error });
  }
}

/** Resolves once the port listens. @throws OperatorError METRICS_TLS_INVALID or ADMIN_PORT_IN_USE */
export async function startSecureMetrics(options: SecureMetricsOptions): Promise<Server> {
  const { port, tlsDir, onError } = options;
  const limits = { maxHeaderSize: 16_384, requestTimeout: 10_000 };
  const server = createServer({ ...certificate(tlsDir), ...limits }, (request, response) => {
    answer(new URL(request.url ?? '', 'https://localhost'), request.headers.authorization, options)
      .catch((error: unknown) => {
        onError(error);
        return plain(503, 'the API server cannot say who you are; try again\n');
      })
      .then(({ status, type, body }) => response.writeHead(status, { 'content-type': type }).end(body))
      .catch(() => response.destroy());
  });
  // A mounted Secret changes by a rename in its folder.
  const watching = watch(tlsDir, { persistent: false }, () => {
    try {
      server.setSecureContext(certificate(tlsDir));
    } catch (error) {
      // The one that is in use stays.
      onError(error);
    }
  });
  server.on('close', () => watching.close());
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      const cause = `cannot listen on port ${port}: ${error.message}`;
      reject(new OperatorError('ADMIN_PORT_IN_USE', cause, { cause: error }));
    });
    server.listen(port, resolve);
  });
  return server;
}
