// The host on Node: the only directory of the runtime's own programs that knows Node.
import { watch } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { isatty } from 'node:tty';
import { getSystemErrorName } from 'node:util';
import type { Host } from '../host.ts';
import { clock } from './clock.ts';
import { files } from './files.ts';
import { http } from './http.ts';
import { output } from './output.ts';
import { processes } from './processes.ts';
import { shared } from './shared-bytes.ts';

const outputFd = 1;

export function nodeHost(): Host {
  return {
    files,
    clock,
    processes,
    http,
    random: () => Math.random(),
    uuid: () => randomUUID(),
    env: process.env,
    uid: process.getuid?.() ?? 0,
    cpus: availableParallelism,
    output: output(outputFd),
    hasTerminal: [0, 1, 2].some((descriptor) => isatty(descriptor)),
    onSignal: (signal, run) => void process.on(signal, run),
    watch: (directory, onChange) => {
      const watcher = watch(directory, { persistent: false }, onChange);
      // An error once it is watched says that the directory is gone.
      watcher.on('error', () => undefined);
      return { cancel: () => watcher.close() };
    },
    shared,
    errorName: (errno) => getSystemErrorName(-errno),
    exit: (code) => process.exit(code),
  };
}
