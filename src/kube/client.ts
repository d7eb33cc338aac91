// Requests to the API server: plain JSON over keep-alive connections. client-node supplies kubeconfig and credentials; its
// own request path opens a connection a call and drops fields that its models do not know.
import type { KubeConfig } from '@kubernetes/client-node';
import { Agent, request as httpsRequest, type RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';

/** The API server's answer when it is not a success; `reason` is Kubernetes' own word, `Forbidden` for one. */
export class ApiError extends Error {
  readonly status: number;
  readonly reason: string;
  /** When it asks to be asked again. */
  readonly retryAfterMs: number | undefined;
  constructor(status: number, reason: string, message: string, retryAfterMs?: number) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Nothing was sent, because this process may not write just now. */
export class WriteRefused extends Error {
  constructor() {
    super('this process does not lead (any more): nothing was written');
    this.name = 'WriteRefused';
  }
}

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Default: application/json */
  readonly contentType?: string;
  readonly accept?: string;
  readonly signal?: AbortSignal;
  /** Within which json() has its answer, tries again included. Default: half a minute */
  readonly timeoutMs?: number;
}

export interface KubeClientOptions {
  /** Called with each answer's status, 0 when there was none. */
  readonly onRequest?: (method: string, status: number) => void;
  /** The kubeconfig as it is now, when the API server does not take the credentials any more: they may have been replaced. */
  readonly reload?: () => KubeConfig;
  /** Milliseconds that only grow. Default: performance.now */
  readonly now?: () => number;
  /** Asked at the moment at which a write would be sent. */
  readonly mayWrite?: () => boolean;
}

/** A request that gets no answer for so long has failed; watches have limits of their own. */
const answerTimeoutMs = 30_000;
/** For so long credentials are not asked for again. */
const credentialsForMs = 1_000;
/** As client-go has it. */
const mostTries = 10;

export class KubeClient {
  #config: KubeConfig;
  #credentials: { readonly options: RequestOptions; readonly until: number } | undefined;
  readonly #now: () => number;
  readonly #reload: (() => KubeConfig) | undefined;
  readonly #server: URL;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64, scheduling: 'fifo' });
  readonly #onRequest: (method: string, status: number) => void;
  readonly #mayWrite: () => boolean;

  constructor(config: KubeConfig, options: KubeClientOptions = {}) {
    const { onRequest = () => undefined, mayWrite = () => true, reload, now = () => performance.now() } = options;
    const cluster = config.getCurrentCluster();
    if (cluster === null) throw new Error('the kubeconfig names no cluster for its current context');
    this.#config = config;
    this.#server = new URL(cluster.server);
    this.#reload = reload;
    this.#now = now;
    this.#onRequest = onRequest;
    this.#mayWrite = mayWrite;
  }

  /**
   * Parsed JSON of the answer. A server that has too much to do says when to ask again, and is.
   * @throws ApiError when the API server refuses
   */
  async json(call: Call): Promise<unknown> {
    const timeoutMs = call.timeoutMs ?? answerTimeoutMs;
    const deadline = performance.now() + timeoutMs;
    const timeout = AbortSignal.timeout(timeoutMs);
    const signal = call.signal === undefined ? timeout : AbortSignal.any([call.signal, timeout]);
    for (let tries = 1; ; tries++) {
      try {
        return JSON.parse(await text(await this.stream({ ...call, signal })));
      } catch (error) {
        if (timeout.aborted) {
          throw new Error(`no answer to ${call.method} ${call.path} within ${timeoutMs} ms`, { cause: error });
        }
        const wait = error instanceof ApiError ? error.retryAfterMs : undefined;
        if (wait === undefined || tries === mostTries || performance.now() + wait >= deadline) throw error;
        await delay(wait, undefined, { signal });
      }
    }
  }

  /** The answer's body as it comes. @throws ApiError when the API server refuses */
  async stream(call: Call): Promise<IncomingMessage> {
    const used = this.#config;
    let response = await this.#answer(call);
    if (response.statusCode === 401 && this.#reload !== undefined) {
      response.resume();
      // Unless another request has met the same meanwhile.
      if (this.#config === used) {
        this.#config = this.#reload();
        this.#credentials = undefined;
      }
      response = await this.#answer(call);
    }
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return response;
    throw refusal(status, await text(response), askedToWaitMs(status, response.headers['retry-after']));
  }

  async #answer(call: Call): Promise<IncomingMessage> {
    const response = await this.#send(call);
    this.#onRequest(call.method, response.statusCode ?? 0);
    return response;
  }

  async #send(call: Call): Promise<IncomingMessage> {
    const credentials = await this.#currentCredentials();
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
    if (call.method !== 'GET' && !this.#mayWrite()) throw new WriteRefused();
    return new Promise((resolve, reject) => {
      const request = httpsRequest(options, resolve);
      request.on('error', (error) => {
        this.#onRequest(call.method, 0);
        reject(error);
      });
      request.end(body);
    });
  }

  /** Tokens rotate and plugins renew them, so they are asked for again and again; files are read for it. */
  async #currentCredentials(): Promise<RequestOptions> {
    const now = this.#now();
    if (this.#credentials !== undefined && now < this.#credentials.until) return this.#credentials.options;
    const options: RequestOptions = {};
    await this.#config.applyToHTTPSOptions(options);
    this.#credentials = { options, until: now + credentialsForMs };
    return options;
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** The headers that credentials consist of, in the form that Node's types leave open. Files with tokens may end in a newline. */
function authorization({ headers }: RequestOptions): Record<string, string> {
  return Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, String(value).trim()]));
}

/** Of a refusal that is about the server, not about what was asked. */
function askedToWaitMs(status: number, header: string | undefined): number | undefined {
  const seconds = Number(header);
  return header !== undefined && (status === 429 || status >= 500) && seconds >= 0 ? seconds * 1000 : undefined;
}

function refusal(status: number, body: string, retryAfter: number | undefined): ApiError {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null && 'message' in parsed) {
      const reason = 'reason' in parsed ? String(parsed.reason) : '';
      return new ApiError(status, reason, String(parsed.message), retryAfter);
    }
  } catch {
    /* not a Status: a proxy in between, or an API server that is starting */
  }
  return new ApiError(status, '', `HTTP ${status}: ${body.trim().slice(0, 200)}`, retryAfter);
}
