// Requests to the API server: plain JSON over keep-alive connections. client-node supplies kubeconfig and credentials; its
// own request path drops fields that its models do not know.
import type { KubeConfig } from '@kubernetes/client-node';
import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { readText } from './body.ts';
import { CredentialSource, serverOf, type Credentials } from './credentials.ts';
import { ApiError, messageOf, NoAnswer, UnreadableAnswer, WriteRefused } from './errors.ts';
import { proxyFor, type Environment } from './proxy.ts';
import { realTimers, sleep, type Timers } from './timers.ts';
import { warningsIn } from './warnings.ts';
import { fingerprint, Transport, type Target } from './transport.ts';

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Default: application/json */
  readonly contentType?: string;
  readonly accept?: string;
  readonly signal?: AbortSignal;
  /**
   * Milliseconds within which json() has its answer, tries again included, and stream() the beginning of one. Default: half
   * a minute
   */
  readonly timeoutMs?: number;
  /** Called with each warning that comes with a success. */
  readonly onWarning?: (text: string) => void;
}

export interface KubeClientOptions {
  /** Called with each answer's status, 0 when there was none. */
  readonly onRequest?: (method: string, status: number) => void;
  /** The kubeconfig as it is now, when the API server does not take the credentials any more: they may have been replaced. */
  readonly reload?: () => KubeConfig;
  /** Of deadlines and pauses. Default: the process's own clock */
  readonly timers?: Timers;
  /** Milliseconds that only grow, for the age of credentials. Default: that of the timers */
  readonly now?: () => number;
  /** Asked at the moment at which a write would be sent. */
  readonly mayWrite?: () => boolean;
  /** Where HTTPS_PROXY, HTTP_PROXY and NO_PROXY are looked for. Default: that of the process */
  readonly env?: Environment;
}

const answerTimeoutMs = 30_000;
/** For so long credentials are not asked for again. */
const credentialsForMs = 10_000;
/** As client-go has it. */
const mostTries = 10;
/**
 * The largest object is some 3 MiB and the largest page in use some 10 MiB; what is larger would take memory from everything
 * else, and lists ask for fewer objects then.
 */
const mostAnswerBytes = 64 * 1024 * 1024;
/** Of a refusal, which is one sentence. */
const mostRefusalBytes = 1024 * 1024;

/** Where requests go, and as whom. */
interface Way {
  readonly transport: Transport;
  readonly headers: Credentials['headers'];
}

interface Known {
  readonly way: Promise<Way>;
  readonly until: number;
}

export class KubeClient {
  readonly #options: Required<Omit<KubeClientOptions, 'reload'>> & Pick<KubeClientOptions, 'reload'>;
  #config: KubeConfig;
  #credentials: CredentialSource;
  #known: Known | undefined;
  #transport: Transport | undefined;
  /** With older TLS material, until what uses them is done. */
  readonly #retired = new Set<Transport>();

