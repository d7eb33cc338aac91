// What an image brings for other servers and process managers, and is not read here: said, with what to set instead.
import type { Surface } from '../errors.ts';
import type { Application } from './config.ts';

export interface IgnoredSetting {
  /** A variable of the environment, or a file of the working directory. */
  readonly ignored: string;
  /** Where the same is set. */
  readonly instead: string;
}

interface Known {
  readonly kinds: readonly Application['kind'][];
  /** All that begin with it, where it ends with `_`. */
  readonly variables?: readonly string[];
  readonly files?: readonly string[];
  readonly instead: Readonly<Record<Surface, string>>;
}

const workers = { pod: 'spec.workers', standalone: 'the options and the file of --config' } as const;
const count = { pod: 'spec.workers.count', standalone: '--workers' } as const;
const hooks = { pod: 'spec.workers and spec.hooks.python', standalone: 'the file of --config' } as const;

/** Options of uvicorn that are the application's alone: these are read, by uvicorn_options.py. */
const ofApplication = new Set(
  [
    ...[
      'DATE_HEADER',
      'H11_MAX_INCOMPLETE_EVENT_SIZE',
      'HTTP',
      'INTERFACE',
      'LIFESPAN',
      'LIMIT_CONCURRENCY',
      'LOG_LEVEL',
    ],
    ...['LOOP', 'ROOT_PATH', 'SERVER_HEADER', 'USE_COLORS', 'WS', 'WS_MAX_QUEUE', 'WS_MAX_SIZE'],
    ...['WS_PER_MESSAGE_DEFLATE', 'WS_PING_INTERVAL', 'WS_PING_TIMEOUT'],
  ].map((name) => `UVICORN_${name}`),
);

const known: readonly Known[] = [
  { kinds: ['wsgi', 'asgi', 'node'], variables: ['WEB_CONCURRENCY'], instead: count },
  { kinds: ['wsgi', 'asgi'], variables: ['GUNICORN_CMD_ARGS'], instead: workers },
  { kinds: ['wsgi', 'asgi'], files: ['gunicorn.conf.py'], instead: hooks },
  { kinds: ['asgi'], variables: ['UVICORN_'], instead: workers },
  { kinds: ['wsgi', 'asgi'], variables: ['GRANIAN_'], instead: workers },
  { kinds: ['wsgi'], variables: ['UWSGI_'], files: ['uwsgi.ini', 'uwsgi.yaml', 'uwsgi.yml'], instead: workers },
  {
    kinds: ['node'],
    variables: ['PM2_'],
    files: ['ecosystem.config.js', 'ecosystem.config.cjs', 'pm2.config.js', 'process.json'],
    instead: workers,
  },
];

/** @param isThere whether the working directory has the file */
export function ignoredSettings(
  app: Application,
  env: Readonly<Record<string, string | undefined>>,
  isThere: (file: string) => boolean,
  surface: Surface,
): IgnoredSetting[] {
  const names = Object.keys(env)
    .filter((name) => !ofApplication.has(name))
    .toSorted();
  return known
    .filter(({ kinds }) => kinds.includes(app.kind))
    .flatMap(({ variables = [], files = [], instead }) =>
      [
        ...variables.flatMap((one) =>
          names.filter((name) => (one.endsWith('_') ? name.startsWith(one) : name === one)),
        ),
        // Its functions are used then, and the page that says so says that its settings are not.
        ...files.filter((file) => isThere(file) && !('hooks' in app && `${app.hooks}.py` === file)),
      ].map((ignored) => ({ ignored, instead: instead[surface] })),
    );
}
