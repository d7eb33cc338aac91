// Start of the supervisor: configuration in, signals and files wired up, exit code out.
import type { Config, FixedConfig } from './config/config.ts';
import { liveFile, readFolders, readYaml } from './config/files.ts';
import { ignoredSettings } from './config/ignored-settings.ts';
import { watchFile, type Watched } from './config/watch.ts';
import { catalogue, isErrorCode, RuntimeError, sentence, type ErrorCode, type Surface } from './errors.ts';
import type { Files, Host } from './host/host.ts';
import { startAdmin } from './http/admin.ts';
import { ApplicationCheck, askOverHttp } from './http/application-check.ts';
import { startControl } from './http/control.ts';
import { startLog, type Log } from './log/log.ts';
import { terminationMessage, writeTerminationMessage } from './log/termination-message.ts';
import { descriptors } from './processes/descriptors.ts';
import { SharedMemory } from './processes/shared-memory.ts';
import type { Check } from './status/report.ts';
import { SettingsInForce } from './supervisor/settings-in-force.ts';
import { shortened, sourceRoots } from './sources/source-roots.ts';
import { watchSources } from './sources/watch-sources.ts';
import { Supervisor } from './supervisor/supervisor.ts';
import { parse, type Program } from './text/arguments.ts';
import type { Fields } from './text/log-line.ts';
import { version } from './version.ts';

/** How the configuration is read, at the start and again whenever it may have changed. */
interface Source {
  readonly read: () => Config;
  /** What to watch; undefined where only HUP says that it is to be read again. */
  readonly watched: Watched | undefined;
  readonly surface: Surface;
  /** Ends once a worker is ready or has failed, and runs no hooks. */
  readonly check: boolean;
  /** Reloads when a file of the application changes. */
  readonly reload: boolean;
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
    { long: '--reload', description: '' },
  ],
  operands: [],
  commands: [],
};

/** One worker is reloaded soonest, and whoever sits at a terminal reads text. */
function inDevelopment(terminal: boolean): object {
  return { workers: { count: 1 }, ...(terminal && { logging: { format: 'text' } }) };
}

function source({ files, output }: Host, args: readonly string[]): Source {
  const parsed = parse(program, args);
  // appserver-init and appserver-runtime write this command line, and no person.
  if (parsed.kind !== 'run') throw new Error(parsed.kind === 'wrong' ? parsed.message : `there is no ${parsed.kind}`);
  const { options } = parsed;
  const [config = '', live = ''] = [options.last('--config'), options.last('--live')];
  const [file, overrides] = [options.last('--file'), options.last('--overrides')];
  if (overrides === undefined) {
    const watched = { directory: live, file: liveFile };
    return { read: () => readFolders(files, config, live), watched, surface: 'pod', check: false, reload: false };
  }
  const check = options.has('--check');
  const reload = options.has('--reload');
  const defaults = reload ? inDevelopment(output.isTerminal) : {};
  const read = (): Config => {
    const { fixed, ...rest } = readYaml(files, file, { overrides: JSON.parse(overrides), defaults });
    // A hook may migrate a database.
    return { fixed: check ? { ...fixed, hooks: {}, check: undefined } : fixed, ...rest };
  };
  return { read, watched: undefined, surface: 'standalone', check, reload };
}

/** appserver-init has tried to listen before this process began, and left number and address where it could not. */
function checkListening({ env, errorName }: Host): void {
  const [, number = '', address = ''] = /^(\d+) (.*)$/.exec(env['APPSERVER_LISTEN_ERROR'] ?? '') ?? [];
  if (number === '') return;
  const name = errorName(Number(number));
  if (name === 'EADDRINUSE') throw new RuntimeError('PORT_IN_USE', `${address} is taken by another program`);
  const code = name === 'EACCES' ? 'PORT_FORBIDDEN' : 'LISTEN_FAILED';
  throw new RuntimeError(code, `cannot listen on ${address}: ${name}`);
}

