// Every error a user of the runtime can meet: its code, what to do about it, and the exit code when it ends the process.

/** What to do, where the same sentence does for pods and for a runtime that is run by hand; else one for each. */
type Remedy = string | { readonly pod: string; readonly standalone: string };

interface Entry {
  readonly exitCode: number;
  readonly remedy: Remedy;
}

/** @param what what the log of the worker shows, and what else to do */
function log(what: string, subject = ''): Remedy {
  const of = subject === '' ? '' : `${subject} in the `;
  return { pod: `The ${of}container log shows ${what}`, standalone: `The ${of}log shows ${what}` };
}

/** @param name package that has to be there for the workers that were asked for */
function packageMissing(name: string, orElse?: 'workers.class'): Remedy {
  return {
    pod: `Add ${name} to the packages that the image installs (requirements.txt or pyproject.toml)${orElse === undefined ? '' : `, or choose another ${orElse}`}.`,
    standalone: `Install ${name} for the python3 that is first on the PATH${orElse === undefined ? '' : ', or choose another --class'}.`,
  };
}

export const catalogue = {
  CONFIG_UNREADABLE: {
    exitCode: 2,
    remedy: 'Check that the file exists and that the user of this process can read it.',
  },
  CONFIG_INVALID: {
    exitCode: 2,
    remedy: {
      pod: 'Correct the named field; docs/reference.md lists all fields.',
      standalone: 'Correct the named field of the file, or the option for it; docs/runtime.md lists all of them.',
    },
  },
  CONFIG_FIXED: {
    exitCode: 2,
    remedy: 'Restart the runtime for it; all other changes of the file are in force.',
  },
  WORKING_DIR_MISSING: {
    exitCode: 2,
    remedy: {
      pod: "Correct spec.app.workingDir, or leave it out to use the image's own working directory.",
      standalone: 'Correct --working-dir, or leave it out to use the current directory.',
    },
  },
  STATIC_FILES_MISSING: {
    exitCode: 2,
    remedy: "Correct spec.proxy.static: name a directory in the application's image that its user can read.",
  },
  PORT_IN_USE: {
    exitCode: 5,
    remedy: {
      pod: 'Stop the other program, or choose another port with spec.port.',
      standalone: 'Stop the other program, or choose another address with --listen.',
    },
  },
  PORT_FORBIDDEN: {
    exitCode: 5,
    remedy: {
      pod: 'Ports below 1024 need a privilege that the container does not have; choose a port of 1024 or higher.',
      standalone:
        'Ports below 1024 need a privilege that this user does not have; choose one of 1024 or higher with --listen.',
    },
  },
  LISTEN_FAILED: {
    exitCode: 5,
    remedy: {
      pod: 'Choose an address and a port that this container can listen on.',
      standalone: 'Choose an address and a port of this machine with --listen.',
    },
  },
  ADMIN_PORT_IN_USE: {
    exitCode: 5,
    remedy: {
      pod: 'The runtime serves its probes there; do not let another program in the pod listen on this port.',
      standalone: 'The runtime serves its probes and metrics there; choose another address with --admin.',
    },
  },
  PYTHON_MISSING: {
    exitCode: 3,
    remedy: {
      pod: 'The image needs python3 on its PATH; use an image with Python, or set PATH in spec.env.',
      standalone: 'Install Python 3.9 or newer, and check that python3 is on the PATH.',
    },
  },
  VIRTUALENV_NOT_ON_PATH: {
    exitCode: 3,
    remedy: {
      pod: 'Set PATH to that value, in the Dockerfile (ENV) or in spec.env.',
      standalone: 'Set PATH to that value, or activate the virtual environment.',
    },
  },
  GUNICORN_MISSING: { exitCode: 3, remedy: packageMissing('gunicorn') },
  PYTHON_UNSUPPORTED: {
    exitCode: 3,
    remedy: {
      pod: 'Use an image with Python 3.9 or newer.',
      standalone: 'Put Python 3.9 or newer first on the PATH.',
    },
  },
  GUNICORN_UNSUPPORTED: { exitCode: 3, remedy: 'Install gunicorn 22.0.0 or newer, but older than 28.' },
  GEVENT_MISSING: { exitCode: 3, remedy: packageMissing('gunicorn[gevent]', 'workers.class') },
  GRANIAN_MISSING: { exitCode: 3, remedy: packageMissing('granian', 'workers.class') },
  GRANIAN_UNSUPPORTED: { exitCode: 3, remedy: 'Install granian 2.8.0 or newer, but older than 2.9.' },
  UVICORN_MISSING: { exitCode: 3, remedy: packageMissing('uvicorn') },
  UVICORN_UNSUPPORTED: { exitCode: 3, remedy: 'Install uvicorn 0.30.0 or newer, but older than 1.0.' },
  NODE_MISSING: {
    exitCode: 3,
    remedy: {
      pod: 'The image needs node on its PATH; use an image with Node, or set PATH in spec.env.',
      standalone: 'Install Node 20 or newer, and check that node is on the PATH.',
    },
  },
  NODE_UNSUPPORTED: { exitCode: 3, remedy: 'Applications need Node 20 or newer; the runtime itself needs Node 26.' },
  PROGRAM_MISSING: {
    exitCode: 3,
    remedy: {
      pod: 'Correct spec.app.command; a name without a slash is searched for on the PATH of the container.',
      standalone: 'Correct the command behind --; a name without a slash is searched for on the PATH.',
    },
  },
  PRELOAD_THREADS: {
    exitCode: 4,
    remedy: {
      pod: 'A fork does not copy threads: start them in a post_fork hook or at the first request, turn off workers.preload, or set workers.preloadThreads if the workers do without them.',
      standalone:
        'A fork does not copy threads: start them in a post_fork hook or at the first request, leave out --preload, or set workers.preloadThreads in the file of --config if the workers do without them.',
    },
  },
  APP_NOT_FOUND: {
    exitCode: 4,
    remedy: {
      pod: 'Correct the name (module:attribute) in spec.app, or spec.app.workingDir, where modules are looked for.',
      standalone:
        'Correct the name (module:attribute) behind --wsgi or --asgi, or --working-dir, where modules are looked for.',
    },
  },
  APP_STARTUP_FAILED: { exitCode: 4, remedy: log('what the startup handler raised.', 'traceback') },
  APP_IMPORT_FAILED: {
    exitCode: 4,
    remedy: log('the line; importing the module by hand raises the same error.', 'traceback'),
  },
  APP_NOT_CALLABLE: {
    exitCode: 4,
    remedy: 'Name an attribute of the module that is the application, for example module:app or module:create_app().',
  },
  APP_LISTENS_ELSEWHERE: {
    exitCode: 4,
    remedy: {
      pod: 'Let the application listen on the port in the environment variable PORT, or set spec.port to its port.',
      standalone:
        'Let the application listen on the port in the environment variable PORT, or name its port with --listen.',
    },
  },
  APP_PORT_IN_USE: {
    exitCode: 4,
    remedy: {
      pod: 'Let the application listen on another port, or only on PORT: another program listens there, and the runtime itself uses port 9000.',
      standalone:
        'Let the application listen on another port, or only on PORT: another program listens there, and the runtime itself uses the port of --admin.',
    },
  },
  APP_SERVES_IN_CHILD: {
    exitCode: 4,
    remedy: {
      pod: "Let the process that the runtime starts listen, and leave the number of processes to spec.workers.count; to run TypeScript with tsx, name a file in spec.app.node that begins with require('tsx/cjs').",
      standalone:
        "Let the process that the runtime starts listen, and leave the number of processes to --workers; to run TypeScript with tsx, name a file with --node that begins with require('tsx/cjs').",
    },
  },
  WORKER_EXITED: { exitCode: 3, remedy: log('what the worker wrote before it exited.') },
  WORKER_KILLED: {
    exitCode: 3,
    remedy:
      'Another process sent the worker this signal; SIGKILL often comes from the kernel because the memory limit was reached.',
  },
  WORKER_OOM_KILLED: {
    exitCode: 3,
    remedy:
      'Raise the memory limit, run fewer workers, or set workers.recycle.memory so that workers are replaced in time.',
  },
  REQUEST_TIMEOUT: {
    exitCode: 3,
    remedy: log('where the request was; raise workers.requestTimeout if that is expected.', 'stack'),
  },
  SOCKET_SHUT_DOWN: {
    exitCode: 5,
    remedy:
      'A worker called shutdown() on the socket that all workers share; the application can close it, but must not shut it down.',
  },
  HOOK_FAILED: { exitCode: 7, remedy: log('what the hook wrote.') },
  HOOK_FUNCTION_FAILED: {
    exitCode: 7,
    remedy: log('what the function raised; docs/extending.md lists what it is called with.', 'traceback'),
  },
  BOOT_TIMEOUT: {
    exitCode: 3,
    remedy: {
      pod: 'Make the application start faster, or raise spec.workers.bootTimeout.',
      standalone: 'Make the application start faster, or raise workers.bootTimeout in the file of --config.',
    },
  },
  HEARTBEAT_TIMEOUT: {
    exitCode: 3,
    remedy: {
      pod: 'The stack in the container log shows what the worker was doing; raise spec.workers.heartbeatTimeout if that is expected.',
      standalone:
        'The stack in the log shows what the worker was doing; raise workers.heartbeatTimeout if that is expected.',
    },
  },
  SPAWN_FAILED: {
    exitCode: 3,
    remedy: {
      pod: 'The system refused to start a process; check the process and memory limits of the container.',
      standalone: 'The system refused to start a process; check the process and memory limits (ulimit, cgroup).',
    },
  },
  NO_WORKER_READY: { exitCode: 6, remedy: log('why each worker exited.') },
} as const satisfies Record<string, Entry>;

