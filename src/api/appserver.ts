import { z } from 'zod';
import { app, hooks } from './application.ts';
import { envFrom, envVar, volumeMount } from './container-fields.ts';
import { monitoring, networkPolicy } from './exposure.ts';
import {
  about,
  annotationMap,
  container,
  count,
  generation,
  labelMap,
  listMeta,
  localObjectReference,
  resources,
} from './fields.ts';
import { metadataFields } from './metadata.ts';
import { autoscaling, disruption, rollout, topology } from './placement.ts';
import { probes, security } from './pod.ts';
import { proxy } from './proxy.ts';
import { httpRoute, ingress } from './routes.ts';
import { service } from './service.ts';
import { volume } from './volumes.ts';
import { drain, logging, runtime, workers } from './workers.ts';

export const group = 'appserver.dev';
export const version = 'v1alpha1';
export const kind = 'AppServer';
export const plural = 'appservers';

export const specSchema = z.object({
  image: z.string().min(1).max(1_024).meta(about('roll', 'Container image of the application.')),
  imagePullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).optional().meta(about('roll', 'As in a pod.')),
  imagePullSecrets: z
    .array(localObjectReference)
    .max(16)
    .optional()
    .meta(about('roll', 'As in a pod.', { by: 'name' })),
  serviceAccountName: z
    .string()
    .min(1)
    .max(253)
    .optional()
    .meta(
      about(
        'roll',
        'An existing service account. Default: one of its own, NAME.appserver, without rights and without a mounted token.',
      ),
    ),
  automountServiceAccountToken: z
    .boolean()
    .default(false)
    .meta(about('roll', "Whether the service account's token is mounted, for applications that talk to Kubernetes.")),
  serviceAccount: z
    .object({
      ...metadataFields('spec.serviceAccount'),
      imagePullSecrets: z
        .array(localObjectReference)
        .max(16)
        .optional()
        .meta(about('outside', 'As in a ServiceAccount, for the images of new pods.', { by: 'name' })),
    })
    .optional()
    .meta({ description: "The AppServer's own service account, where serviceAccountName names no other." }),
  app: app.meta({ description: 'What to run.' }),
  port: z
    .int()
    .min(1_024)
    .max(65_535)
    .default(8_000)
    .meta(about('roll', 'Port on which the application listens in the pod.')),
  workers: workers.prefault({}).meta({ description: 'Worker processes of each pod.' }),
  trustedProxies: z
    .array(
      z
        .string()
        .max(64)
        .regex(/^(\*|[0-9A-Fa-f.:]+(\/[0-9]{1,3})?)$/),
    )
    .max(64)
    .optional()
    .meta(about('roll', 'Addresses whose X-Forwarded-* headers count.', 'set')),
  hooks: hooks.optional().meta({ description: 'What else is run at certain moments.' }),
  drain: drain.prefault({}).meta({ description: 'How a pod ends while clients still find it.' }),
  probes: probes.prefault({}).meta({ description: 'When a pod counts as ready.' }),
  replicas: z
    .int()
    .min(0)
    .max(1_000)
    .default(2)
    .meta(about('outside', 'Number of pods; with autoscaling the number to start with.')),
  scaleTarget: z
    .enum(['AppServer', 'Deployment'])
    .optional()
    .meta(
      about(
        'outside',
        'What an autoscaler that is not of the AppServer targets, such as a ScaledObject: the AppServer (default), whose replicas it sets, or the Deployment, whose replicas the operator then leaves to it.',
      ),
    ),
  deployment: z
    .object(metadataFields('spec.deployment'))
    .optional()
    .meta({ description: 'Labels and annotations of the Deployment itself.' }),
  autoscaling: autoscaling.optional().meta({ description: 'Scale the number of pods with the load.' }),
  disruption: disruption.optional().meta({ description: 'What evictions, such as for the drain of a node, may take.' }),
  rollout: rollout.prefault({}).meta({ description: 'How pods are replaced by those of a new revision.' }),
  topology: topology.prefault({}).meta({ description: 'Where pods are placed.' }),
  service: service.prefault({}).meta({ description: 'The Service in front of the pods.' }),
  ingress: ingress.optional().meta({ description: 'An Ingress in front of the Service.' }),
  httpRoute: httpRoute.optional().meta({ description: 'A route from gateways to the Service (Gateway API).' }),
  monitoring: monitoring
    .optional()
    .meta({ description: "A PodMonitor or ServiceMonitor, where the cluster knows the Prometheus operator's kinds." }),
  proxy: proxy.optional().meta({
    description: 'An nginx in front of the workers, in each pod: it buffers slow clients and serves static files.',
  }),
  networkPolicy: networkPolicy.optional().meta({ description: 'Which connections the pods may have. Default: all.' }),
  env: z
    .array(envVar)
    .max(256)
    .optional()
    .meta(about('roll', 'As in a pod.', { by: 'name' })),
  envFrom: z
    .array(envFrom)
    .max(64)
    .optional()
    .meta(about('roll', 'As in a pod.', 'atomic')),
  volumes: z
    .array(volume)
    .max(64)
    .optional()
    .meta(about('roll', 'As in a pod.', { by: 'name' })),
  volumeMounts: z
    .array(volumeMount)
    .max(64)
    .optional()
    .meta(about('roll', "As in a pod, for the application's container.", { by: 'mountPath' })),
  initContainers: z
    .array(container)
    .max(32)
    .optional()
    .meta(
      about(
        'roll',
        "As in a pod: containers that run before the operator's own. Those of podTemplate run after these.",
        { by: 'name' },
      ),
    ),
  enableServiceLinks: z
    .boolean()
    .optional()
    .meta(about('roll', 'Whether containers have variables for each Service of the namespace. Default: false.')),
  resources: resources.optional().meta(about('roll', "As in a pod, for the application's container.")),
  restartOn: z
    .array(z.enum(['ConfigMap', 'Secret']))
    .max(2)
    .default(['ConfigMap', 'Secret'])
    .meta(
      about(
        'outside',
        'Kinds of objects whose new content replaces the pods that use them, in variables or volumes. Empty for none.',
        'set',
      ),
    ),
  podTemplate: z
    .looseObject({
      metadata: z
        .object({
          labels: labelMap().optional().meta({ description: 'Labels of the pods, beside those of the operator.' }),
          annotations: annotationMap().optional().meta({ description: 'Annotations of the pods.' }),
        })
        .optional()
        .meta({ description: 'Labels and annotations of the pods.' }),
      spec: z.looseObject({}).optional().meta({ description: 'Of the pods, whatever else a pod may have.' }),
    })
    .optional()
    .meta(about('roll', 'Whatever else a pod template may have. What the operator sets itself is not to be set here.')),
  security: security.prefault({}).meta({ description: 'User and file system of the application.' }),
  logging: logging.prefault({}).meta({ description: "The runtime's log." }),
  runtime: runtime.prefault({}).meta({ description: 'The release of the runtime in the pods.' }),
});

