// How many pods there are, where they run, and how they are replaced.
import { z } from 'zod';
import { about, int32 } from './fields.ts';
import { metadataFields } from './metadata.ts';

/** A number of pods, or a percentage of them. */
const pods = () =>
  z.union([
    z.int().min(0).max(int32),
    z
      .string()
      .max(4)
      .regex(/^(100|[1-9]?[0-9])%$/),
  ]);

/** Kubernetes' own shape, which the API server checks when the object is applied. */
const raw = z.looseObject({});

export const autoscaling = z.object({
  minReplicas: z.int().min(1).max(1_000).default(2).meta(about('outside', 'Smallest number of pods.')),
  maxReplicas: z.int().min(1).max(1_000).meta(about('outside', 'Largest number of pods.')),
  cpuUtilization: z
    .int()
    .min(0)
    .max(1_000)
    .default(70)
    .meta(
      about(
        'outside',
        "Target CPU utilization, in percent of the pods' CPU requests; 0 to scale by other metrics alone.",
      ),
    ),
  memoryUtilization: z
    .int()
    .min(1)
    .max(1_000)
    .optional()
    .meta(about('outside', "Target memory utilization, in percent of the pods' memory requests.")),
  metrics: z
    .array(raw)
    .max(16)
    .optional()
    .meta(about('outside', 'Additional metrics to scale by, as in a HorizontalPodAutoscaler.', 'atomic')),
  behavior: raw.optional().meta(about('outside', 'How fast to scale, as in a HorizontalPodAutoscaler.')),
  ...metadataFields('spec.autoscaling'),
});

export const disruption = z.object({
  enabled: z
    .boolean()
    .optional()
    .meta(
      about(
        'outside',
        'Whether there is a PodDisruptionBudget; without one, evictions are not limited. Default: true.',
      ),
    ),
  maxUnavailable: pods()
    .optional()
    .meta(about('outside', 'Number or percentage of pods that may be unavailable during an eviction. Default: 1.')),
  minAvailable: pods()
    .optional()
    .meta(
      about(
        'outside',
        'Number or percentage of pods that must stay available during an eviction, in place of maxUnavailable.',
      ),
    ),
  unhealthyPodEvictionPolicy: z
    .enum(['AlwaysAllow', 'IfHealthyBudget'])
    .optional()
    .meta(about('outside', 'When pods that are not ready may be evicted. Default: AlwaysAllow.')),
  ...metadataFields('spec.disruption'),
});

export const rollout = z.object({
  strategy: z
    .enum(['RollingUpdate', 'Recreate'])
    .optional()
    .meta(
      about(
        'outside',
        'RollingUpdate (default), or Recreate, which ends all old pods before new ones start, for volumes that only one pod may write to.',
      ),
    ),
  maxSurge: pods()
    .default('25%')
    .meta(about('outside', 'Number or percentage of pods that a rollout may start in addition to the desired ones.')),
  maxUnavailable: pods()
    .default(0)
    .meta(about('outside', 'Number or percentage of the desired pods that may be unavailable during a rollout.')),
  minReadySeconds: z
    .int()
    .min(0)
    .max(3_600)
    .default(0)
    .meta(about('outside', 'Seconds for which a new pod must be ready before it counts as available.')),
  progressDeadlineSeconds: z
    .int()
    .min(1)
    .max(86_400)
    .default(600)
    .meta(about('outside', 'Seconds without progress after which a rollout counts as failed.')),
  revisionHistoryLimit: z
    .int()
    .min(0)
    .max(100)
    .default(10)
    .meta(about('outside', 'Number of old ReplicaSets to keep.')),
  paused: z
    .boolean()
    .optional()
    .meta(about('outside', 'Whether the rollout of changes to the pod template is paused.')),
});

const spread = (what: string) =>
  z
    .enum(['ScheduleAnyway', 'DoNotSchedule', 'None'])
    .default('ScheduleAnyway')
    .meta(
      about(
        'roll',
        `Whether pods are spread over ${what}: ScheduleAnyway if possible, DoNotSchedule always, None not at all.`,
      ),
    );

export const topology = z.object({ zones: spread('zones'), nodes: spread('nodes') });
