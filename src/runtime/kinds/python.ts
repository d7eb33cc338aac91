// WSGI and ASGI applications: gunicorn's own worker classes and uvicorn's own Server, forked from one Python process.
import type { PythonApplication } from '../config/config.ts';
import { logFd } from '../processes/descriptors.ts';
import type { WorkerKind } from '../processes/kind.ts';
import { latencyBounds } from '../shared/shared-memory-layout.ts';

export function python(app: PythonApplication): WorkerKind {
  return {
    rules: {
      // A sync worker has one request; those of gthread and fast cannot be ended one by one; gevent and asgi do it themselves.
      overdue: app.kind === 'asgi' || app.class === 'gevent' ? 'none' : app.class === 'sync' ? 'abort' : 'replace',
      ready: 'when-told',
      heartbeat: app.kind === 'wsgi' && app.class === 'sync' ? 'between-requests' : 'always',
    },
    signals: { retire: 'SIGTERM', quit: 'SIGQUIT', abort: 'SIGABRT', dump: 'SIGUSR2' },
    missing: 'PYTHON_MISSING',
    forkServer: ({ home, env, fixed, descriptors, gracefulTimeoutMs }) => ({
      program: `${home}/bin/appserver-init`,
      args: [
        'worker',
        'python3',
        `${home}/python/main.py`,
        JSON.stringify({
          kind: app.kind,
          app: app.target,
          args: fixed.app.args,
          class: app.class,
          threads: app.threads,
          preload: app.preload,
          preloadThreads: app.preloadThreads,
          rootPath: app.rootPath ?? null,
          pythonPath: app.pythonPath,
          hooks: app.hooks ?? null,
          trustedProxies: fixed.trustedProxies,
          backlog: fixed.backlog,
          maxHeaderBytes: fixed.maxHeaderBytes ?? null,
          keepAliveSeconds: fixed.keepAliveMs / 1000,
          gracefulSeconds: gracefulTimeoutMs / 1000,
          latencyBounds,
          listeners: descriptors.listeners.length,
        }),
      ],
      env: {
        // What an application prints belongs into the log when it prints it, not when a buffer is full.
        PYTHONUNBUFFERED: env['PYTHONUNBUFFERED'] ?? '1',
      },
      cwd: fixed.app.workingDir,
      fds: [...descriptors.listeners, descriptors.memory, descriptors.forkServer, 'notify', logFd],
    }),
    // It learns on stdin which worker it stands for, so that it can be there before there is one.
    command: ({ home, descriptors }) => ({
      program: `${home}/bin/appserver-init`,
      args: ['fork'],
      listens: true,
      fds: [descriptors.stubs, 'notify'],
    }),
    // Without what holds the user's own variables, which the fork server has itself: the stub takes 4096 bytes.
    request: ({ id, slot, environment, instance }) => {
      const own = Object.entries(environment).filter(([name]) => name.startsWith('APPSERVER_'));
      return JSON.stringify({ do: 'work', id, slot, environment: Object.fromEntries(own), instance });
    },
    collect: ({ home, descriptors }) => ({
      program: `${home}/bin/appserver-init`,
      args: ['fork', JSON.stringify({ do: 'collect' })],
      fds: [descriptors.stubs, 'notify'],
    }),
  };
}
