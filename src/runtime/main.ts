// Start of the supervisor: configuration in, signals and files wired up, exit code out.
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isatty } from 'node:tty';
import { getSystemErrorName } from 'node:util';
import type { Config, FixedConfig } from './config/config.ts';
import { readFolders, readYaml } from './config/files.ts';
import { ignoredSettings } from './config/ignored-settings.ts';
import { watchFolder } from './config/watch.ts';
import { catalogue, isErrorCode, RuntimeError, sentence, type Surface } from './errors.ts';
import { startAdmin } from './http/admin.ts';
import { ApplicationCheck, askOverHttp } from './http/application-check.ts';
import { startControl } from './http/control.ts';
import { startLog, type Log } from './log/log.ts';
import { terminationMessage, writeTerminationMessage } from './log/termination-message.ts';
import { descriptors } from './processes/descriptors.ts';
import { SharedMemory } from './processes/shared-memory.ts';
import { Supervisor } from './supervisor/supervisor.ts';
import { parse, type Program } from './text/arguments.ts';
import type { Fields } from './text/log-line.ts';
import { version } from './version.ts';

/** How the configuration is read, at the start and again whenever it may have changed. */
interface Source {
  readonly read: () => Config;
  /** The folder to watch; undefined where only HUP says that it is to be read again. */
  readonly watched: string | undefined;
  readonly surface: Surface;
  /** Ends once a worker is ready or has failed, and runs no hooks. */
  readonly check: boolean;
}

const program: Program = {
  name: 'runtime.mjs',
  description: '',
  options: [
    { long: '--config', value: '<folder>', description: '', default: '/etc/appserver/runtime' },
    { long: '--live', value: '<folder>', description: '', default: '/etc/appserver/live' },
    // What appserver-runtime was told: a file, and flags as a document that stands above it.
    { long: '--file', value: '<file>', description: '' },
    { long: '--overrides', value: '<document>', description: '' },
    { long: '--check', description: '' },
  ],
  operands: [],
  commands: [],
};

function source(args: readonly string[]): Source {
  const parsed = parse(program, args);
  // appserver-init and appserver-runtime write this command line, and no person.
  if (parsed.kind !== 'run') throw new Error(parsed.kind === 'wrong' ? parsed.message : `there is no ${parsed.kind}`);
  const { options } = parsed;
  const [config = '', live = ''] = [options.last('--config'), options.last('--live')];
  const [file, overrides] = [options.last('--file'), options.last('--overrides')];
  if (overrides === undefined)
    return { read: () => readFolders(config, live), watched: live, surface: 'pod', check: false };
  const check = options.has('--check');
  const read = (): Config => {
    const { fixed, ...rest } = readYaml(file, JSON.parse(overrides));
    // A hook may migrate a database.
    return { fixed: check ? { ...fixed, hooks: {}, check: undefined } : fixed, ...rest };
  };
  return { read, watched: undefined, surface: 'standalone', check };
}

/** appserver-init has tried to listen before this process began, and left number and address where it could not. */
function checkListening(): void {
  const [, number = '', address = ''] = /^(\d+) (.*)$/.exec(process.env['APPSERVER_LISTEN_ERROR'] ?? '') ?? [];
  if (number === '') return;
  const name = getSystemErrorName(-Number(number));
  if (name === 'EADDRINUSE') throw new RuntimeError('PORT_IN_USE', `${address} is taken by another program`);
  const code = name === 'EACCES' ? 'PORT_FORBIDDEN' : 'LISTEN_FAILED';
  throw new RuntimeError(code, `cannot listen on ${address}: ${name}`);
}

/** A worker could not even be started there, and the system's own error would name the wrong file. */
function checkWorkingDir({ app: { workingDir } }: FixedConfig): void {
  if (workingDir === undefined || statSync(workingDir, { throwIfNoEntry: false })?.isDirectory() === true) return;
  throw new RuntimeError('WORKING_DIR_MISSING', `there is no directory ${workingDir}`);
}

/** What runs here, for whoever reads the log from its first line. */
function introduction({ app, listen, admin }: FixedConfig, workers: number): Fields {
  const application = { [app.kind]: app.target, ...(app.kind === 'wsgi' && { class: app.class }) };
  return { version, ...application, workers, listen: listen.join(', '), admin };
}

function end(log: Log, exitCode: number): void {
  log.end(() => process.exit(exitCode));
}

/** Reads the configuration again. What cannot be taken over is said, and the settings in force stay. */
function update(from: Source, current: Config, supervisor: Supervisor, log: Log): Config {
  try {
    const next = from.read();
    if (JSON.stringify(next.fixed) !== JSON.stringify(current.fixed)) {
      const names = Object.entries(next.fixed)
        .filter(
          ([name, value]) =>
            JSON.stringify(value) !== JSON.stringify(Object.entries(current.fixed).find(([key]) => key === name)?.[1]),
        )
        .map(([name]) => name);
      const cause = `${names.join(', ')} cannot change while the runtime runs`;
      log.logger.error({ code: 'CONFIG_FIXED' }, sentence('CONFIG_FIXED', cause, from.surface));
    }
    if (JSON.stringify(next.live) === JSON.stringify(current.live)) return current;
    supervisor.configure(next.live);
    return { fixed: current.fixed, live: next.live };
  } catch (error) {
    // A bad edit must not end a serving pod.
    if (!(error instanceof RuntimeError)) throw error;
    log.logger.error({ code: error.code }, sentence(error.code, error.message, from.surface));
    return current;
  }
}

