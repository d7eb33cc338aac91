// Clients that count what they lose: one that keeps its connection, and one with a connection for each request.
import { Agent, request } from 'node:http';
import { connect, type ClientHttp2Session } from 'node:http2';
import { setTimeout as delay } from 'node:timers/promises';
import type { Protocol } from './frameworks.ts';

interface Part {
  readonly text: string;
  /** Milliseconds of `performance.now()`. */
  readonly at: number;
}

export interface Client extends Disposable {
  /** The parts of a complete answer. @throws if the answer is another one, or if there is none */
  get(path: string): Promise<readonly Part[]>;
}

export type Connections = 'kept' | 'fresh';

class HttpClient implements Client {
  readonly #port: number;
  readonly #agent: Agent;

  constructor(port: number, connections: Connections) {
    this.#port = port;
    this.#agent = new Agent({ keepAlive: connections === 'kept' });
  }

  get(path: string): Promise<readonly Part[]> {
    return new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port: this.#port, path, agent: this.#agent, timeout: 5000 });
      sent.on('timeout', () => sent.destroy(new Error('no answer within 5 s')));
      sent.on('error', reject);
      sent.on('response', (response) => {
        const parts: Part[] = [];
        response.setEncoding('utf8');
        response.on('data', (text: string) => parts.push({ text, at: performance.now() }));
        response.on('error', reject);
        response.on('end', () => {
          if (response.statusCode === 200) return resolve(parts);
          reject(new Error(`status ${response.statusCode}: ${textOf(parts).slice(0, 200)}`));
        });
      });
      sent.end();
    });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

const methods: Readonly<Record<string, string>> = {
  '/': 'Hello',
  '/slow': 'Slow',
  '/stream': 'Stream',
  '/log': 'Log',
};

/** The text of each message: five bytes of gRPC's frame, then field 1 with a length below 128. */
function textsOf(frames: Buffer): string[] {
  const texts: string[] = [];
  for (let at = 0; at + 5 <= frames.length;) {
    const end = at + 5 + frames.readUInt32BE(at + 1);
    texts.push(frames.toString('utf8', at + 7, end));
    at = end;
  }
  return texts;
}

class GrpcClient implements Client {
  readonly #port: number;
  readonly #connections: Connections;
  #session: ClientHttp2Session | undefined;

  constructor(port: number, connections: Connections) {
    this.#port = port;
    this.#connections = connections;
  }

  #connected(): ClientHttp2Session {
    if (this.#session !== undefined) return this.#session;
    const session = connect(`http://127.0.0.1:${this.#port}`);
    const forget = (): void => {
      if (this.#session === session) this.#session = undefined;
    };
    // The server's announcement that it takes no more requests here.
    session.on('goaway', forget).on('close', forget);
    session.on('error', forget);
    if (this.#connections === 'kept') this.#session = session;
    return session;
  }

  async get(path: string): Promise<readonly Part[]> {
    try {
      return await this.#once(path);
    } catch (error) {
      // Not begun, so that it may be sent again (RFC 9113, section 8.7), as clients of gRPC do by themselves.
      if (!String(error).includes('NGHTTP2_REFUSED_STREAM')) throw error;
      this.#session = undefined;
      return this.#once(path);
    }
  }

  async #once(path: string): Promise<readonly Part[]> {
    const session = this.#connected();
    try {
      return await this.#call(session, path);
    } finally {
      if (this.#connections === 'fresh') session.close();
    }
  }

  #call(session: ClientHttp2Session, path: string): Promise<readonly Part[]> {
    return new Promise((resolve, reject) => {
      session.once('error', reject);
      const call = session.request({
        ':method': 'POST',
        ':path': `/shop.Shop/${methods[path] ?? path}`,
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      const parts: Part[] = [];
      let status: unknown;
      call.setTimeout(5000, () => call.destroy(new Error('no answer within 5 s')));
      call.on('data', (frames: Buffer) => {
        for (const text of textsOf(frames)) parts.push({ text, at: performance.now() });
      });
      call.on('response', (headers) => (status = headers['grpc-status']));
      call.on('trailers', (headers) => (status = headers['grpc-status']));
      call.on('error', reject);
      call.on('close', () => {
        session.off('error', reject);
        if (status === '0') resolve(parts);
        else reject(new Error(`gRPC status ${String(status)}`));
      });
      call.end(Buffer.alloc(5));
    });
  }

  [Symbol.dispose](): void {
    this.#session?.close();
  }
}

export function client(protocol: Protocol, port: number, connections: Connections): Client {
  return protocol === 'http' ? new HttpClient(port, connections) : new GrpcClient(port, connections);
}

export const textOf = (parts: readonly Part[]): string => parts.map(({ text }) => text).join('');

/** Milliseconds between the requests of each client. */
const everyMs = 20;

/** Requests of both clients, each at a bounded rate, until it is stopped. */
export class Load {
  readonly lost: string[] = [];
  /** Requests of `/`. */
  answered = 0;
  readonly #clients: ReadonlyMap<Connections, Client>;
  readonly #running: Promise<unknown>;
  #slow: Promise<unknown> | undefined;
  #stopped = false;

  constructor(protocol: Protocol, port: number) {
    this.#clients = new Map([
      ['kept', client(protocol, port, 'kept')],
      ['fresh', client(protocol, port, 'fresh')],
    ]);
    this.#running = Promise.all([...this.#clients].map(([name, one]) => this.#run(name, one)));
  }

  async #run(name: Connections, one: Client): Promise<void> {
    while (!this.#stopped) {
      const begun = performance.now();
      await this.#one(name, one, '/');
      await delay(Math.max(0, everyMs - (performance.now() - begun)));
    }
  }

  async #one(name: Connections, one: Client, path: string): Promise<void> {
    try {
      await one.get(path);
      if (path === '/') this.answered += 1;
    } catch (error) {
      this.lost.push(`${name}, ${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** One request of each client that takes a second, beside the others. */
  slow(): void {
    this.#slow = Promise.all([...this.#clients].map(([name, one]) => this.#one(name, one, '/slow')));
  }

  /** Sends nothing more, and waits for the answers. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([this.#running, this.#slow]);
    for (const one of this.#clients.values()) one[Symbol.dispose]();
  }
}
