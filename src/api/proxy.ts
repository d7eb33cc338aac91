// The nginx in front of the workers.
import { z } from 'zod';
import { about, duration, resources } from './fields.ts';

const staticFiles = z.object({
  path: z
    .string()
    .max(253)
    .regex(/^\/([A-Za-z0-9._~-]+\/)+$/)
    .meta(about('roll', 'What the path of a request begins with, such as /static/.')),
  from: z
    .string()
    .max(1_024)
    .regex(/^\/[A-Za-z0-9._/-]+$/)
    .meta(about('roll', "Directory of the application's image with the files.")),
  maxAge: duration().default('1h').meta(about('roll', 'How long clients may keep them. Default: 1h.')),
});

export const proxy = z.object({
  image: z
    .string()
    .min(1)
    .max(1_024)
    .optional()
    .meta(about('roll', "An image of nginx 1.20 or newer. Default: the operator's own --proxy-image.")),
  port: z
    .int()
    .min(1_024)
    .max(65_535)
    .default(8_080)
    .meta(about('roll', 'Where nginx listens in the pod; the application is then reached through it alone.')),
  static: z
    .array(staticFiles)
    .max(16)
    .optional()
    .meta(
      about(
        'roll',
        "Files that nginx serves itself: path, from (a directory of the application's image), maxAge (1h).",
        {
          by: 'path',
        },
      ),
    ),
  maxBodySize: z
    .string()
    .max(16)
    .regex(/^[0-9]+(k|M|G|Ki|Mi|Gi)?$/)
    .default('10Mi')
    .meta(about('roll', 'Largest body of a request; 0 for any.')),
  readTimeout: duration()
    .default('75s')
    .meta(about('roll', 'How long the application may be silent before nginx answers 504.')),
  gzip: z.boolean().default(true).meta(about('roll', 'Whether answers of text are compressed.')),
  resources: resources
    .default({ requests: { cpu: '50m', memory: '32Mi' }, limits: { memory: '128Mi' } })
    .meta(about('roll', 'As in a pod, for nginx.')),
});

export type ProxySpec = z.output<typeof proxy>;
