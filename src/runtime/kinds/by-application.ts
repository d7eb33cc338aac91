// Which kind of worker an application has.
import type { Application } from '../config/config.ts';
import type { WorkerKind } from '../processes/kind.ts';
import { command } from './command.ts';
import { node } from './node.ts';
import { python } from './python.ts';

export function workerKind(app: Application): WorkerKind {
  switch (app.kind) {
    case 'wsgi':
    case 'asgi':
      return python(app);
    case 'node':
      return node;
    case 'command':
      return command(app);
  }
}
