// How long the application's server keeps idle connections open.
import { Server as HttpServer } from 'node:http';
import type { Server } from 'node:net';

/** Node compares both clocks: a connection that is idle is not to run into the limit for the head of a request. */
const aboveMs = 1_000;

interface Timeouts {
  keepAliveTimeout: number;
  headersTimeout: number;
}

function hasTimeouts(server: Server): server is Server & Timeouts {
  return 'keepAliveTimeout' in server && 'headersTimeout' in server && typeof server.keepAliveTimeout === 'number';
}

/** What the application has set itself, before or later, stays. */
export function keepAlive(server: Server, ms: number): void {
  if (!hasTimeouts(server)) return;
  const { keepAliveTimeout, headersTimeout } = new HttpServer();
  if (server.keepAliveTimeout !== keepAliveTimeout) return;
  // 0 would be no limit to Node.
  server.keepAliveTimeout = Math.max(1, ms);
  if (server.headersTimeout === headersTimeout) server.headersTimeout = Math.max(headersTimeout, ms + aboveMs);
}
