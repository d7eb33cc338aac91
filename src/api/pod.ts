// The pod around the application: probes, user and file system, and whatever else a pod template may have.
import { z } from 'zod';
import { about, duration, hostName } from './fields.ts';

export const probes = z.object({
  readyWorkers: z.int().min(1).max(128).default(1).meta(about('live', 'Ready workers that make a pod ready.')),
  path: z
    .string()
    .max(1_024)
    .regex(/^\/[^\s]*$/)
    .optional()
    .meta(
      about(
        'roll',
        'Where the application itself is asked whether it can serve. An answer from 400 on counts as no; none in time counts as nothing.',
      ),
    ),
  host: hostName()
    .default('localhost')
    .meta(about('roll', 'Host header of that request, such as Django wants to know.')),
  interval: duration()
    .default('10s')
    .meta(about('roll', 'How often it is asked; once a second until it first says yes.')),
  failureThreshold: z
    .int()
    .min(1)
    .max(100)
    .default(3)
    .meta(about('roll', 'So many times no in a row make a pod not ready.')),
});

const userId = (): z.ZodInt => z.int().min(1).max(2_147_483_647);

export const security = z.object({
  runAsUser: userId().default(1_000).meta(about('roll', 'User id of the application; never root.')),
  runAsGroup: userId()
    .optional()
    .meta(
      about(
        'roll',
        "Group id. Default: the user's group in the image, or the root group when the image has no such user.",
      ),
    ),
  readOnlyRootFilesystem: z
    .boolean()
    .default(false)
    .meta(about('roll', 'Whether only /tmp and volumes can be written. /tmp always can.')),
});
