// Start of the supervisor: configuration in, signals and files wired up, exit code out.
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { getSystemErrorName, parseArgs } from 'node:util';
import { pino, type Logger } from 'pino';
import { startAdmin } from './admin.ts';
import { readFixedConfig, readLiveConfig, type FixedConfig } from './config.ts';
import { catalogue, RuntimeError, sentence } from './errors.ts';
import { SharedMemory } from './shared-memory.ts';
import { Supervisor } from './supervisor.ts';
import { terminationMessage, writeTerminationMessage } from './termination.ts';
import { watchFolder } from './watch-file.ts';
import { sharedMemoryFd } from './worker-process.ts';

interface Arguments {
  readonly fixedDir: string;
  readonly liveDir: string;
}

function parseArguments(args: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      config: { type: 'string', default: '/etc/appserver/runtime' },
      live: { type: 'string', default: '/etc/appserver/live' },
    },
  });
  return { fixedDir: values.config, liveDir: values.live };
}

/** appserver-init has tried to listen before this process began, and left the error's number when it could not. */
function checkListening(fixed: FixedConfig): void {
  const number = process.env['APPSERVER_LISTEN_ERRNO'];
  if (number === undefined) return;
  const name = getSystemErrorName(-Number(number));
  const codes: Record<string, 'PORT_IN_USE' | 'PORT_FORBIDDEN'> = {
    EADDRINUSE: 'PORT_IN_USE',
    EACCES: 'PORT_FORBIDDEN',
  };
  const what =
    name === 'EADDRINUSE'
      ? `port ${fixed.port} is taken by another program`
      : `cannot listen on port ${fixed.port}: ${name}`;
  throw new RuntimeError(codes[name] ?? 'LISTEN_FAILED', what);
}

/** A worker could not even be started there, and the system's own error would name the wrong file. */
function checkWorkingDir({ app: { workingDir } }: FixedConfig): void {
  if (workingDir === undefined || statSync(workingDir, { throwIfNoEntry: false })?.isDirectory() === true) return;
  throw new RuntimeError('WORKING_DIR_MISSING', `there is no folder ${workingDir} in the container`);
}

function end(log: Logger, exitCode: number): never {
  log.flush();
  process.exit(exitCode);
}

async function start(args: Arguments, log: Logger): Promise<void> {
  const fixed = readFixedConfig(args.fixedDir);
  const live = readLiveConfig(args.liveDir);
  log.level = live.logging.level;
  checkListening(fixed);
  checkWorkingDir(fixed);
  let current = live;
  const supervisor = new Supervisor({
    home: dirname(import.meta.dirname),
    fixed,
    live,
    memory: new SharedMemory(sharedMemoryFd),
    log,
    onExit: ({ code, failure }, tail) => {
      if (failure !== undefined) {
        const text = sentence(failure.code, failure.cause);
        log.fatal({ code: failure.code }, text);
        writeTerminationMessage(terminationMessage(text, tail));
      }
      end(log, code);
    },
  });
  await startAdmin({
    port: fixed.adminPort,
    report: () => supervisor.report(),
    readyWorkers: () => current.probes.readyWorkers,
  });
  process.on('SIGTERM', () => supervisor.dispatch({ kind: 'terminate' }));
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) process.on(signal, () => supervisor.dispatch({ kind: 'quit' }));
  process.on('SIGTTIN', () => supervisor.dispatch({ kind: 'scale', by: 1 }));
  process.on('SIGTTOU', () => supervisor.dispatch({ kind: 'scale', by: -1 }));
  watchFolder(args.liveDir, () => {
    try {
      const next = readLiveConfig(args.liveDir);
      if (next.revision === current.revision) return;
      current = next;
      supervisor.configure(next);
    } catch (error) {
      // The settings in force stay: a bad edit must not end a serving pod.
      if (!(error instanceof RuntimeError)) throw error;
      log.error({ code: error.code }, sentence(error.code, error.message));
    }
  });
  supervisor.dispatch({ kind: 'started' });
}

/** @param args command line without program and script */
export async function main(args: readonly string[]): Promise<void> {
  const log = pino({
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (level) => ({ level }) },
  });
  try {
    await start(parseArguments(args), log);
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    const text = sentence(error.code, error.message);
    log.fatal({ code: error.code }, text);
    writeTerminationMessage(terminationMessage(text, ''));
    end(log, catalogue[error.code].exitCode);
  }
}