  /** @throws Error when the kubeconfig names no server */
  constructor(config: KubeConfig, options: KubeClientOptions = {}) {
    const { timers = realTimers } = options;
    this.#options = {
      onRequest: () => undefined,
      mayWrite: () => true,
      now: () => timers.now(),
      env: process.env,
      ...options,
      timers,
    };
    this.#config = config;
    this.#credentials = new CredentialSource(config);
  }

  /**
   * Parsed JSON of the answer. A server that has too much to do says when to ask again, and is.
   * @throws ApiError when the API server refuses
   * @throws NoAnswer when there is none, or none in time
   * @throws UnreadableAnswer when it is no JSON, or too much of it
   */
  async json(call: Call): Promise<unknown> {
    const { timers } = this.#options;
    const { signal, at, cancel } = this.#deadline(call);
    try {
      for (let tries = 1; ; tries++) {
        try {
          const { statusCode, body } = await this.#success('request', call, signal);
          return parsed(call, statusCode, await this.#read(call, body, { statusCode, most: mostAnswerBytes }));
        } catch (error) {
          const wait = error instanceof ApiError ? error.retryAfterMs : undefined;
          if (wait === undefined || tries === mostTries || timers.now() + wait >= at) throw error;
          await sleep(timers, wait, signal);
          signal.throwIfAborted();
        }
      }
    } finally {
      cancel();
    }
  }

  /**
   * The answer's body as it comes; how long it may be silent is its reader's business.
   * @throws ApiError when the API server refuses
   * @throws NoAnswer when there is none, or none in time
   */
  async stream(call: Call): Promise<Readable> {
    const { signal, cancel } = this.#deadline(call);
    try {
      return (await this.#success('stream', call, signal)).body;
    } finally {
      cancel();
    }
  }

  /** Ends what is under way, too. */
  close(): void {
    for (const transport of [this.#transport, ...this.#retired]) void transport?.destroy();
  }

  #deadline({ method, path, timeoutMs = answerTimeoutMs, signal }: Call): {
    signal: AbortSignal;
    at: number;
    cancel: () => void;
  } {
    const { timers } = this.#options;
    const late = new AbortController();
    const tell = (): void => late.abort(new NoAnswer(`no answer to ${method} ${path} within ${timeoutMs} ms`));
    return {
      signal: signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]),
      at: timers.now() + timeoutMs,
      cancel: timers.after(timeoutMs, tell),
    };
  }

  async #success(kind: 'request' | 'stream', call: Call, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const used = this.#config;
    let answer = await this.#answer(kind, call, signal);
    if (answer.statusCode === 401 && this.#options.reload !== undefined) {
      const refused = await this.#refusal(call, answer);
      this.#reload(used, refused);
      answer = await this.#answer(kind, call, signal);
    }
    if (answer.statusCode >= 200 && answer.statusCode < 300) {
      if (call.onWarning !== undefined) for (const text of warningsIn(answer.headers['warning'])) call.onWarning(text);
      return answer;
    }
    throw await this.#refusal(call, answer);
  }

  /** Reads the kubeconfig anew, unless another request has met the same meanwhile. @throws ApiError when it cannot be read */
  #reload(used: KubeConfig, refused: ApiError): void {
    if (this.#config !== used || this.#options.reload === undefined) return;
    try {
      const config = this.#options.reload();
      this.#credentials = new CredentialSource(config);
      this.#config = config;
      this.#known = undefined;
    } catch (cause) {
      throw new ApiError(refused.status, refused.reason, `${refused.message}; ${messageOf(cause)}`, { cause });
    }
  }

  async #refusal(call: Call, { statusCode, headers, body }: Dispatcher.ResponseData): Promise<ApiError> {
    const text = await this.#read(call, body, { statusCode, most: mostRefusalBytes });
    return refusal(statusCode, text, askedToWaitMs(statusCode, headers['retry-after']));
  }

  async #read(call: Call, body: Readable, { statusCode, most }: { statusCode: number; most: number }): Promise<string> {
    const text = await readText(body, most).catch((error: unknown) => {
      throw unanswered(call, error);
    });
    if (text !== undefined) return text;
    const message = `the answer to ${call.method} ${call.path} (status ${statusCode}) has more than ${most} bytes`;
    throw new UnreadableAnswer('too large', statusCode, message);
  }

  async #answer(kind: 'request' | 'stream', call: Call, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const { onRequest, mayWrite } = this.#options;
    const { transport, headers } = await orAborted(this.#way(), signal);
    if (call.method !== 'GET' && !mayWrite()) throw new WriteRefused();
    try {
      const answer = await orAborted(transport.request(kind, requestOf(call, headers, signal)), signal);
      onRequest(call.method, answer.statusCode);
      return answer;
    } catch (error) {
      if (error instanceof WriteRefused) throw error;
      onRequest(call.method, 0);
      throw unanswered(call, error);
    }
  }

  /** Tokens rotate and plugins renew them, so they are asked for again and again; files are read for it. */
  #way(): Promise<Way> {
    const now = this.#options.now();
    if (this.#known !== undefined && now < this.#known.until) return this.#known.way;
    const way = this.#findWay();
    const known = { way, until: now + credentialsForMs };
    this.#known = known;
    way.catch(() => {
      if (this.#known === known) this.#known = undefined;
    });
    return way;
  }

  async #findWay(): Promise<Way> {
    const server = serverOf(this.#config);
    const proxy = proxyFor(server, this.#config.getCurrentCluster()?.proxyUrl, this.#options.env);
    const { headers, tls } = await this.#credentials.read();
    return { headers, transport: this.#transportTo({ server, proxy, tls }) };
  }

  /** Connections belong to the TLS material that they were opened with: other material, other connections. */
  #transportTo(target: Target): Transport {
    const current = this.#transport;
    if (current?.fingerprint === fingerprint(target)) return current;
    if (current !== undefined) {
      this.#retired.add(current);
      void current.retire().finally(() => this.#retired.delete(current));
    }
    const { mayWrite } = this.#options;
    this.#transport = new Transport(target, mayWrite);
    return this.#transport;
  }
}

function requestOf(
  call: Call,
  credentials: Credentials['headers'],
  signal: AbortSignal,
): Omit<Dispatcher.RequestOptions, 'origin'> {
  const query = new URLSearchParams(call.query).toString();
  return {
    method: call.method,
    path: `${call.path}${query === '' ? '' : `?${query}`}`,
    headers: {
      ...credentials,
      accept: call.accept ?? 'application/json',
      'user-agent': 'appserver-operator',
      ...(call.body !== undefined && { 'content-type': call.contentType ?? 'application/json' }),
    },
    ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
    signal,
    // The deadline of the call is in the signal, and watches know how long silence may be.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
}

/** What is waited for, or the end of waiting: what has no connection yet does not hear of the signal. */
function orAborted<T>(waited: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(reasonOf(signal));
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort);
    waited.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('aborted', { cause: signal.reason });
}

/** The caller's own abort is passed on as it is; everything else says what was asked. */
function unanswered(call: Call, error: unknown): unknown {
  if (error instanceof NoAnswer || call.signal?.aborted === true) return error;
  return new NoAnswer(`no answer to ${call.method} ${call.path}: ${messageOf(error)}`, { cause: error });
}

function parsed({ method, path }: Call, status: number, body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    const message = `the answer to ${method} ${path} (status ${status}) is not JSON: ${body.trim().slice(0, 200)}`;
    throw new UnreadableAnswer('not JSON', status, message, { cause });
  }
}

/** Of a refusal that is about the server, not about what was asked. */
function askedToWaitMs(status: number, header: string | string[] | undefined): number | undefined {
  const seconds = typeof header === 'string' && header.trim() !== '' ? Number(header) : Number.NaN;
  return (status === 429 || status >= 500) && seconds >= 0 ? seconds * 1000 : undefined;
}

function refusal(status: number, body: string, retryAfterMs: number | undefined): ApiError {
  try {
    const answer: unknown = JSON.parse(body);
    if (typeof answer === 'object' && answer !== null && 'message' in answer) {
      const reason = 'reason' in answer ? String(answer.reason) : '';
      return new ApiError(status, reason, String(answer.message), { retryAfterMs });
    }
  } catch {
    /* not a Status: a proxy in between, or an API server that is starting */
  }
  return new ApiError(status, '', `HTTP ${status}: ${body.trim().slice(0, 200)}`, { retryAfterMs });
}
