// HTTP on both sides. A request that is none, an answer that fails and a connection that cannot be accepted end nothing but
// themselves.
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Endpoint, Http, Limits, Response } from '../host.ts';
import { Connections } from './connections.ts';

const maxHeadBytes = 8_192;
/** Only so often does Node look for requests that are not complete in time. */
const lookMs = 1_000;

function respond(response: ServerResponse, method: string | undefined, { status, headers, body }: Response): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  response.end(method === 'HEAD' ? undefined : body);
}

/** Node calls listeners of requests, and would pass on what they throw. */
function safely(run: () => Promise<Response>): Promise<Response> {
  try {
    return run();
  } catch (error) {
    return Promise.reject(error instanceof Error ? error : new Error(String(error)));
  }
}

const serve: Http['serve'] = (at, { mostConnections, requestMs }: Limits, answer, onError) => {
  const connections = new Connections(mostConnections);
  const options = {
    maxHeaderSize: maxHeadBytes,
    headersTimeout: requestMs,
    requestTimeout: requestMs,
    keepAliveTimeout: requestMs,
    connectionsCheckingInterval: Math.min(lookMs, requestMs),
  };
  const server = createServer(options, ({ method = '', url = '', socket }: IncomingMessage, response) => {
    response.on('close', connections.busy(socket)).on('error', onError);
    safely(() => answer({ method, target: url })).then(
      (answered) => respond(response, method, answered),
      (error: unknown) => {
        onError(error);
        response.destroy();
      },
    );
  });
  server.on('connection', (socket) => connections.add(socket));
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen('path' in at ? at.path : { port: at.port, ...(at.host !== '' && { host: at.host }) }, () => {
      server.off('error', reject);
      // No more file descriptors, for one: that passes.
      server.on('error', onError);
      const address = server.address();
      resolve({
        port: typeof address === 'object' && address !== null ? address.port : 0,
        close: () => {
          server.close();
          connections.closeAll();
        },
      });
    });
  });
};

const call: Http['call'] = (at: Endpoint, { method, target, headers = {}, timeoutMs, maxBodyBytes }) =>
  new Promise((resolve, reject) => {
    const where = 'path' in at ? { socketPath: at.path } : { host: at.host, port: at.port };
    const signal = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
    const sent = request(
      {
        ...where,
        method,
        path: target,
        headers: { ...headers, connection: 'close' },
        agent: false,
        ...(signal && { signal }),
      },
      (response) => {
        const status = response.statusCode ?? 0;
        if (maxBodyBytes === 0) {
          response.destroy();
          return resolve({ status, body: '' });
        }
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          chunks.push(chunk);
          if (size > maxBodyBytes)
            response.destroy(
              Object.assign(new Error(`EMSGSIZE: more than ${maxBodyBytes} bytes`), { code: 'EMSGSIZE' }),
            );
        });
        response.on('end', () => resolve({ status, body: Buffer.concat(chunks).toString('utf8') }));
        response.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end();
  });

export const http: Http = { serve, call };
