// The pod around the application: probes, user and file system, and whatever else a pod template may have.
import { z } from 'zod';
import { about, duration, hostName } from './fields.ts';

/** Timing of a probe, in the words of a pod. What is not said is the operator's. */
const timing = {
  initialDelaySeconds: z.int().min(0).max(86_400).optional().meta(about('roll', 'Time before the first probe.')),
  periodSeconds: z.int().min(1).max(86_400).optional().meta(about('roll', 'How often the kubelet asks.')),
  timeoutSeconds: z.int().min(1).max(86_400).optional().meta(about('roll', 'How long an answer may take. Default: 2.')),
  failureThreshold: z.int().min(1).max(86_400).optional().meta(about('roll', 'Failures in a row that count.')),
};
const terminationGracePeriodSeconds = z
  .int()
  .min(1)
  .max(86_400)
  .optional()
  .meta(about('roll', 'How long the pod has to end after such a failure, instead of its own time.'));

export const probes = z.object({
  startup: z
    .object({ ...timing, terminationGracePeriodSeconds })
    .optional()
    .meta({ description: 'Timing of the startup probe of the runtime. Default: each second, 60 times.' }),
  liveness: z
    .object({ ...timing, terminationGracePeriodSeconds })
    .optional()
    .meta({ description: 'Timing of the liveness probe. Default: each 10 seconds, 3 times.' }),
  readiness: z
    .object({
      ...timing,
      successThreshold: z.int().min(1).max(86_400).optional().meta(about('roll', 'Successes in a row that count.')),
    })
    .optional()
    .meta({ description: 'Timing of the readiness probe. Default: each second, 3 times.' }),
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
    .meta(about('roll', 'Consecutive failures after which the pod is not ready.')),
});

const userId = (): z.ZodInt => z.int().min(1).max(2_147_483_647);

/** In Kubernetes' own shape. */
const seccompProfile = z.object({
  type: z.enum(['RuntimeDefault', 'Localhost', 'Unconfined']).meta({ description: 'Which profile.' }),
  localhostProfile: z
    .string()
    .min(1)
    .max(1_024)
    .optional()
    .meta({ description: "File of the profile on the node, below the kubelet's directory, for Localhost." }),
});

export const security = z.object({
  seccompProfile: seccompProfile
    .optional()
    .meta(about('roll', 'Which system calls the application may use, as in a pod. Default: RuntimeDefault.')),
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
