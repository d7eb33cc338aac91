// Requests to the API server: plain JSON over keep-alive connections. client-node supplies kubeconfig and credentials; its
// own request path opens a connection a call and drops fields that its models do not know.
import type { KubeConfig } from '@kubernetes/client-node';
import { Agent, request as httpsRequest, type RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';

/** The API server's answer when it is not a success; `reason` is Kubernetes' own word, `Forbidden` for one. */
export class ApiError extends Error {
  readonly status: number;
  readonly reason: string;
  constructor(status: number, reason: string, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.reason = reason;
  }
}

export interface Call {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Default: application/json */
  readonly contentType?: string;
  readonly accept?: string;
  readonly signal?: AbortSignal;
}

/** A request that gets no answer for so long has failed; watches have limits of their own. */
const answerTimeoutMs = 30_000;

export class KubeClient {
  readonly #config: KubeConfig;
  readonly #server: URL;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64, scheduling: 'fifo' });
  readonly #onRequest: (method: string, status: number) => void;

  /** @param onRequest called with each answer's status, 0 when there was none */
  constructor(config: KubeConfig, onRequest: (method: string, status: number) => void = () => undefined) {
    const cluster = config.getCurrentCluster();
    if (cluster === null) throw new Error('the kubeconfig names no cluster for its current context');
    this.#config = config;
    this.#server = new URL(cluster.server);
    this.#onRequest = onRequest;
  }

  /** Parsed JSON of the answer. @throws ApiError when the API server refuses */
  async json(call: Call): Promise<unknown> {
    const response = await this.stream({ ...call, signal: withTimeout(call.signal) });
    return JSON.parse(await text(response));
  }

  /** The answer's body as it comes. @throws ApiError when the API server refuses */
  async stream(call: Call): Promise<IncomingMessage> {
    const response = await this.#send(call);
    const status = response.statusCode ?? 0;
    this.#onRequest(call.method, status);
    if (status >= 200 && status < 300) return response;
    throw refusal(status, await text(response));
  }

  async #send(call: Call): Promise<IncomingMessage> {
    // Asked for each time: tokens rotate, exec plugins renew.
    const credentials: RequestOptions = {};
    await this.#config.applyToHTTPSOptions(credentials);
    const query = new URLSearchParams(call.query).toString();
    const body = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body));
    const prefix = this.#server.pathname.replace(/\/$/, '');
    const options: RequestOptions = {
      ...credentials,
      agent: this.#agent,
      host: this.#server.hostname,
      port: this.#server.port === '' ? 443 : this.#server.port,
      path: `${prefix}${call.path}${query === '' ? '' : `?${query}`}`,
      method: call.method,
      headers: {
        ...authorization(credentials),
        accept: call.accept ?? 'application/json',
        'user-agent': 'appserver-operator',
        ...(body === undefined
          ? {}
          : { 'content-type': call.contentType ?? 'application/json', 'content-length': body.length }),
      },
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    };
    return new Promise((resolve, reject) => {
      const request = httpsRequest(options, resolve);
      request.on('error', (error) => {
        this.#onRequest(call.method, 0);
        reject(error);
      });
      request.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** The headers that credentials consist of, in the form that Node's types leave open. */
function authorization({ headers }: RequestOptions): Record<string, string> {
  return Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)]));
}

function withTimeout(signal: AbortSignal | undefined): AbortSignal {
  const timeout = AbortSignal.timeout(answerTimeoutMs);
  return signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
}

function refusal(status: number, body: string): ApiError {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null && 'message' in parsed) {
      const reason = 'reason' in parsed ? String(parsed.reason) : '';
      return new ApiError(status, reason, String(parsed.message));
    }
  } catch {
    /* not a Status: a proxy in between, or an API server that is starting */
  }
  return new ApiError(status, '', `HTTP ${status}: ${body.trim().slice(0, 200)}`);
}
