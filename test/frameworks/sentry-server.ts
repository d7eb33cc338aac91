// Takes the events of Sentry's SDK, on loopback.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

export class SentryServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #envelopes: string[] = [];

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks);
        this.#envelopes.push((request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString());
        response.setHeader('content-type', 'application/json');
        response.end('{"id":"0"}');
      });
    });
  }

  static async start(): Promise<SentryServer> {
    const sentry = new SentryServer();
    sentry.#server.listen(0, '127.0.0.1');
    await once(sentry.#server, 'listening');
    return sentry;
  }

  /** For the SDK; the key and the project are any. */
  get dsn(): string {
    return `http://key@127.0.0.1:${(this.#server.address() as AddressInfo).port}/1`;
  }

  /** Events that contain `text`. */
  taken(text: string): number {
    return this.#envelopes.filter((envelope) => envelope.includes(text)).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}