const condition = z.object({
  type: z.string().max(316).meta({ description: 'Type of the condition, such as Ready.' }),
  status: z.enum(['True', 'False', 'Unknown']).meta({ description: 'Whether it is so.' }),
  reason: z.string().min(1).max(1_024).meta({ description: 'Why, as one word for programs.' }),
  message: z.string().max(32_768).meta({ description: 'Why, and what to do about it, as a sentence for people.' }),
  lastTransitionTime: z
    .string()
    .max(64)
    .meta({ format: 'date-time', description: 'When the status changed last from one value to another.' }),
  observedGeneration: generation()
    .optional()
    .meta({ description: 'Generation of the spec that the condition is about.' }),
});

export const statusSchema = z.object({
  observedGeneration: generation().optional().meta({ description: 'Generation of the spec that the status is about.' }),
  conditions: z
    .array(condition)
    .max(16)
    .optional()
    .meta({ description: 'How the AppServer is, and why.', ...listMeta({ by: 'type' }) }),
  replicas: count().optional().meta({ description: 'Pods that exist.' }),
  readyReplicas: count().optional().meta({ description: 'Pods that are ready.' }),
  availableReplicas: count()
    .optional()
    .meta({ description: 'Pods that have been ready for spec.rollout.minReadySeconds.' }),
  selector: z
    .string()
    .max(1_024)
    .optional()
    .meta({ description: "The pods' label selector, for the scale subresource." }),
  workers: z
    .object({
      desired: count().optional().meta({
        description: 'Worker processes in all wanted pods together; with auto once the pods have said how many.',
      }),
      ready: count().optional().meta({ description: 'Those that serve, as the pods have said last.' }),
      restarts: count()
        .optional()
        .meta({ description: 'Those that exited unexpectedly since the containers of the present pods started.' }),
    })
    .optional()
    .meta({ description: 'Worker processes.' }),
  summary: z
    .object({
      pods: z.string().max(32).optional().meta({ description: 'Ready pods of those that are desired: 2/3.' }),
      workers: z
        .string()
        .max(32)
        .optional()
        .meta({ description: 'Ready workers of those that are desired: 7/8; ? for a number that is not known.' }),
    })
    .optional()
    .meta({ description: 'Counts as the columns of kubectl show them.' }),
  url: z.string().max(1_024).optional().meta({ description: 'Where the application answers inside the cluster.' }),
});

export const appServerSchema = z.object({
  apiVersion: z.literal(`${group}/${version}`),
  kind: z.literal(kind),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string(),
    uid: z.string(),
    generation: z.int(),
    labels: z.record(z.string(), z.string()).optional(),
    deletionTimestamp: z.string().optional(),
  }),
  spec: specSchema,
  status: statusSchema.optional(),
});

/** As the operator sees it: defaults filled in. */
export type AppServer = z.output<typeof appServerSchema>;
export type AppServerSpec = z.output<typeof specSchema>;
export type AppServerStatus = z.output<typeof statusSchema>;
export type Condition = z.output<typeof condition>;
