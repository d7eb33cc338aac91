// Node applications, unchanged, in the image's own Node: what is loaded before them gives them the inherited socket.
import { portOf } from '../config/address.ts';
import { logFd } from '../processes/descriptors.ts';
import type { WorkerKind } from '../processes/kind.ts';
import { nodeWorkerVariable, type NodeWorker } from '../shared/node-worker-settings.ts';

export const node: WorkerKind = {
  rules: { overdue: 'replace', heartbeat: 'always', ready: 'when-told' },
  // An application's own handler of TERM would end it with requests in hand, and a handler of a signal never runs while
  // the loop is stuck: the shared memory tells it to retire, and a thread of its own to write its stack. KILL follows.
  signals: { retire: 'memory', quit: 'SIGINT', abort: 'memory', dump: 'memory' },
  missing: 'NODE_MISSING',
  command: ({ home, fixed, descriptors, gracefulTimeoutMs }, place) => {
    const count = descriptors.listeners.length;
    const port = portOf(fixed.listen[0] ?? '');
    const settings: NodeWorker = {
      id: place.id,
      slot: place.slot,
      port,
      listenFds: descriptors.listeners,
      memoryFd: 3 + count,
      notifyFd: 4 + count,
      logFd: 5 + count,
      gracefulMs: gracefulTimeoutMs,
      keepAliveMs: fixed.keepAliveMs,
      trustedProxies: fixed.trustedProxies,
    };
    const header = fixed.maxHeaderBytes === undefined ? [] : [`--max-http-header-size=${fixed.maxHeaderBytes}`];
    const preload = ['--require', `${home}/node/preload.cjs`];
    return {
      program: `${home}/bin/appserver-init`,
      args: ['worker', 'node', ...header, ...preload, fixed.app.target, ...fixed.app.args],
      env: {
        PORT: port,
        [nodeWorkerVariable]: JSON.stringify(settings),
        ...place.environment,
      },
      cwd: fixed.app.workingDir,
      fds: [...descriptors.listeners, descriptors.memory, 'notify', logFd],
    };
  },
};
