// Processes and threads that the application starts. They have none of its worker's sockets: one that listens on PORT all the
// same is reported, as the error that it gets says nothing of the reason.
import { ChildProcess } from 'node:child_process';
import { Server } from 'node:net';
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';

/** What a process or thread has to know to report it. */
export interface Within {
  readonly port: string;
  readonly notifyFd: number;
}

type Say = (line: string) => void;

const variable = 'APPSERVER_NODE_WITHIN';
/** Of Node's own data for threads. */
const key = 'appserver.within';

/** What Node's spawn() comes down to. */
interface Spawn {
  readonly file: string;
  args: string[];
  envPairs?: string[];
  stdio?: unknown;
}

type Descriptors = unknown[];

function descriptorsOf(stdio: unknown): Descriptors {
  if (!Array.isArray(stdio)) return [0, 1, 2].map(() => stdio ?? 'pipe');
  const given: Descriptors = stdio;
  return [...given, ...['pipe', 'pipe', 'pipe'].slice(given.length)];
}

/** Gives what is started here with this Node what it needs to report. */
export function watchChildren(place: Within, preload: string): void {
  const { port, notifyFd } = place;
  setEnvironmentData(key, JSON.stringify({ port, notifyFd }));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is not in the types
  const prototype = ChildProcess.prototype as unknown as { spawn: (this: ChildProcess, options: Spawn) => unknown };
  const { spawn } = prototype;
  prototype.spawn = function (this: ChildProcess, options) {
    if (options.file !== process.execPath || options.envPairs === undefined) return spawn.call(this, options);
    const stdio = descriptorsOf(options.stdio);
    const child: Within = { port, notifyFd: stdio.length };
    const [program = '', ...args] = options.args;
    return spawn.call(this, {
      ...options,
      // fork() hands on the options of this process, and this file with them.
      args: args.includes(preload) ? options.args : [program, '--require', preload, ...args],
      envPairs: [...options.envPairs, `${variable}=${JSON.stringify(child)}`],
      stdio: [...stdio, notifyFd],
    });
  };
}

/** In a process or thread that was started by a worker. @returns undefined in any other */
export function within(mainThread: boolean): Within | undefined {
  const text: unknown = mainThread ? process.env[variable] : getEnvironmentData(key);
  // What it starts itself gets another.
  delete process.env[variable];
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- watchChildren() wrote it
  return typeof text === 'string' ? (JSON.parse(text) as Within) : undefined;
}

export function reportListening(port: string, mainThread: boolean, say: Say): void {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Node keeps the name for those that wrap it
  const prototype = Server.prototype as unknown as {
    _listen2: (this: Server, ...args: unknown[]) => void;
  };
  const { _listen2: start } = prototype;
  prototype._listen2 = function (this: Server & { _handle?: unknown }, ...args) {
    const [address, number] = args;
    // With a handle, it is another process that listens.
    const itself = this._handle === null || this._handle === undefined;
    if (itself && [address, String(number)].includes(port)) {
      const where = mainThread
        ? `a process (${process.pid}) that the application starts`
        : 'a thread of the application';
      say(`X_APPSERVER_ERROR=APP_SERVES_IN_CHILD ${where} listens on PORT (${port}), which its worker has`);
    }
    start.apply(this, args);
  };
}
