// Connections to one API server with one set of TLS material. Undici keeps them alive and gives each request one of its own.
import { createHash } from 'node:crypto';
import { Pool, ProxyAgent, type Dispatcher } from 'undici';
import type { Tls } from './credentials.ts';
import { WriteRefused } from './errors.ts';

export interface Target {
  readonly server: URL;
  readonly proxy: URL | undefined;
  readonly tls: Tls;
}

/** Until a connection is there, TLS included. */
const connectMs = 10_000;
/** Shorter than balancers drop idle connections, longer than the pause between two renewals of a Lease. */
const idleMs = 30_000;
/** As client-go has it. */
const probeAfterMs = 30_000;
/** Requests at a time; more wait. Watches have connections beside these, so that they never take one from a request. */
const mostRequests = 64;

/** Of two targets that are the same, the same. */
export function fingerprint({ server, proxy, tls }: Target): string {
  const { ca = '', cert = '', key = '', servername = '', rejectUnauthorized } = tls;
  const hash = createHash('sha256');
  for (const part of [server.href, proxy?.href ?? '', servername, String(rejectUnauthorized), ca, cert, key]) {
    hash.update(`${part.length}:`).update(part);
  }
  return hash.digest('base64');
}

/** @param connections undefined for as many as are asked for */
function dispatcher({ server, proxy, tls }: Target, connections: number | undefined): Dispatcher {
  const socket = { keepAlive: true, keepAliveInitialDelay: probeAfterMs, allowH2: false, timeout: connectMs };
  const options = {
    allowH2: false,
    keepAliveTimeout: idleMs,
    keepAliveMaxTimeout: idleMs,
    connectTimeout: connectMs,
    ...(connections !== undefined && { connections }),
  };
  if (proxy === undefined) return new Pool(server.origin, { ...options, connect: { ...socket, ...tls } });
  return new ProxyAgent({
    ...options,
    uri: proxy.href,
    requestTls: { ...socket, ...tls },
    // Undici would speak TLS to a SOCKS proxy for it.
    ...(proxy.protocol !== 'socks5:' && { proxyTls: socket }),
    // A proxy that takes the connection and says nothing.
    clientFactory: (origin, how) => new Pool(origin, { ...how, headersTimeout: connectMs }),
  });
}

export class Transport {
  readonly fingerprint: string;
  readonly #server: URL;
  readonly #requests: Dispatcher;
  readonly #streams: Dispatcher;

  /** @param mayWrite asked when a write has a connection, for which it may have waited */
  constructor(target: Target, mayWrite: () => boolean) {
    this.fingerprint = fingerprint(target);
    this.#server = target.server;
    this.#requests = dispatcher(target, mostRequests).compose(askedBeforeSending(mayWrite));
    this.#streams = dispatcher(target, undefined);
  }

  /** @param path below that of the server */
  request(
    kind: 'request' | 'stream',
    { path, ...options }: Omit<Dispatcher.RequestOptions, 'origin'>,
  ): Promise<Dispatcher.ResponseData> {
    const { origin, pathname } = this.#server;
    const to = kind === 'request' ? this.#requests : this.#streams;
    return to.request({ ...options, origin, path: `${pathname.replace(/\/$/, '')}${path}` });
  }

  /** What is under way is done, and nothing more is begun. Never rejects. */
  async retire(): Promise<void> {
    await Promise.allSettled([this.#requests.close(), this.#streams.close()]);
  }

  /** Never rejects. */
  async destroy(): Promise<void> {
    await Promise.allSettled([this.#requests.destroy(), this.#streams.destroy()]);
  }
}

function askedBeforeSending(mayWrite: () => boolean): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) =>
    dispatch(options, options.method === 'GET' ? handler : new Asking(handler, mayWrite));
}

class Asking implements Dispatcher.DispatchHandler {
  readonly #handler: Dispatcher.DispatchHandler;
  readonly #mayWrite: () => boolean;

  constructor(handler: Dispatcher.DispatchHandler, mayWrite: () => boolean) {
    this.#handler = handler;
    this.#mayWrite = mayWrite;
  }

  onRequestStart(controller: Dispatcher.DispatchController, context: unknown): void {
    if (this.#mayWrite()) this.#handler.onRequestStart?.(controller, context);
    else controller.abort(new WriteRefused());
  }

  onResponseStart(...all: Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>): void {
    this.#handler.onResponseStart?.(...all);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#handler.onResponseData?.(controller, chunk);
  }

  onResponseEnd(...all: Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseEnd']>>): void {
    this.#handler.onResponseEnd?.(...all);
  }

  onResponseError(controller: Dispatcher.DispatchController, error: Error): void {
    this.#handler.onResponseError?.(controller, error);
  }
}
