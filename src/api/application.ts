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
      about('roll', 'The WSGI application as module:attribute, or module:factory(). Without attribute: application.'),
    ),
  asgi: pythonName()
    .optional()
    .meta(about('roll', 'The ASGI application as module:attribute, or module:factory(). Served by uvicorn.')),
  node: word()
    .optional()
    .meta(about('roll', "A Node application that listens on PORT: its file, run by the image's own Node.")),
  command: word()
    .optional()
    .meta(about('roll', 'A program that takes its listening sockets by LISTEN_FDS, as systemd hands them over.')),
  args: z
    .array(word())
    .max(64)
    .optional()
    .meta(about('roll', 'Arguments of the application.', 'atomic')),
  notify: z
    .boolean()
    .optional()
    .meta(
      about('roll', 'Whether the command tells by sd_notify when it is ready. Without, it counts as ready at once.'),
    ),
  pythonPath: z
    .array(z.string().min(1).max(1_024))
    .max(16)
    .optional()
    .meta(about('roll', 'Folders where Python modules are looked for besides.', 'atomic')),
  workingDir: z
    .string()
    .max(1_024)
    .regex(/^\//)
    .optional()
    .meta(about('roll', "Directory where modules are looked for and the application runs. Default: the image's own.")),
});

const hook = (when: string): z.ZodOptional<z.ZodObject> =>
  z
    .object({
      command: z
        .array(word())
        .min(1)
        .max(64)
        .meta(about('roll', 'Program and arguments.', 'atomic')),
      timeout: duration().default('30s').meta(about('roll', 'It is killed when it takes longer.')),
    })
    .optional()
    .meta({ description: when });

export const hooks = z.object({
  python: pythonName().optional().meta(about('roll', "A module of functions under the names of gunicorn's hooks.")),
  beforeStart: hook('Once in each pod, before the workers. The pod does not start when it fails.'),
  workerStart: hook('When a worker is ready.'),
  workerExit: hook('When a worker has ended.'),
  beforeStop: hook('Once, when the pod begins to end.'),
});
