// appserver-runtime: the runtime without Kubernetes, on a Linux host or in any container. Reads the configuration, and
// becomes appserver-init, which listens and then starts the supervisor.
import { Command } from 'commander';
import { dirname, join } from 'node:path';
import { workerClasses } from '../config/config.ts';
import { readYaml } from '../config/files.ts';
import { catalogue, RuntimeError, sentence } from '../errors.ts';
import { version } from '../version.ts';

interface Flags {
  readonly config?: string;
  readonly wsgi?: string;
  readonly asgi?: string;
  readonly node?: string;
  readonly listen?: string[];
  readonly admin?: string;
  readonly control?: string;
  readonly workers?: string;
  readonly class?: string;
  readonly threads?: string;
  readonly preload?: boolean;
  readonly workingDir?: string;
  readonly logFormat?: string;
  readonly accessLog?: boolean;
}

const program = new Command('appserver-runtime')
  .description('Run an application in supervised worker processes behind one listening socket.')
  .version(version)
  .option('-c, --config <file>', 'YAML file; flags stand above what it says')
  .option('--wsgi <module:attribute>', 'WSGI application, run by gunicorn workers')
  .option('--asgi <module:attribute>', 'ASGI application, run by uvicorn')
  .option('--node <file>', 'Node application that calls listen(PORT)')
  .option('-l, --listen <address>', 'HOST:PORT, [HOST]:PORT or unix:PATH; can be given more than once', collect)
  .option('--admin <address>', 'HOST:PORT of /livez, /readyz, /metrics and /status')
  .option('--control <path>', 'control socket for appserver-ctl; off for none')
  .option('-w, --workers <count>', 'worker processes, or auto')
  .option('--class <class>', `class of wsgi workers: ${workerClasses.join(', ')}`)
  .option('--threads <count>', 'threads of each gthread or fast worker')
  .option('--preload', 'import the application once, before workers are forked')
  .option('--working-dir <folder>', 'where the application runs and modules are looked for')
  .option('--log-format <format>', 'json, ecs or text')
  .option('--access-log', 'one line a request')
  .argument(
    '[command...]',
    'after --: a program that takes its sockets by LISTEN_FDS; with an application, its arguments',
  );

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

function number(text: string | undefined): number | string | undefined {
  // What is no number is left for the check of the configuration, whose error names the field.
  return text === undefined || !/^\d+$/.test(text) ? text : Number(text);
}

/** Only what was given, so that nothing covers the file. */
function overrides(flags: Flags, [program_, ...rest]: readonly string[]): unknown {
  const named = flags.wsgi ?? flags.asgi ?? flags.node;
  const args = named === undefined ? rest : [program_, ...rest].filter((one) => one !== undefined);
  return JSON.parse(
    JSON.stringify({
      app: {
        wsgi: flags.wsgi,
        asgi: flags.asgi,
        node: flags.node,
        command: named === undefined ? program_ : undefined,
        args: args.length > 0 ? args : undefined,
        workingDir: flags.workingDir,
      },
      listen: flags.listen,
      admin: flags.admin,
      control: flags.control,
      workers: {
        count: number(flags.workers),
        class: flags.class,
        threads: number(flags.threads),
        preload: flags.preload,
      },
      logging: { format: flags.logFormat, accessLog: flags.accessLog },
    }),
  ) as unknown;
}

function run(flags: Flags, command: readonly string[]): never {
  const document = overrides(flags, command);
  const { fixed } = readYaml(flags.config, document);
  const home = dirname(import.meta.dirname);
  const init = join(home, 'bin', 'appserver-init');
  const file = flags.config === undefined ? [] : [`--file=${flags.config}`];
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
      ...fixed.listen.flatMap((address) => ['--listen', address]),
      '--backlog',
      String(fixed.backlog),
      '--',
      process.execPath,
      join(import.meta.dirname, 'runtime.mjs'),
      ...file,
      `--overrides=${JSON.stringify(document)}`,
    ],
    process.env,
  );
}

program.action((command: string[], flags: Flags) => {
  try {
    run(flags, command);
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    process.stderr.write(`appserver-runtime: ${sentence(error.code, error.message, 'standalone')}\n`);
    process.exit(catalogue[error.code].exitCode);
  }
});

program.parse();
