// Every framework with its application, the way that the runtime runs it, and the command of its own documentation.

import { nextServer } from '../../scripts/frameworks.ts';

/** What a client speaks; the paths of an application are the same with each. */
export type Protocol = 'http' | 'grpc';

/** What the application answers to a WebSocket: the text that it was sent, or an event of Socket.IO with it. */
type Socket = 'plain' | 'socket.io';

/** What only this framework has to prove. */
type Own = 'sends its last spans' | 'sends its last event' | 'counts in all processes';

export interface Framework {
  readonly name: string;
  readonly language: 'node' | 'python';
  /** `app` of the runtime's configuration; `node` is a file of the directory of applications, or one elsewhere. */
  readonly app: { readonly node: string } | { readonly wsgi: string } | { readonly asgi: string };
  readonly workers?: object;
  /** Processes of the runtime that serve. */
  readonly count: number;
  /** Of the framework's documentation; its program is found by PATH. */
  readonly command: (port: number) => readonly string[];
  /** Processes of that command that run the application. */
  readonly processes: number;
  readonly protocol: Protocol;
  /** What `/` answers contains. */
  readonly greeting: string;
  readonly streams: boolean;
  readonly socket?: Socket;
  readonly own?: Own;
}

type Rest = Partial<Pick<Framework, 'protocol' | 'greeting' | 'streams' | 'socket' | 'own' | 'count' | 'processes'>>;

const usual = { protocol: 'http', greeting: 'hello', streams: true, count: 2 } as const;

function node(name: string, file: string, rest: Rest = {}): Framework {
  return {
    ...usual,
    name,
    language: 'node',
    app: { node: file },
    command: () => ['node', file],
    processes: 1,
    ...rest,
  };
}

function gunicorn(
  name: string,
  application: string,
  rest: Rest & { readonly flags?: readonly string[] } = {},
): Framework {
  const { flags = [], ...others } = rest;
  return {
    ...usual,
    name,
    language: 'python',
    app: { wsgi: application },
    workers: { class: 'gthread', threads: others.socket === undefined ? 4 : 100 },
    command: (port) => [
      ...['gunicorn', '--bind', `127.0.0.1:${port}`, '--workers', String(others.count ?? usual.count)],
      ...['--threads', others.socket === undefined ? '4' : '100', ...flags, application],
    ],
    processes: others.count ?? usual.count,
    ...others,
  };
}

function asgi(
  name: string,
  application: string,
  server: 'uvicorn' | 'hypercorn' | 'daphne',
  rest: Rest = {},
): Framework {
  const commands = {
    uvicorn: (port: number) => ['uvicorn', '--port', String(port), '--workers', '2', application],
    hypercorn: (port: number) => ['hypercorn', '--bind', `127.0.0.1:${port}`, '--workers', '2', application],
    daphne: (port: number) => ['daphne', '--bind', '127.0.0.1', '--port', String(port), application],
  };
  return {
    ...usual,
    name,
    language: 'python',
    app: { asgi: application },
    command: commands[server],
    processes: server === 'daphne' ? 1 : 2,
    ...rest,
  };
}

export const frameworks: readonly Framework[] = [
  node('Express', 'express.mjs'),
  node('Fastify', 'fastify.mjs'),
  node('@godaddy/terminus', 'terminus.mjs'),
  node('detect-port', 'detect-port.mjs'),
  gunicorn('Flask', 'flask_app:app'),
  asgi('FastAPI', 'fastapi_app:app', 'uvicorn', { socket: 'plain' }),
  node('Koa', 'koa.mjs'),
  node('hapi', 'hapi.mjs'),
  node('Nest on Express', 'nest-express.mjs'),
  node('Nest on Fastify', 'nest-fastify.mjs'),
  node('Hono', 'hono.mjs'),
  node('Socket.IO', 'socket-io.mjs', { socket: 'socket.io' }),
  node('@grpc/grpc-js', 'grpc.mjs', { protocol: 'grpc' }),
  node('http-terminator', 'http-terminator.mjs'),
  node('stoppable', 'stoppable.mjs'),
  node('http-graceful-shutdown', 'http-graceful-shutdown.mjs'),
  node('get-port', 'get-port.mjs'),
  node('listhen', 'listhen.mjs'),
  node('Next', nextServer()),
  gunicorn('Django', 'django_app:application'),
  gunicorn('Wagtail', 'wagtail_app:application'),
  asgi('Channels', 'channels_app:application', 'daphne', { socket: 'plain' }),
  asgi('Starlette', 'starlette_app:app', 'uvicorn', { socket: 'plain' }),
  asgi('Quart', 'quart_app:app', 'hypercorn', { socket: 'plain' }),
  asgi('Litestar', 'litestar_app:app', 'uvicorn', { socket: 'plain' }),
  asgi('sse-starlette', 'sse_app:app', 'uvicorn'),
  asgi('Datasette', 'datasette_app:app', 'uvicorn', { greeting: '<html', streams: false }),
  gunicorn('Dash', 'dash_app:server', { greeting: '<html' }),
  gunicorn('Flask-SocketIO', 'flask_socketio_app:app', { socket: 'socket.io', count: 1 }),
  gunicorn('OpenTelemetry', 'otel_app:app', { own: 'sends its last spans' }),
  gunicorn('Sentry', 'sentry_app:app', { own: 'sends its last event' }),
  gunicorn('prometheus_client', 'prometheus_app:app', {
    own: 'counts in all processes',
    flags: ['--config', 'prometheus_hooks.py'],
  }),
];
