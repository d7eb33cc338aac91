// The admin port: /livez, /readyz (each with ?verbose), /metrics, /status. Read-only.
import type { Server, ServerResponse } from 'node:http';
import { hostAndPort } from '../config/address.ts';
import { RuntimeError } from '../errors.ts';
import { metricsText } from '../status/metrics.ts';
import { liveChecks, readyChecks, type Check, type Health, type Report } from '../status/report.ts';
import { openMetricsContentType } from '../text/open-metrics.ts';
import { guardedServer, type Asked } from './server.ts';

export interface AdminOptions {
  /** HOST:PORT or [HOST]:PORT */
  readonly address: string;
  readonly health: () => Health;
  readonly report: () => Report;
  /** What the application counts itself, in the OpenMetrics format; undefined where there is nothing. */
  readonly applicationMetrics: () => Promise<string | undefined>;
  /** Ready workers that make the pod ready. */
  readonly readyWorkers: () => number;
  /** What the application says of itself, where it is asked. */
  readonly applicationCheck: () => Check | undefined;
}

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  });
  response.end(body);
}

/** The answer that kube-apiserver's own health endpoints give: one word, or a line a check. */
function sendChecks(response: ServerResponse, name: string, checks: readonly Check[], verbose: boolean): void {
  const ok = checks.every((check) => check.ok);
  const lines = checks.map((check) => (check.ok ? `[+]${check.name} ok` : `[-]${check.name} failed: ${check.why}`));
  const summary = `${name} check ${ok ? 'passed' : 'failed'}`;
  const body = ok && !verbose ? 'ok' : [...lines, summary, ''].join('\n');
  send(response, ok ? 200 : 503, 'text/plain; charset=utf-8', body);
}

function allReadyChecks({ health, readyWorkers, applicationCheck }: AdminOptions): Check[] {
  const application = applicationCheck();
  return [...readyChecks(health(), readyWorkers()), ...(application === undefined ? [] : [application])];
}

async function answer({ method, path, query }: Asked, response: ServerResponse, options: AdminOptions): Promise<void> {
  if (method !== 'GET' && method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    return send(response, 405, 'text/plain; charset=utf-8', 'the admin port is read-only\n');
  }
  const verbose = query.has('verbose');
  switch (path) {
    case '/livez':
      return sendChecks(response, 'livez', liveChecks(options.health()), verbose);
    case '/readyz':
      return sendChecks(response, 'readyz', allReadyChecks(options), verbose);
    case '/status':
      return send(response, 200, 'application/json', `${JSON.stringify(options.report())}\n`);
    case '/metrics':
      return send(response, 200, openMetricsContentType, metricsText(options.report()));
    case '/metrics/application': {
      const text = await options.applicationMetrics();
      if (text !== undefined) return send(response, 200, openMetricsContentType, text);
      const why = 'the application has no metrics; PROMETHEUS_MULTIPROC_DIR turns those of prometheus_client on\n';
      return send(response, 404, 'text/plain; charset=utf-8', why);
    }
    default:
      return send(response, 404, 'text/plain; charset=utf-8', 'there are /livez, /readyz, /metrics and /status\n');
  }
}

/** Resolves once the port listens. @throws RuntimeError ADMIN_PORT_IN_USE or LISTEN_FAILED */
export function startAdmin(options: AdminOptions): Promise<Server> {
  const server = guardedServer(
    // Probes are small and quick; anything else must not take memory or sockets from the pod.
    {
      maxHeaderSize: 8_192,
      headersTimeout: 5_000,
      requestTimeout: 5_000,
      keepAliveTimeout: 5_000,
      // Only so often are the two above looked at.
      connectionsCheckingInterval: 1_000,
      mostConnections: 64,
    },
    (asked, response) => answer(asked, response, options),
    // A stranger must not fill the log of the application.
    () => undefined,
  );
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const code = error.code === 'EADDRINUSE' ? 'ADMIN_PORT_IN_USE' : 'LISTEN_FAILED';
      reject(new RuntimeError(code, `cannot listen on ${options.address}: ${error.message}`, { cause: error }));
    });
    const { host, port } = hostAndPort(options.address);
    server.listen({ port, ...(host !== '' && { host }) }, () => resolve(server));
  });
}