/** A worker could not even be started there, and the system's own error would name the wrong file. */
function checkWorkingDir(files: Files, { app: { workingDir } }: FixedConfig): void {
  if (workingDir === undefined || files.stat(workingDir)?.kind === 'directory') return;
  throw new RuntimeError('WORKING_DIR_MISSING', `there is no directory ${workingDir}`);
}

/** What runs here, for whoever reads the log from its first line. */
function introduction({ app, listen, admin }: FixedConfig, workers: number): Fields {
  const application = { [app.kind]: app.target, ...(app.kind === 'wsgi' && { class: app.class }) };
  return { version, ...application, workers, listen: listen.join(', '), admin };
}

/** The log exists before the supervisor whose output it holds back. */
interface Hold {
  output: (full: boolean) => void;
}

/** What the parts below have in common. */
interface Context {
  readonly host: Host;
  readonly from: Source & Pick<Invocation, 'home'>;
  readonly log: Log;
  readonly hold: Hold;
  /** Called before the process ends. */
  readonly atEnd: (() => void)[];
}

function end({ host, log, atEnd }: Context, exitCode: number): void {
  for (const run of atEnd) run();
  log.end(() => host.exit(exitCode));
}

/** Says in the log and to Kubernetes why the process ends. */
function explain({ host, from, log }: Context, code: ErrorCode, cause: string, tail: string): void {
  const text = sentence(code, cause, from.surface);
  log.logger.fatal({ code }, text);
  writeTerminationMessage(host, terminationMessage(text, tail));
}

/** How often it is looked whether a worker is ready, in milliseconds. */
const checkMs = 50;

/** Has the supervisor end once it is known what became of the first worker. */
function endWhenChecked({ host, log }: Context, supervisor: Supervisor, found: (exitCode: number) => void): void {
  const timer = host.clock.every(checkMs, () => {
    const { workers, lastFailure } = supervisor.health();
    if (lastFailure !== null && isErrorCode(lastFailure)) {
      log.logger.fatal({ code: lastFailure }, supervisor.lastFailure() ?? lastFailure);
      found(catalogue[lastFailure].exitCode);
    } else if (workers.ready === 0) return;
    else log.logger.info('the application was loaded and is ready to serve');
    timer.cancel();
    supervisor.dispatch({ kind: 'quit' });
  });
}

/** Starts asking the application, where that is wished for. */
function startCheck(
  { host }: Context,
  { check, listen }: FixedConfig,
  supervisor: Supervisor,
): () => Check | undefined {
  const [address] = listen;
  if (check === undefined || address === undefined) return () => undefined;
  const serves = (): boolean => {
    const { phase, workers } = supervisor.health();
    return phase === 'serving' && workers.ready > 0;
  };
  const started = new ApplicationCheck(check, askOverHttp(host.http, address, check), serves);
  started.start(host.clock);
  return () => started.check;
}

function reloadOnChange({ host, log: { logger } }: Context, { app }: FixedConfig, supervisor: Supervisor): void {
  const roots = sourceRoots(app, (path) => host.files.stat(path));
  const counts = watchSources(host, { kind: app.kind, roots }, {
    changed: (paths) => {
      logger.info({ files: shortened(paths) }, 'files changed');
      void supervisor.reload();
    },
    refused: (cause) => logger.warn({ cause }, 'files are looked at each second'),
  }); // prettier-ignore
  logger.info({ directory: roots.join(', '), ...counts }, 'watching files');
}

function tellIgnored({ host, from, log }: Context, { app }: FixedConfig): void {
  const isThere = (file: string): boolean => host.files.stat(`${app.workingDir ?? '.'}/${file}`) !== undefined;
  for (const { ignored, instead } of ignoredSettings(app, host.env, isThere, from.surface)) {
    log.logger.warn({ ignored, instead }, 'setting of another server is not read');
  }
}

