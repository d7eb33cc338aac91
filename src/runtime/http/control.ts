// The control socket: HTTP over a unix socket that only the runtime's own user may open. appserver-ctl speaks to it.
import { defaultControlPath } from '../config/control-path.ts';
import type { Host, Response } from '../host/host.ts';
import type { Logger } from '../log/logger.ts';
import { maxWorkers } from '../shared/shared-memory-layout.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';
import { limits, respondTo, type Asked } from './asked.ts';

export interface ControlOptions {
  readonly host: Pick<Host, 'http' | 'files' | 'env' | 'uid'>;
  /** undefined: the default path of this user. */
  readonly path: string | undefined;
  readonly supervisor: Supervisor;
  readonly log: Logger;
  /** Reads the configuration again. */
  readonly reread: () => void;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** How long stacks are waited for, in milliseconds. */
const stacksMs = 700;

function bad(error: string): Answer {
  return { status: 400, body: { error } };
}

async function answer({ method, path, query }: Asked, options: ControlOptions): Promise<Answer> {
  const { supervisor } = options;
  const done: Answer = { status: 200, body: {} };
  const status = (): Answer => ({
    status: 200,
    body: { ...supervisor.report(), ...supervisor.about(), lastFailure: supervisor.lastFailure() },
  });
  if (method === 'GET' && path === '/status') return status();
  if (method !== 'POST') return { status: 404, body: { error: `there is no ${method} ${path}` } };
  switch (path) {
    case '/reload': {
      options.reread();
      const failure = await supervisor.reload();
      return failure === undefined ? status() : { status: 409, body: { error: failure } };
    }
    case '/scale': {
      const workers = Number(query.get('workers') ?? Number.NaN);
      if (!Number.isInteger(workers) || workers < 0 || workers > maxWorkers)
        return bad(`workers must be a whole number from 0 to ${maxWorkers}`);
      supervisor.dispatch({ kind: 'set-workers', workers });
      return status();
    }
    case '/stop-worker': {
      const id = Number(query.get('id') ?? Number.NaN);
      const ids = supervisor.report().workers.list.map((worker) => worker.id);
      if (!ids.includes(id)) return bad(`there is no worker ${query.get('id') ?? ''}; there are ${ids.join(', ')}`);
      supervisor.dispatch({ kind: 'stop-worker', id });
      return done;
    }
    case '/dump-stacks':
      return { status: 200, body: { stacks: await supervisor.dumpStacks(stacksMs) } };
    case '/drain':
      supervisor.dispatch({ kind: 'terminate' });
      return done;
    default:
      return { status: 404, body: { error: `there is no ${path}` } };
  }
}

async function respond(asked: Asked, options: ControlOptions): Promise<Response> {
  const { status, body } = await answer(asked, options);
  return { status, headers: { 'content-type': 'application/json' }, body: `${JSON.stringify(body)}\n` };
}

/**
 * Resolves once it listens, with what removes the socket. Where it cannot listen, that is logged and the runtime goes on
 * without it.
 */
export async function startControl(options: ControlOptions): Promise<() => void> {
  const { http, files } = options.host;
  const path = options.path ?? defaultControlPath(options.host);
  try {
    prepare(options.host, path, options.path === undefined);
    await http.serve(
      { path },
      limits,
      respondTo((asked) => respond(asked, options)),
      (error) => options.log.error({ err: error }, 'control request failed'),
    );
    files.setMode(path, 0o600);
    return () => files.remove(path);
  } catch (error) {
    options.log.warn({ path, cause: error instanceof Error ? error.message : String(error) }, 'no control socket');
    return () => undefined;
  }
}

/** Makes the folder, for this user alone, and clears what a run before has left. */
function prepare({ files, uid }: ControlOptions['host'], path: string, ownFolder: boolean): void {
  const folder = path.slice(0, path.lastIndexOf('/'));
  if (ownFolder) {
    files.makeDirectory(folder, 0o700);
    const found = files.statLink(folder);
    // In /tmp anybody may have made it before.
    if (found?.kind !== 'directory' || found.uid !== uid || (found.mode & 0o077) !== 0)
      throw new Error(`${folder} is open to other users`);
  }
  files.remove(path);
}
