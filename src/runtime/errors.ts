// Every error a user of the runtime can meet: its code, what to do about it, and the exit code when it ends the process.

interface Entry {
  readonly exitCode: number;
  readonly remedy: string;
}

export const catalogue = {
  CONFIG_UNREADABLE: {
    exitCode: 2,
    remedy: 'See that the file exists and that the user of the container may read it.',
  },
  CONFIG_INVALID: { exitCode: 2, remedy: 'Correct the named field; docs/reference.md lists all fields.' },
  CONFIG_FIXED: {
    exitCode: 2,
    remedy: 'Restart the runtime for it; all other changes of the file have been taken over.',
  },
  WORKING_DIR_MISSING: {
    exitCode: 2,
    remedy: "Correct spec.app.workingDir, or leave it out: the image's own working directory is used then.",
  },
  STATIC_FILES_MISSING: {
    exitCode: 2,
    remedy: "Correct spec.proxy.static: a folder of the application's image that its user may read.",
  },
  PORT_IN_USE: {
    exitCode: 5,
    remedy: 'Stop the other program, or choose another port with spec.port.',
  },
  PORT_FORBIDDEN: {
    exitCode: 5,
    remedy: 'Ports below 1024 need a privilege that the container does not have; choose a port from 1024 on.',
  },
  LISTEN_FAILED: { exitCode: 5, remedy: 'Choose an address and a port that this container can listen on.' },
  ADMIN_PORT_IN_USE: {
    exitCode: 5,
    remedy: 'The runtime serves its probes there; let no other program of the pod listen on it.',
  },
  PYTHON_MISSING: {
    exitCode: 3,
    remedy: 'The image needs python3 on its PATH; use an image with Python, or set PATH in spec.env.',
  },
  GUNICORN_MISSING: {
    exitCode: 3,
    remedy: 'Add gunicorn to the packages that the image installs (requirements.txt or pyproject.toml).',
  },
  PYTHON_UNSUPPORTED: { exitCode: 3, remedy: 'Use an image with Python 3.9 or newer.' },
  GUNICORN_UNSUPPORTED: { exitCode: 3, remedy: 'Install a gunicorn version from 22.0.0 on, below 28.' },
  GEVENT_MISSING: {
    exitCode: 3,
    remedy: 'Add gunicorn[gevent] to the packages that the image installs, or choose another workers.class.',
  },
  GRANIAN_MISSING: {
    exitCode: 3,
    remedy: 'Add granian to the packages that the image installs, or choose another workers.class.',
  },
  GRANIAN_UNSUPPORTED: { exitCode: 3, remedy: 'Install a granian version from 2.8.0 on, below 2.9.' },
  UVICORN_MISSING: {
    exitCode: 3,
    remedy: 'Add uvicorn to the packages that the image installs (requirements.txt or pyproject.toml).',
  },
  UVICORN_UNSUPPORTED: { exitCode: 3, remedy: 'Install a uvicorn version from 0.30.0 on, below 1.0.' },
  NODE_MISSING: {
    exitCode: 3,
    remedy: 'The image needs node on its PATH; use an image with Node, or set PATH in spec.env.',
  },
  NODE_UNSUPPORTED: { exitCode: 3, remedy: 'Applications need Node 20 or newer, the runtime itself Node 26.' },
  PROGRAM_MISSING: {
    exitCode: 3,
    remedy: 'Correct spec.app.command; a name without a slash is looked for on the PATH of the container.',
  },
  PRELOAD_THREADS: {
    exitCode: 4,
    remedy:
      'A fork copies no threads: start them in a post_fork hook or at the first request, or turn workers.preload off.',
  },
  APP_NOT_FOUND: {
    exitCode: 4,
    remedy: 'Correct the name (module:attribute) in spec.app, or spec.app.workingDir, where modules are looked for.',
  },
  APP_STARTUP_FAILED: {
    exitCode: 4,
    remedy: 'The traceback in the container log shows what its startup handler raised.',
  },
  APP_IMPORT_FAILED: {
    exitCode: 4,
    remedy:
      'The traceback in the container log shows the line; the same error appears when the module is imported by hand.',
  },
  APP_NOT_CALLABLE: {
    exitCode: 4,
    remedy: 'Name an attribute of the module that is the application, for example module:app or module:create_app().',
  },
  WORKER_EXITED: { exitCode: 3, remedy: 'The container log shows what the worker wrote before it ended.' },
  WORKER_KILLED: {
    exitCode: 3,
    remedy: 'Somebody sent the worker this signal; SIGKILL is often the kernel, when the memory limit was reached.',
  },
  WORKER_OOM_KILLED: {
    exitCode: 3,
    remedy: 'Raise the memory limit, run fewer workers, or let workers.recycle.memory replace them in time.',
  },
  REQUEST_TIMEOUT: {
    exitCode: 3,
    remedy: 'The stack in the container log shows where it was; raise workers.requestTimeout if that is right.',
  },
  SOCKET_SHUT_DOWN: {
    exitCode: 5,
    remedy: 'A worker called shutdown() on the socket that all share; let the application close it at most.',
  },
  HOOK_FAILED: { exitCode: 7, remedy: 'The container log shows what the hook wrote.' },
  BOOT_TIMEOUT: {
    exitCode: 3,
    remedy: 'Make the application start faster, or raise spec.workers.bootTimeout.',
  },
  HEARTBEAT_TIMEOUT: {
    exitCode: 3,
    remedy:
      'The stack in the container log shows what it was doing; raise spec.workers.heartbeatTimeout if that is right.',
  },
  SPAWN_FAILED: {
    exitCode: 3,
    remedy: 'The system refused a new process; look at the process and memory limits of the container.',
  },
  NO_WORKER_READY: { exitCode: 6, remedy: 'The container log shows why each worker ended.' },
} as const satisfies Record<string, Entry>;

export type ErrorCode = keyof typeof catalogue;

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(catalogue, text);
}

/** An error with a code of the catalogue; `cause` is one sentence without its full stop's remedy. */
export class RuntimeError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, options?: { cause: unknown }) {
    super(message, options);
    this.name = 'RuntimeError';
    this.code = code;
  }
}

/** `CODE: cause. remedy`, the one line that ends up in the log, the termination message and the AppServer's condition. */
export function sentence(code: ErrorCode, cause: string): string {
  return `${code}: ${cause.replace(/\.$/, '')}. ${catalogue[code].remedy}`;
}
