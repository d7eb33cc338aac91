// Makes a configuration of a document, or says which of its fields is wrong.
import { maxWorkers } from '../shared/shared-memory-layout.ts';
import { encodeHost, isNetwork, parseAddress } from './address.ts';
import {
  hookMoments,
  logFormats,
  logLevels,
  workerClasses,
  type Application,
  type ApplicationCheckSettings,
  type Config,
  type FixedConfig,
  type HookCommand,
  type HookMoment,
  type LiveConfig,
  type Recycle,
} from './config.ts';
import { inFile, Reader, type Naming } from './reader.ts';

/** Idle workers of some classes wake up once a second, and silence is to mean more than one late turn. */
const shortestHeartbeatMs = 3_000;

function application(
  app: Reader,
  workers: Record<'class' | 'threads' | 'preload' | 'preloadThreads', Reader>,
  hooks: Reader,
): Application {
  const fields = app.object(
    'wsgi',
    'asgi',
    'node',
    'command',
    'args',
    'workingDir',
    'pythonPath',
    'rootPath',
    'notify',
  );
  const kinds = (['wsgi', 'asgi', 'node', 'command'] as const).filter((kind) => fields[kind].present);
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1)
    return app.fail('must name exactly one application: wsgi, asgi, node or command');
  const common = {
    target: fields[kind].text(),
    args: fields.args.texts(),
    workingDir: fields.workingDir.optionalText(),
  };
  if (kind !== 'asgi' && fields.rootPath.present)
    fields.rootPath.fail('is for asgi; with wsgi, set SCRIPT_NAME in the environment');
  if (kind === 'node') return { kind, ...common };
  if (kind === 'command') return { kind, ...common, notify: fields.notify.flag(false) };
  const workerClass = workers.class.oneOf(workerClasses, 'sync');
  const threads = workers.threads.integer(1, 1_024, 1);
  if (kind === 'asgi' && workers.class.present) workers.class.fail('is for wsgi; an asgi worker has one event loop');
  if (threads > 1 && workerClass !== 'gthread' && workerClass !== 'fast')
    workers.threads.fail('above 1 needs workers.class: gthread or fast');
  return {
    kind,
    ...common,
    class: workerClass,
    threads,
    preload: workers.preload.flag(false),
    preloadThreads: workers.preloadThreads.flag(false),
    rootPath: rootPath(fields.rootPath),
    pythonPath: fields.pythonPath.texts(),
    hooks: hooks.optionalText(),
  };
}

function rootPath(reader: Reader): string | undefined {
  const path = reader.optionalText();
  return path === undefined || /^\/.*[^/]$/.test(path)
    ? path
    : reader.fail('must begin with / and must not end with it');
}

function maxHeaderBytes(reader: Reader, { kind }: Application): number | undefined {
  const bytes = reader.quantity();
  if (bytes === undefined) return undefined;
  if (kind === 'command') reader.fail('is for wsgi, asgi and node');
  return bytes >= 1_024 && bytes <= 16 * 2 ** 20 ? bytes : reader.fail('must be from 1Ki to 16Mi');
}

function hook(reader: Reader): HookCommand | undefined {
  if (!reader.present) return undefined;
  const { command, timeout } = reader.object('command', 'timeout');
  const words = command.texts();
  if (words.length === 0) return command.fail('must name a program');
  return { command: words, timeoutMs: timeout.duration(1, '30s') };
}

function recycle(reader: Reader): Recycle {
  const { requests, jitter, memory, lifetime } = reader.object('requests', 'jitter', 'memory', 'lifetime');
  return {
    requests: requests.integer(0, 1e9, 0),
    jitter: jitter.integer(0, 1e9, 0),
    memory: memory.is('auto') ? 'auto' : memory.quantity(),
    lifetimeMs: lifetime.duration(0, '0s'),
  };
}

function addresses(reader: Reader): readonly string[] {
  const listen = reader.texts(['0.0.0.0:8000']);
  if (listen.length < 1 || listen.length > 16) reader.fail('must name from 1 to 16 addresses');
  for (const address of listen) {
    if (parseAddress(address) === undefined) {
      reader.fail(`must hold addresses such as 0.0.0.0:8000, [::]:8000 or unix:/run/app.sock, not ${address}`);
    }
  }
  return listen;
}

/** Text that no server would find in an address is refused: each of them ignores it. */
function trustedProxies(reader: Reader): readonly string[] {
  const proxies = reader.texts();
  for (const one of proxies) {
    if (one !== '*' && !isNetwork(one))
      reader.fail(`must hold addresses, networks such as 10.0.0.0/8, or *, not ${one}`);
  }
  return proxies;
}

