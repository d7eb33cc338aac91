// WSGI applications: gunicorn's own worker classes, run by the Python shim under our supervisor.
import { join } from 'node:path';
import type { FixedConfig } from '../config.ts';
import { latencyBounds } from '../shared-memory.ts';
import { listenFd, notifyFd, sharedMemoryFd, type WorkerCommand } from '../worker-process.ts';

/**
 * @param home folder of the installed runtime
 * @param slot the worker's row in the shared memory
 */
export function wsgiCommand(home: string, fixed: FixedConfig, slot: number): WorkerCommand {
  const settings = {
    app: fixed.app.wsgi,
    class: fixed.workers.class,
    threads: fixed.workers.threads,
    backlog: fixed.workers.backlog,
    keepAliveSeconds: fixed.workers.keepAliveMs / 1000,
    gracefulSeconds: fixed.workers.gracefulTimeoutMs / 1000,
    heartbeatSeconds: fixed.workers.heartbeatTimeoutMs / 1000,
    listenFd,
    sharedMemoryFd,
    notifyFd,
    slot,
    latencyBounds,
  };
  return {
    program: 'python3',
    args: [join(home, 'python', 'appserver_worker.py'), JSON.stringify(settings)],
    env: {
      LISTEN_FDS: '1',
      // What an application prints belongs into the log when it prints it, not when a buffer is full.
      PYTHONUNBUFFERED: process.env['PYTHONUNBUFFERED'] ?? '1',
    },
    cwd: fixed.app.workingDir,
  };
}
