// The nginx in front of the workers.
import { z } from 'zod';
import { about, duration, resources } from './fields.ts';

const staticFiles = z.object({
  path: z
    .string()
    .max(253)
    .regex(/^\/([A-Za-z0-9._~-]+\/)+$/)
    .meta(about('roll', 'Prefix of the path of a request, such as /static/.')),
  from: z
    .string()
    .max(1_024)
    .regex(/^\/[A-Za-z0-9._/-]+$/)
    .meta(about('roll', "Directory with the files in the application's image.")),
  maxAge: duration().default('1h').meta(about('roll', 'How long clients may cache the files. Default: 1h.')),
});

export const proxy = z.object({
  image: z
    .string()
    .min(1)
    .max(1_024)
    .optional()
    .meta(about('roll', "Image of nginx 1.20 or newer. Default: the operator's --proxy-image.")),
  port: z
    .int()
    .min(1_024)
    .max(65_535)
    .default(8_080)
    .meta(about('roll', 'Port on which nginx listens in the pod; the application is then reached only through it.')),
  static: z
    .array(staticFiles)
    .max(16)
    .optional()
    .meta(
      about(
        'roll',
        "Static files that nginx serves itself: path, from (a directory in the application's image) and maxAge (1h).",
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
    .meta(about('roll', 'Largest body of a request; 0 for no limit.')),
  readTimeout: duration()
    .default('75s')
    .meta(about('roll', 'How long nginx waits for data from the application before it answers 504.')),
  gzip: z.boolean().default(true).meta(about('roll', 'Whether text responses are compressed.')),
  resources: resources
    .default({ requests: { cpu: '50m', memory: '32Mi' }, limits: { memory: '128Mi' } })
    .meta(about('roll', 'Requests and limits of nginx, as in a pod.')),
});

export type ProxySpec = z.output<typeof proxy>;