function drainTimes(reader: Reader): FixedConfig['drain'] {
  const { minimum, maximum } = reader.object('minimum', 'maximum');
  const minimumMs = minimum.duration(0, '5s');
  const maximumMs = maximum.duration(0, '15s');
  if (maximumMs < minimumMs) maximum.fail('must not be shorter than drain.minimum');
  return { minimumMs, maximumMs };
}

function adminAddress(reader: Reader): string {
  const address = reader.text('0.0.0.0:9000');
  const at = parseAddress(address);
  return at !== undefined && 'port' in at ? address : reader.fail('must be an address such as 0.0.0.0:9000');
}

const workerFields = [
  'class', 'threads', 'preload', 'preloadThreads', 'maxHeaderSize', 'backlog', 'keepAlive', 'count', 'bootTimeout', 'heartbeatTimeout', 'requestTimeout',
  'gracefulTimeout', 'recycle',
] as const; // prettier-ignore

const probeFields = ['readyWorkers', 'path', 'host', 'interval', 'failureThreshold'] as const;

function applicationCheck(probes: Reader): ApplicationCheckSettings | undefined {
  const { path, host, interval, failureThreshold } = probes.object(...probeFields);
  if (!path.present) return undefined;
  return {
    path: path.text().startsWith('/') ? path.text() : path.fail('must begin with /'),
    host: encodeHost(host.text('localhost')) ?? host.fail('must be a host name'),
    intervalMs: interval.duration(1_000, '10s'),
    failureThreshold: failureThreshold.integer(1, 100, 3),
  };
}

type WorkerFields = Record<(typeof workerFields)[number], Reader>;

function liveConfig(workers: WorkerFields, rest: Record<'revision' | 'probes' | 'logging', Reader>): LiveConfig {
  const logging = rest.logging.object('level', 'format', 'accessLog', 'accessLogQuery');
  const count = workers.count.is('auto') ? 'auto' : workers.count.integer(1, maxWorkers, 2);
  const { readyWorkers } = rest.probes.object(...probeFields);
  return {
    revision: rest.revision.text('1'),
    workers: {
      count,
      bootTimeoutMs: workers.bootTimeout.duration(1, '60s'),
      heartbeatTimeoutMs: workers.heartbeatTimeout.duration(shortestHeartbeatMs, '30s'),
      requestTimeoutMs: workers.requestTimeout.duration(0, '60s'),
      gracefulTimeoutMs: workers.gracefulTimeout.duration(0, '30s'),
      recycle: recycle(workers.recycle),
    },
    readyWorkers: readyWorkers.integer(1, count === 'auto' ? maxWorkers : count, 1),
    logging: {
      level: logging.level.oneOf(logLevels, 'info'),
      format: logging.format.oneOf(logFormats, 'json'),
      accessLog: logging.accessLog.flag(false),
      accessLogQuery: logging.accessLogQuery.flag(false),
    },
  };
}

/**
 * @param source name of the file, or what errors call each field
 * @throws RuntimeError CONFIG_INVALID
 */
export function parseConfig(source: string | Naming, document: unknown): Config {
  const root = new Reader(typeof source === 'string' ? inFile(source) : source, document).object(
    'app', 'revision', 'listen', 'admin', 'control', 'workers', 'trustedProxies', 'drain', 'probes', 'hooks', 'logging',
    'proxy',
  ); // prettier-ignore
  const workers = root.workers.object(...workerFields);
  const hooks = root.hooks.object('python', ...hookMoments);
  const commands: Partial<Record<HookMoment, HookCommand>> = {};
  for (const moment of hookMoments) {
    const command = hook(hooks[moment]);
    if (command !== undefined) commands[moment] = command;
  }
  const app = application(root.app, workers, hooks.python);
  return {
    fixed: {
      app,
      listen: addresses(root.listen),
      admin: adminAddress(root.admin),
      control: root.control.is('off') ? undefined : root.control.optionalText(),
      backlog: workers.backlog.integer(1, 65_535, 2_048),
      keepAliveMs: workers.keepAlive.duration(0, '75s'),
      maxHeaderBytes: maxHeaderBytes(workers.maxHeaderSize, app),
      trustedProxies: trustedProxies(root.trustedProxies),
      drain: drainTimes(root.drain),
      hooks: commands,
      check: applicationCheck(root.probes),
      proxyPidFile: root.proxy.object('pidFile').pidFile.optionalText(),
    },
    live: liveConfig(workers, root),
  };
}