function listenerCount(): number {
  return Number(process.env['LISTEN_FDS'] ?? 0);
}

/** The log exists before the supervisor whose output it holds back. */
interface Hold {
  output: (full: boolean) => void;
}

/** How often it is looked whether a worker is ready, in milliseconds. */
const checkMs = 50;

/** Ends the process with what became of the first worker. */
function endWhenChecked(supervisor: Supervisor, log: Log): void {
  const timer = setInterval(() => {
    const { workers, lastFailure } = supervisor.health();
    if (lastFailure !== null && isErrorCode(lastFailure)) {
      log.logger.fatal({ code: lastFailure }, supervisor.lastFailure() ?? lastFailure);
      process.exitCode = catalogue[lastFailure].exitCode;
    } else if (workers.ready === 0) return;
    else log.logger.info('the application was loaded and is ready to serve');
    clearInterval(timer);
    supervisor.dispatch({ kind: 'quit' });
  }, checkMs);
}

/** Starts asking the application, where that is wished for. */
function startCheck({ check, listen }: FixedConfig, supervisor: Supervisor): ApplicationCheck | undefined {
  const [address] = listen;
  if (check === undefined || address === undefined) return undefined;
  const serves = (): boolean => {
    const { phase, workers } = supervisor.health();
    return phase === 'serving' && workers.ready > 0;
  };
  const started = new ApplicationCheck(check, askOverHttp(address, check), serves);
  started.start();
  return started;
}

function tellIgnored({ app }: FixedConfig, surface: Surface, log: Log): void {
  const isThere = (file: string): boolean => existsSync(join(app.workingDir ?? '.', file));
  for (const { ignored, instead } of ignoredSettings(app, process.env, isThere, surface)) {
    log.logger.warn({ ignored, instead }, 'setting of another server is not read');
  }
}

async function start(from: Source, log: Log, hold: Hold): Promise<void> {
  let current = from.read();
  const { fixed, live } = current;
  log.configure(live.logging);
  checkListening();
  checkWorkingDir(fixed);
  const fds = descriptors(listenerCount());
  const supervisor = new Supervisor({
    home: dirname(import.meta.dirname),
    surface: from.surface,
    fixed,
    live,
    descriptors: fds,
    memory: new SharedMemory(fds.memory),
    log,
    onExit: ({ code, failure }, tail) => {
      if (from.check) return end(log, Number(process.exitCode ?? code));
      if (failure !== undefined) {
        const text = sentence(failure.code, failure.cause, from.surface);
        log.logger.fatal({ code: failure.code }, text);
        writeTerminationMessage(terminationMessage(text, tail));
      }
      return end(log, code);
    },
  });
  log.logger.info(introduction(fixed, supervisor.health().workers.desired), 'listening');
  tellIgnored(fixed, from.surface, log);
  hold.output = (full) => supervisor.holdOutput(full);
  const reread = (): void => {
    current = update(from, current, supervisor, log);
  };
  const check = startCheck(fixed, supervisor);
  await startAdmin({
    address: fixed.admin,
    health: () => supervisor.health(),
    report: () => supervisor.report(),
    applicationMetrics: () => supervisor.applicationMetrics(),
    readyWorkers: () => current.live.readyWorkers,
    applicationCheck: () => check?.check,
  });
  await startControl({ path: fixed.control, supervisor, log: log.logger, reread });
  process.on('SIGTERM', () => supervisor.dispatch({ kind: 'terminate' }));
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) process.on(signal, () => supervisor.dispatch({ kind: 'quit' }));
  process.on('SIGTTIN', () => supervisor.dispatch({ kind: 'scale', by: 1 }));
  process.on('SIGTTOU', () => supervisor.dispatch({ kind: 'scale', by: -1 }));
  if (!hasTerminal()) process.on('SIGWINCH', () => supervisor.dispatch({ kind: 'set-workers', workers: 0 }));
  process.on('SIGHUP', () => {
    reread();
    void supervisor.reload();
  });
  process.on('SIGUSR1', () => void supervisor.dumpStacks(0));
  process.on('SIGUSR2', () => log.logger.info({ state: supervisor.report() }, 'state'));
  if (from.watched !== undefined) watchFolder(from.watched, reread);
  await supervisor.start();
  if (from.check) endWhenChecked(supervisor, log);
}

/** Which sends WINCH whenever its window is resized. */
const hasTerminal = (): boolean => [0, 1, 2].some((descriptor) => isatty(descriptor));

/** @param args command line without program and script */
export async function main(args: readonly string[]): Promise<void> {
  const hold: Hold = { output: () => undefined };
  const log = startLog((full) => hold.output(full));
  const from = source(args);
  try {
    await start(from, log, hold);
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    const text = sentence(error.code, error.message, from.surface);
    log.logger.fatal({ code: error.code }, text);
    writeTerminationMessage(terminationMessage(text, ''));
    end(log, catalogue[error.code].exitCode);
  }
}
