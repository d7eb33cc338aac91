// Stands between the operator and the real API server and spoils what it is told to.
import { readFileSync } from 'node:fs';
import { Agent, createServer, request as forward } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createInterface } from 'node:readline';
import { join } from 'node:path';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly watch: boolean;
}

/** What becomes of a request. */
export type Fate =
  | { readonly kind: 'pass' }
  /** Refused without having been seen by the API server. */
  | { readonly kind: 'refuse'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** Done by the API server, and the answer cut in its middle. */
  | { readonly kind: 'cut' }
  /** Never answered. */
  | { readonly kind: 'hang' }
  /** Events of a watch as this makes them of each. */
  | { readonly kind: 'events'; readonly become: (line: string) => readonly string[] };

export const pass: Fate = { kind: 'pass' };

export interface ProxyOptions {
  /** Folder of the cluster's certificates. */
  readonly pki: string;
  readonly server: string;
  readonly port: number;
}

const reasons: Readonly<Record<number, string>> = { 409: 'Conflict', 410: 'Expired', 429: 'TooManyRequests' };

export class FaultProxy implements AsyncDisposable {
  fate: (asked: Asked) => Fate = () => pass;
  /** But watches and the Lease, which are to go on. */
  requests = 0;
  readonly #options: ProxyOptions;
  readonly #agent: Agent;
  readonly #server;

  private constructor(options: ProxyOptions) {
    const pki = (file: string): Buffer => readFileSync(join(options.pki, file));
    this.#options = options;
    this.#agent = new Agent({ keepAlive: true, ca: pki('ca.crt'), cert: pki('admin.crt'), key: pki('admin.key') });
    this.#server = createServer({ key: pki('apiserver.key'), cert: pki('apiserver.crt') }, (request, response) => {
      this.#handle(request, response);
    });
  }

  static async start(options: ProxyOptions): Promise<FaultProxy> {
    const proxy = new FaultProxy(options);
    await new Promise<void>((resolve) => proxy.#server.listen(options.port, '127.0.0.1', resolve));
    return proxy;
  }

  /** Breaks all connections, as a network does. */
  cutAll(): void {
    this.#server.closeAllConnections();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    this.#agent.destroy();
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '';
    const watch = path.includes('watch=true');
    if (!watch && !path.includes('/leases')) this.requests++;
    const fate = this.fate({ method: request.method ?? '', path, watch });
    if (fate.kind === 'hang') return;
    if (fate.kind === 'refuse') {
      request.resume();
      const { status, headers = {} } = fate;
      const body = {
        kind: 'Status',
        status: 'Failure',
        code: status,
        reason: reasons[status] ?? 'InternalError',
        message: 'as the test wants it',
      };
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
      return;
    }
    this.#forward(request, response, fate);
  }

  #forward(request: IncomingMessage, response: ServerResponse, fate: Fate): void {
    const { method, headers, url } = request;
    const { authorization: _, host: __, ...rest } = headers;
    const upstream = forward(
      new URL(url ?? '', this.#options.server),
      { method, headers: rest, agent: this.#agent },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        response.flushHeaders();
        if (fate.kind === 'cut') {
          answer.once('data', (chunk: Buffer) => {
            response.write(chunk.subarray(0, Math.floor(chunk.length / 2)));
            setImmediate(() => response.destroy());
          });
        } else if (fate.kind === 'events') {
          const lines = createInterface({ input: answer });
          lines.on('line', (line) => {
            for (const one of fate.become(line)) response.write(`${one}\n`);
          });
          lines.on('error', () => response.destroy());
          answer.on('close', () => response.end());
        } else {
          answer.pipe(response);
        }
        answer.on('error', () => response.destroy());
      },
    );
    upstream.on('error', () => response.destroy());
    response.on('close', () => upstream.destroy());
    request.pipe(upstream);
  }
}
