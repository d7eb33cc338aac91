// Error codes of the runtime, as far as the operator knows them: what a pod says of itself is counted by these alone.

/** In the order of the runtime's catalogue. */
const runtimeCodes = [
  'CONFIG_UNREADABLE',
  'CONFIG_INVALID',
  'CONFIG_FIXED',
  'WORKING_DIR_MISSING',
  'STATIC_FILES_MISSING',
  'PORT_IN_USE',
  'PORT_FORBIDDEN',
  'LISTEN_FAILED',
  'ADMIN_PORT_IN_USE',
  'PYTHON_MISSING',
  'VIRTUALENV_NOT_ON_PATH',
  'GUNICORN_MISSING',
  'PYTHON_UNSUPPORTED',
  'GUNICORN_UNSUPPORTED',
  'GEVENT_MISSING',
  'GRANIAN_MISSING',
  'GRANIAN_UNSUPPORTED',
  'UVICORN_MISSING',
  'UVICORN_UNSUPPORTED',
  'NODE_MISSING',
  'NODE_UNSUPPORTED',
  'PROGRAM_MISSING',
  'PRELOAD_THREADS',
  'APP_NOT_FOUND',
  'APP_STARTUP_FAILED',
  'APP_IMPORT_FAILED',
  'APP_NOT_CALLABLE',
  'APP_LISTENS_ELSEWHERE',
  'APP_PORT_IN_USE',
  'APP_SERVES_IN_CHILD',
  'WORKER_EXITED',
  'WORKER_KILLED',
  'WORKER_OOM_KILLED',
  'REQUEST_TIMEOUT',
  'SOCKET_SHUT_DOWN',
  'HOOK_FAILED',
  'HOOK_FUNCTION_FAILED',
  'BOOT_TIMEOUT',
  'HEARTBEAT_TIMEOUT',
  'SPAWN_FAILED',
  'NO_WORKER_READY',
] as const;

/** `OTHER` is whatever else a runtime of another release, or somebody who is none, says. */
export type RuntimeCode = (typeof runtimeCodes)[number] | 'OTHER';

const byText: ReadonlyMap<string, RuntimeCode> = new Map(runtimeCodes.map((code) => [code, code]));

export const runtimeCode = (text: string): RuntimeCode => byText.get(text) ?? 'OTHER';
