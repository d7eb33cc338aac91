// What is run in the pods, and what else at certain moments.
import { z } from 'zod';
import { about, duration } from './fields.ts';

const pythonName = (): z.ZodString =>
  z
    .string()
    .min(1)
    .max(253)
    .regex(/^[A-Za-z_][A-Za-z0-9_.]*(:.+)?$/);

const word = (): z.ZodString => z.string().min(1).max(4_096);

export const app = z.object({
  wsgi: pythonName()
    .optional()
    .meta(
      about(
        'roll',
        'The WSGI application as module:attribute or module:factory(). The attribute defaults to application.',
      ),
    ),
  asgi: pythonName()
    .optional()
    .meta(about('roll', 'The ASGI application as module:attribute or module:factory(). It is served by uvicorn.')),
  node: word()
    .optional()
    .meta(about('roll', 'File of a Node application that listens on PORT. It is run by the Node of the image.')),
  command: word()
    .optional()
    .meta(
      about(
        'roll',
        'A program that receives its listening sockets through LISTEN_FDS, as with systemd socket activation.',
      ),
    ),
  args: z
    .array(word())
    .max(64)
    .optional()
    .meta(about('roll', 'Arguments of the application.', 'atomic')),
  notify: z
    .boolean()
    .optional()
    .meta(
      about(
        'roll',
        'Whether the command reports by sd_notify that it is ready. Otherwise it is ready when it has run for half a second.',
      ),
    ),
  pythonPath: z
    .array(z.string().min(1).max(1_024))
    .max(16)
    .optional()
    .meta(about('roll', 'Additional directories in which Python looks for modules.', 'atomic')),
  rootPath: z
    .string()
    .max(1_024)
    .regex(/^\/.*[^/]$/)
    .optional()
    .meta(
      about(
        'roll',
        'Path below which clients reach an ASGI application, if a proxy in front removes it from requests, such as /shop.',
      ),
    ),
  workingDir: z
    .string()
    .max(1_024)
    .regex(/^\//)
    .optional()
    .meta(
      about(
        'roll',
        'Working directory of the application, in which modules are looked for as well. Default: that of the image.',
      ),
    ),
});

const hook = (when: string): z.ZodOptional<z.ZodObject> =>
  z
    .object({
      command: z
        .array(word())
        .min(1)
        .max(64)
        .meta(about('roll', 'Program and arguments.', 'atomic')),
      timeout: duration().default('30s').meta(about('roll', 'Time after which the command is killed.')),
    })
    .optional()
    .meta({ description: when });

export const hooks = z.object({
  python: pythonName()
    .optional()
    .meta(about('roll', 'A Python module with functions that are named like the hooks of gunicorn.')),
  beforeStart: hook('Runs once in each pod, before the workers start. If it fails, the pod does not start.'),
  workerStart: hook('Runs when a worker becomes ready.'),
  workerExit: hook('Runs when a worker has exited.'),
  beforeStop: hook('Runs once in each pod, when it begins to shut down.'),
});
