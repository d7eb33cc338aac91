// The operator's own /livez, /readyz and /metrics.
import { createServer, type Server } from 'node:http';
import type { Registry } from 'prom-client';
import { OperatorError } from '../process/errors.ts';

export interface AdminOptions {
  readonly port: number;
  /** Undefined when metrics are served elsewhere. */
  readonly registry: Registry | undefined;
  /** Whether all caches have been filled. */
  readonly isReady: () => boolean;
}

async function answer(url: string, options: AdminOptions): Promise<{ status: number; type: string; body: string }> {
  const plain = 'text/plain; charset=utf-8';
  switch (url) {
    case '/livez':
      return { status: 200, type: plain, body: 'ok' };
    case '/readyz':
      return options.isReady()
        ? { status: 200, type: plain, body: 'ok' }
        : { status: 503, type: plain, body: 'not all resources have been listed yet; the log tells what is missing\n' };
    case '/metrics':
      if (options.registry === undefined) return { status: 404, type: plain, body: 'metrics are served over TLS\n' };
      return { status: 200, type: options.registry.contentType, body: await options.registry.metrics() };
    default:
      return { status: 404, type: plain, body: 'there are /livez, /readyz and /metrics\n' };
  }
}

/** Resolves once the port listens. @throws OperatorError ADMIN_PORT_IN_USE */
export function startAdmin(options: AdminOptions): Promise<Server> {
  const server = createServer({ maxHeaderSize: 16_384, requestTimeout: 10_000 }, (request, response) => {
    answer((request.url ?? '').split('?')[0] ?? '', options)
      .then(({ status, type, body }) => response.writeHead(status, { 'content-type': type }).end(body))
      .catch(() => response.destroy());
  });
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(
        new OperatorError('ADMIN_PORT_IN_USE', `cannot listen on port ${options.port}: ${error.message}`, {
          cause: error,
        }),
      );
    });
    server.listen(options.port, () => resolve(server));
  });
}
