// The pod around the application: probes, user and file system, and whatever else a pod template may have.
import { z } from 'zod';
import { about, duration, hostName } from './fields.ts';

/** Timing of a probe, in the words of a pod. What is not said is the operator's. */
const timing = {
  initialDelaySeconds: z
    .int()
    .min(0)
    .max(86_400)
    .optional()
    .meta(about('roll', 'Seconds from the start of the container to the first probe.')),
  periodSeconds: z.int().min(1).max(86_400).optional().meta(about('roll', 'Seconds from one probe to the next.')),
  timeoutSeconds: z
    .int()
    .min(1)
    .max(86_400)
    .optional()
    .meta(about('roll', 'Seconds after which a probe without an answer fails. Default: 2.')),
  failureThreshold: z
    .int()
    .min(1)
    .max(86_400)
    .optional()
    .meta(about('roll', 'Consecutive failures after which the probe counts as failed.')),
};
const terminationGracePeriodSeconds = z
  .int()
  .min(1)
  .max(86_400)
  .optional()
  .meta(
    about('roll', 'Seconds that the pod has to end after the probe has failed, in place of its usual grace period.'),
  );

export const probes = z.object({
  startup: z
    .object({ ...timing, terminationGracePeriodSeconds })
    .optional()
    .meta({ description: 'Timing of the startup probe. Default: every second, up to 60 times.' }),
  liveness: z
    .object({ ...timing, terminationGracePeriodSeconds })
    .optional()
    .meta({ description: 'Timing of the liveness probe. Default: every 10 seconds, 3 failures.' }),
  readiness: z
    .object({
      ...timing,
      successThreshold: z
        .int()
        .min(1)
        .max(86_400)
        .optional()
        .meta(about('roll', 'Consecutive successes after which the probe counts as successful again.')),
    })
    .optional()
    .meta({ description: 'Timing of the readiness probe. Default: every second, 3 failures.' }),
  readyWorkers: z
    .int()
    .min(1)
    .max(128)
    .default(1)
    .meta(about('live', 'Number of workers that must be ready for the pod to be ready.')),
  path: z
    .string()
    .max(1_024)
    .regex(/^\/[^\s]*$/)
    .optional()
    .meta(
      about(
        'roll',
        'Path at which the runtime asks the application itself whether it can serve. A status of 400 or more is a failure; a missing answer does not count.',
      ),
    ),
  host: hostName()
    .default('localhost')
    .meta(
      about('roll', 'Host header of the request to path, for applications that check it, such as those with Django.'),
    ),
  interval: duration()
    .default('10s')
    .meta(
      about(
        'roll',
        'Time from one request to path to the next. Until the first success, the runtime asks once a second.',
      ),
    ),
  failureThreshold: z
    .int()
    .min(1)
    .max(100)
    .default(3)
    .meta(about('roll', 'Consecutive failures at path after which the pod is not ready.')),
});

const userId = (): z.ZodInt => z.int().min(1).max(2_147_483_647);

/** In Kubernetes' own shape. */
const seccompProfile = z.object({
  type: z.enum(['RuntimeDefault', 'Localhost', 'Unconfined']).meta({ description: 'Type of the seccomp profile.' }),
  localhostProfile: z.string().min(1).max(1_024).optional().meta({
    description: "Path of the profile on the node, relative to the kubelet's seccomp directory; for type Localhost.",
  }),
});

export const security = z.object({
  seccompProfile: seccompProfile
    .optional()
    .meta(
      about(
        'roll',
        'Seccomp profile, which restricts the system calls of the application, as in a pod. Default: RuntimeDefault.',
      ),
    ),
  runAsUser: userId().default(1_000).meta(about('roll', 'User ID of the application; never root.')),
  runAsGroup: userId()
    .optional()
    .meta(
      about(
        'roll',
        'Group ID of the application. Default: the group of the user in the image, or the root group if the image has no such user.',
      ),
    ),
  readOnlyRootFilesystem: z
    .boolean()
    .default(false)
    .meta(about('roll', 'Whether the root file system is read-only. /tmp and volumes stay writable.')),
});
