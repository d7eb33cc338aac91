// Any program that takes its sockets by the systemd protocol (LISTEN_FDS), and may speak the pipe protocol; docs/extending.md.
import { portOf } from '../config/address.ts';
import type { Application } from '../config/config.ts';
import type { WorkerKind } from '../processes/kind.ts';

export function command({ notify }: Extract<Application, { kind: 'command' }>): WorkerKind {
  return {
    rules: { overdue: 'replace', heartbeat: 'optional', ready: notify ? 'when-told' : 'when-running' },
    signals: { retire: 'SIGTERM', quit: 'SIGINT', abort: 'SIGABRT', dump: undefined },
    missing: 'PROGRAM_MISSING',
    command: ({ home, fixed, descriptors }, place) => {
      const count = descriptors.listeners.length;
      return {
        program: `${home}/bin/appserver-init`,
        args: ['worker', fixed.app.target, ...fixed.app.args],
        env: {
          PORT: portOf(fixed.listen[0] ?? ''),
          LISTEN_FDS: String(count),
          ...place.environment,
          APPSERVER_SLOT: String(place.slot),
          APPSERVER_MEMORY_FD: String(3 + count),
          APPSERVER_NOTIFY_FD: String(4 + count),
        },
        cwd: fixed.app.workingDir,
        fds: [...descriptors.listeners, descriptors.memory, 'notify'],
      };
    },
  };
}