/** @param checked the exit code that a check has found, where there is one */
function makeSupervisor(context: Context, { fixed, live }: Config, checked: () => number | undefined): Supervisor {
  const { host, from, log } = context;
  const fds = descriptors(Number(host.env['LISTEN_FDS'] ?? 0));
  return new Supervisor({
    host,
    home: from.home,
    surface: from.surface,
    reloadsOnChange: from.reload,
    fixed,
    live,
    descriptors: fds,
    memory: new SharedMemory(host.shared(fds.memory)),
    log,
    onExit: ({ code, failure }, tail) => {
      if (from.check) return end(context, checked() ?? code);
      if (failure !== undefined) explain(context, failure.code, failure.cause, tail);
      return end(context, code);
    },
  });
}

function obeySignals(
  { onSignal, hasTerminal }: Host,
  supervisor: Supervisor,
  { logger }: Log,
  reread: () => void,
): void {
  onSignal('SIGTERM', () => supervisor.dispatch({ kind: 'terminate' }));
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) onSignal(signal, () => supervisor.dispatch({ kind: 'quit' }));
  onSignal('SIGTTIN', () => supervisor.dispatch({ kind: 'scale', by: 1 }));
  onSignal('SIGTTOU', () => supervisor.dispatch({ kind: 'scale', by: -1 }));
  // A terminal sends it whenever its window is resized.
  if (!hasTerminal) onSignal('SIGWINCH', () => supervisor.dispatch({ kind: 'set-workers', workers: 0 }));
  onSignal('SIGHUP', () => {
    reread();
    void supervisor.reload();
  });
  onSignal('SIGUSR1', () => void supervisor.dumpStacks(0));
  onSignal('SIGUSR2', () => logger.info({ state: supervisor.report() }, 'state'));
}

async function start(context: Context): Promise<void> {
  const { host, from, log, hold, atEnd } = context;
  const config = from.read();
  const { fixed, live } = config;
  log.configure(live.logging);
  checkListening(host);
  checkWorkingDir(host.files, fixed);
  let checked: number | undefined;
  const supervisor = makeSupervisor(context, config, () => checked);
  log.logger.info(introduction(fixed, supervisor.health().workers.desired), 'listening');
  tellIgnored(context, fixed);
  hold.output = (full) => supervisor.holdOutput(full);
  const settings = new SettingsInForce({
    ...from,
    config,
    log: log.logger,
    apply: (next) => supervisor.configure(next),
  });
  const reread = (): void => settings.reread();
  const check = startCheck(context, fixed, supervisor);
  await startAdmin({
    http: host.http,
    address: fixed.admin,
    health: () => supervisor.health(),
    report: () => supervisor.report(),
    applicationMetrics: () => supervisor.applicationMetrics(),
    readyWorkers: () => settings.live.readyWorkers,
    applicationCheck: check,
  });
  atEnd.push(await startControl({ host, path: fixed.control, supervisor, log: log.logger, reread }));
  obeySignals(host, supervisor, log, reread);
  if (from.watched !== undefined) {
    watchFile(host, from.watched, reread, (cause) =>
      log.logger.warn({ directory: from.watched?.directory, cause }, 'settings are looked at every few seconds'),
    );
  }
  if (from.reload) reloadOnChange(context, fixed, supervisor);
  await supervisor.start();
  if (from.check) endWhenChecked(context, supervisor, (exitCode) => (checked = exitCode));
}

/** What the program that starts this knows. */
export interface Invocation {
  /** Folder of the installed runtime. */
  readonly home: string;
  /** Command line without program and script. */
  readonly args: readonly string[];
}

export async function main(host: Host, { home, args }: Invocation): Promise<void> {
  const hold: Hold = { output: () => undefined };
  const log = startLog(host, (full) => hold.output(full));
  const context: Context = { host, from: { ...source(host, args), home }, log, hold, atEnd: [] };
  try {
    await start(context);
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    explain(context, error.code, error.message, '');
    end(context, catalogue[error.code].exitCode);
  }
}
