// The operator's own /livez, /readyz and /metrics.
import type { Server } from 'node:net';
import type { Registry } from 'prom-client';
import { OperatorError } from '../process/errors.ts';
import { plain, startServer, type Handler } from './server.ts';

export interface HealthOptions {
  /** Undefined when metrics are served elsewhere. */
  readonly registry: Registry | undefined;
  /** Whether all caches have been filled. */
  readonly isReady: () => boolean;
}

export function healthHandler({ registry, isReady }: HealthOptions): Handler {
  return async ({ path }) => {
    switch (path) {
      case '/livez':
        return plain(200, 'ok');
      case '/readyz':
        return isReady()
          ? plain(200, 'ok')
          : plain(503, 'not all resources have been listed yet; the log tells what is missing\n');
      case '/metrics':
        if (registry === undefined) return plain(404, 'metrics are served over TLS\n');
        return { status: 200, type: registry.contentType, body: await registry.metrics() };
      default:
        return plain(404, 'there are /livez, /readyz and /metrics\n');
    }
  };
}

export interface AdminOptions extends HealthOptions {
  readonly port: number;
  readonly onError: (error: unknown) => void;
}

/** Resolves once the port listens. @throws OperatorError ADMIN_PORT_IN_USE */
export async function startAdmin({ port, onError, ...health }: AdminOptions): Promise<Server> {
  try {
    return await startServer({ port, onError, handler: healthHandler(health) });
  } catch (error) {
    throw new OperatorError('ADMIN_PORT_IN_USE', `cannot listen on port ${port}: ${String(error)}`, { cause: error });
  }
}