export type ErrorCode = keyof typeof catalogue;

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(catalogue, text);
}

/** What no change of the application's own files ends: a program or a package is missing or of the wrong version. */
const ofSurroundings: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'PYTHON_MISSING', 'PYTHON_UNSUPPORTED', 'VIRTUALENV_NOT_ON_PATH', 'GUNICORN_MISSING', 'GUNICORN_UNSUPPORTED',
  'GEVENT_MISSING', 'GRANIAN_MISSING', 'GRANIAN_UNSUPPORTED', 'UVICORN_MISSING', 'UVICORN_UNSUPPORTED', 'NODE_MISSING',
  'NODE_UNSUPPORTED', 'PROGRAM_MISSING',
]); // prettier-ignore

export function isOfSurroundings(code: ErrorCode): boolean {
  return ofSurroundings.has(code);
}

export const errorCodes: readonly ErrorCode[] = Object.keys(catalogue).filter(isErrorCode);

/** An error with a code of the catalogue; `cause` is one sentence without its full stop's remedy. */
export class RuntimeError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, options?: { cause: unknown }) {
    super(message, options);
    this.name = 'RuntimeError';
    this.code = code;
  }
}

/** Where the runtime runs, which decides what a user can change: an AppServer, or options and a file. */
export type Surface = 'pod' | 'standalone';

export function remedyOf(code: ErrorCode, surface: Surface): string {
  const { remedy }: Entry = catalogue[code];
  return typeof remedy === 'string' ? remedy : remedy[surface];
}

/** `CODE: cause. remedy`, the one line that ends up in the log, the termination message and the AppServer's condition. */
export function sentence(code: ErrorCode, cause: string, surface: Surface): string {
  return `${code}: ${cause.replace(/\.$/, '')}. ${remedyOf(code, surface)}`;
}
