// appserver-runtime: the runtime without Kubernetes, on a Linux host or in any container. Reads the configuration, and
// becomes appserver-init, which listens and then starts the supervisor.
import { dirname, join } from 'node:path';
import { workerClasses } from '../config/config.ts';
import { readYaml } from '../config/files.ts';
import { catalogue, RuntimeError, sentence } from '../errors.ts';
import { nodeHost } from '../host/node/host.ts';
import type { Program } from '../text/arguments.ts';
import { visible } from '../text/control-characters.ts';
import type { Option, Options } from '../text/options.ts';
import { readCommandLine } from './command-line.ts';

function option(long: string, value: string, description: string): Option {
  return { long, value, description };
}

const program: Program = {
  name: 'appserver-runtime',
  description: 'Run an application in supervised worker processes behind one listening socket.',
  options: [
    { short: '-c', ...option('--config', '<file>', 'YAML file; flags stand above what it says') },
    option('--wsgi', '<module:attribute>', 'WSGI application, run by gunicorn workers'),
    option('--asgi', '<module:attribute>', 'ASGI application, run by uvicorn'),
    option('--node', '<file>', 'Node application that calls listen(PORT)'),
    {
      short: '-l',
      ...option('--listen', '<address>', 'HOST:PORT, [HOST]:PORT or unix:PATH; can be given more than once'),
    },
    option('--admin', '<address>', 'HOST:PORT of /livez, /readyz, /metrics and /status'),
    option('--control', '<path>', 'control socket for appserver-ctl; off for none'),
    { short: '-w', ...option('--workers', '<count>', 'worker processes, or auto') },
    option('--class', '<class>', `class of wsgi workers: ${workerClasses.join(', ')}`),
    option('--threads', '<count>', 'threads of each gthread or fast worker'),
    { long: '--preload', description: 'import the application once, before workers are forked' },
    option('--working-dir', '<folder>', 'where the application runs and modules are looked for'),
    option('--log-format', '<format>', 'json, ecs or text'),
    { long: '--access-log', description: 'one line a request' },
    {
      long: '--reload',
      description:
        "reload when one of the application's files changes, for development; one worker unless told otherwise",
    },
    { long: '--check', description: 'check the configuration, load the application in one worker, and exit' },
  ],
  operands: [
    {
      name: 'command',
      description: 'after --: a program that takes its sockets by LISTEN_FDS; with an application, its arguments',
      kind: 'words',
    },
  ],
  commands: [],
};

function number(text: string | undefined): number | string | undefined {
  // What is no number is left for the check of the configuration, whose error names the field.
  return text === undefined || !/^\d+$/.test(text) ? text : Number(text);
}

/** Beside a runtime that serves: any port, and one worker. */
const whileChecking = { listen: ['127.0.0.1:0'], admin: '127.0.0.1:0', control: 'off' };

/** Only what was given, so that nothing covers the file. */
function overrides(flags: Options, words: readonly string[], check = false): unknown {
  const [wsgi, asgi, node] = [flags.last('--wsgi'), flags.last('--asgi'), flags.last('--node')];
  const named = wsgi ?? asgi ?? node;
  const [command, ...rest] = words;
  const args = named === undefined ? rest : words;
  const listen = flags.all('--listen');
  return JSON.parse(
    JSON.stringify({
      app: {
        wsgi,
        asgi,
        node,
        command: named === undefined ? command : undefined,
        args: args.length > 0 ? args : undefined,
        workingDir: flags.last('--working-dir'),
      },
      listen: listen.length > 0 ? listen : undefined,
      admin: flags.last('--admin'),
      control: flags.last('--control'),
      ...(check ? whileChecking : {}),
      workers: {
        count: check ? 1 : number(flags.last('--workers')),
        class: flags.last('--class'),
        threads: number(flags.last('--threads')),
        preload: flags.has('--preload') ? true : undefined,
      },
      logging: {
        format: flags.last('--log-format'),
        accessLog: flags.has('--access-log') ? true : undefined,
      },
    }),
  ) as unknown;
}

function run(flags: Options, words: readonly string[]): never {
  const check = flags.has('--check');
  const config = flags.last('--config');
  if (check && flags.has('--reload')) throw new RuntimeError('CONFIG_INVALID', '--reload cannot be used with --check');
  // What will be listened on is checked as well.
  const { fixed } = readYaml(nodeHost().files, config, { overrides: overrides(flags, words) });
  const document = overrides(flags, words, check);
  const listen = check ? whileChecking.listen : fixed.listen;
  const home = dirname(import.meta.dirname);
  const init = join(home, 'bin', 'appserver-init');
  const file = config === undefined ? [] : [`--file=${config}`];
  if (process.execve === undefined) {
    throw new RuntimeError(
      'NODE_UNSUPPORTED',
      `Node ${process.versions.node}, found on the PATH, cannot run the runtime`,
    );
  }
  return process.execve(
    init,
    [
      init,
      'serve',
      ...listen.flatMap((address) => ['--listen', address]),
      '--backlog',
      String(fixed.backlog),
      '--',
      process.execPath,
      join(import.meta.dirname, 'runtime.mjs'),
      ...file,
      `--overrides=${JSON.stringify(document)}`,
      ...['--check', '--reload'].filter((flag) => flags.has(flag)),
    ],
    process.env,
  );
}

const { options, operands } = readCommandLine(program, process.argv.slice(2));
try {
  run(options, operands);
} catch (error) {
  if (!(error instanceof RuntimeError)) throw error;
  process.stderr.write(`appserver-runtime: ${visible(sentence(error.code, error.message, 'standalone'))}\n`);
  process.exit(catalogue[error.code].exitCode);
}
