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
  minReplicas: z.int().min(1).max(1_000).default(2).meta(about('outside', 'Fewest pods.')),
  maxReplicas: z.int().min(1).max(1_000).meta(about('outside', 'Most pods.')),
  cpuUtilization: z
    .int()
    .min(0)
    .max(1_000)
    .default(70)
    .meta(about('outside', "Wanted CPU use in percent of the pods' CPU request; 0 to scale by other metrics alone.")),
  memoryUtilization: z
    .int()
    .min(1)
    .max(1_000)
    .optional()
    .meta(about('outside', "Wanted memory use in percent of the pods' memory request.")),
  metrics: z
    .array(raw)
    .max(16)
    .optional()
    .meta(about('outside', 'More metrics, as in a HorizontalPodAutoscaler.', 'atomic')),
  behavior: raw.optional().meta(about('outside', 'How fast to scale, as in a HorizontalPodAutoscaler.')),
  ...metadataFields('spec.autoscaling'),
});

export const disruption = z.object({
  enabled: z
    .boolean()
    .optional()
    .meta(about('outside', 'Whether there is a PodDisruptionBudget. Default: true. Without, evictions have no limit.')),
  maxUnavailable: pods().optional().meta(about('outside', 'Pods that evictions may take at once. Default: 1.')),
  minAvailable: pods().optional().meta(about('outside', 'Pods that evictions must leave, instead of the former.')),
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
        'RollingUpdate (default), or Recreate, which ends all pods before it starts new ones, for volumes with one writer.',
      ),
    ),
  maxSurge: pods().default('25%').meta(about('outside', 'Pods that a rollout may start beyond the wanted number.')),
  maxUnavailable: pods()
    .default(0)
    .meta(about('outside', 'Pods that a rollout may take away before new ones are ready.')),
  minReadySeconds: z
    .int()
    .min(0)
    .max(3_600)
    .default(0)
    .meta(about('outside', 'A new pod counts as available after being ready for so long.')),
  progressDeadlineSeconds: z
    .int()
    .min(1)
    .max(86_400)
    .default(600)
    .meta(about('outside', 'A rollout that makes no progress for so long has failed.')),
  revisionHistoryLimit: z.int().min(0).max(100).default(10).meta(about('outside', 'Old ReplicaSets that are kept.')),
  paused: z.boolean().optional().meta(about('outside', 'Whether changes of the pod template wait.')),
});

const spread = (what: string) =>
  z
    .enum(['ScheduleAnyway', 'DoNotSchedule', 'None'])
    .default('ScheduleAnyway')
    .meta(about('roll', `Spread over ${what}: wished for, demanded, or none.`));

export const topology = z.object({ zones: spread('zones'), nodes: spread('nodes') });
