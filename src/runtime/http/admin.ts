// The admin port: /livez, /readyz (each with ?verbose), /metrics, /status. Read-only.
import { endpoint } from '../config/address.ts';
import { RuntimeError } from '../errors.ts';
import { errorCode } from '../host/error-code.ts';
import type { Http, Response, Server } from '../host/host.ts';
import { metricsText } from '../status/metrics.ts';
import { liveChecks, readyChecks, type Check, type Health, type Report } from '../status/report.ts';
import { openMetricsContentType } from '../text/open-metrics.ts';
import { limits, plainText, respondTo, type Asked } from './asked.ts';

export interface AdminOptions {
  readonly http: Http;
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

function answered(status: number, contentType: string, body: string): Response {
  return { status, headers: { 'content-type': contentType, 'cache-control': 'no-store' }, body };
}

/** The answer that kube-apiserver's own health endpoints give: one word, or a line a check. */
function checked(name: string, checks: readonly Check[], verbose: boolean): Response {
  const ok = checks.every((check) => check.ok);
  const lines = checks.map((check) => (check.ok ? `[+]${check.name} ok` : `[-]${check.name} failed: ${check.why}`));
  const summary = `${name} check ${ok ? 'passed' : 'failed'}`;
  const body = ok && !verbose ? 'ok' : [...lines, summary, ''].join('\n');
  return answered(ok ? 200 : 503, plainText, body);
}

function allReadyChecks({ health, readyWorkers, applicationCheck }: AdminOptions): Check[] {
  const application = applicationCheck();
  return [...readyChecks(health(), readyWorkers()), ...(application === undefined ? [] : [application])];
}

async function answer({ method, path, query }: Asked, options: AdminOptions): Promise<Response> {
  if (method !== 'GET' && method !== 'HEAD') {
    const refused = answered(405, plainText, 'the admin port is read-only\n');
    return { ...refused, headers: { ...refused.headers, allow: 'GET, HEAD' } };
  }
  const verbose = query.has('verbose');
  switch (path) {
    case '/livez':
      return checked('livez', liveChecks(options.health()), verbose);
    case '/readyz':
      return checked('readyz', allReadyChecks(options), verbose);
    case '/status':
      return answered(200, 'application/json', `${JSON.stringify(options.report())}\n`);
    case '/metrics':
      return answered(200, openMetricsContentType, metricsText(options.report()));
    case '/metrics/application': {
      const text = await options.applicationMetrics();
      if (text !== undefined) return answered(200, openMetricsContentType, text);
      const why = 'the application has no metrics; PROMETHEUS_MULTIPROC_DIR turns those of prometheus_client on\n';
      return answered(404, plainText, why);
    }
    default:
      return answered(404, plainText, 'there are /livez, /readyz, /metrics and /status\n');
  }
}

/** Resolves once the port listens. @throws RuntimeError ADMIN_PORT_IN_USE or LISTEN_FAILED */
export async function startAdmin(options: AdminOptions): Promise<Server> {
  try {
    return await options.http.serve(
      endpoint(options.address),
      limits,
      respondTo((asked) => answer(asked, options)),
      // A stranger must not fill the log of the application.
      () => undefined,
    );
  } catch (error) {
    const code = errorCode(error) === 'EADDRINUSE' ? 'ADMIN_PORT_IN_USE' : 'LISTEN_FAILED';
    const cause = error instanceof Error ? error.message : String(error);
    throw new RuntimeError(code, `cannot listen on ${options.address}: ${cause}`, { cause: error });
  }
}
