// What admin port and control socket have in common: a request that is none, a handler that fails and a connection that cannot
// be accepted end nothing but themselves.
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { Connections } from './connections.ts';
import { parseTarget, type Target } from './request-target.ts';

export interface Asked extends Target {
  readonly method: string;
}

export type Respond = (asked: Asked, response: ServerResponse) => Promise<void>;

async function handle(request: IncomingMessage, response: ServerResponse, respond: Respond): Promise<void> {
  const { method = '', url = '' } = request;
  const target = parseTarget(url);
  if (target !== undefined) return respond({ method, ...target }, response);
  response.writeHead(400, { 'content-type': 'text/plain; charset=utf-8' }).end('the target is no path\n');
}

export interface Limits extends ServerOptions {
  readonly mostConnections: number;
}

/** @param onError told of what goes wrong once the server listens */
export function guardedServer(limits: Limits, respond: Respond, onError: (error: unknown) => void): Server {
  const connections = new Connections(limits.mostConnections);
  const server = createServer(limits, (request, response) => {
    response.on('close', connections.busy(request.socket)).on('error', onError);
    handle(request, response, respond).catch((error: unknown) => {
      onError(error);
      response.destroy();
    });
  });
  server.on('connection', (socket) => connections.add(socket));
  // No more file descriptors, for one: that passes. Before it listens, whoever starts it listens for errors, too.
  return server.on('error', (error) => {
    if (server.listening) onError(error);
  });
}
