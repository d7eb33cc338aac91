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
  imagePullPolicy: z
    .enum(['Always', 'IfNotPresent', 'Never'])
    .optional()
    .meta(about('roll', 'When the kubelet pulls the image, as in a pod.')),
  imagePullSecrets: z
    .array(localObjectReference)
    .max(16)
    .optional()
    .meta(about('roll', 'Secrets with the credentials for pulling images, as in a pod.', { by: 'name' })),
  serviceAccountName: z
    .string()
    .min(1)
    .max(253)
    .optional()
    .meta(
      about(
        'roll',
        'Name of an existing ServiceAccount for the pods. Default: a ServiceAccount of its own, NAME.appserver, without any permissions or mounted token.',
      ),
    ),
  automountServiceAccountToken: z
    .boolean()
    .default(false)
    .meta(
      about(
        'roll',
        'Whether the token of the ServiceAccount is mounted, for applications that use the Kubernetes API.',
      ),
    ),
  serviceAccount: z
    .object({
      ...metadataFields('spec.serviceAccount'),
      imagePullSecrets: z
        .array(localObjectReference)
        .max(16)
        .optional()
        .meta(
          about('outside', 'Secrets with the credentials for pulling the images of new pods, as in a ServiceAccount.', {
            by: 'name',
          }),
        ),
    })
    .optional()
    .meta({ description: "The AppServer's own ServiceAccount, which exists unless serviceAccountName is set." }),
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
    .meta(
      about('roll', 'IP addresses and networks of proxies whose X-Forwarded-* headers are trusted; * for all.', 'set'),
    ),
  hooks: hooks
    .optional()
    .meta({ description: 'Commands and functions that run at certain points of the life of a pod or worker.' }),
  drain: drain.prefault({}).meta({ description: 'How a pod shuts down while clients may still send requests to it.' }),
  probes: probes.prefault({}).meta({ description: 'When a pod counts as started, live and ready.' }),
  replicas: z
    .int()
    .min(0)
    .max(1_000)
    .default(2)
    .meta(about('outside', 'Number of pods; with autoscaling, the number to start with.')),
  scaleTarget: z
    .enum(['AppServer', 'Deployment'])
    .optional()
    .meta(
      about(
        'outside',
        'What an autoscaler of your own, such as a ScaledObject, targets: the AppServer (default), where it sets spec.replicas, or the Deployment, whose replicas the operator then leaves alone.',
      ),
    ),
  deployment: z
    .object(metadataFields('spec.deployment'))
    .optional()
    .meta({ description: 'Labels and annotations of the Deployment itself.' }),
  autoscaling: autoscaling
    .optional()
    .meta({ description: 'A HorizontalPodAutoscaler that scales the number of pods with the load.' }),
  disruption: disruption
    .optional()
    .meta({ description: 'How many pods may be evicted at a time, for example while a node is drained.' }),
  rollout: rollout.prefault({}).meta({ description: 'How pods of a new revision replace the old ones.' }),
  topology: topology.prefault({}).meta({ description: 'How pods are spread over zones and nodes.' }),
  service: service.prefault({}).meta({ description: 'The Service in front of the pods.' }),
  ingress: ingress.optional().meta({ description: 'An Ingress in front of the Service.' }),
  httpRoute: httpRoute.optional().meta({ description: 'An HTTPRoute (Gateway API) from gateways to the Service.' }),
  monitoring: monitoring.optional().meta({
    description: 'A PodMonitor or ServiceMonitor, if the custom resources of the Prometheus operator are installed.',
  }),
  proxy: proxy.optional().meta({
    description: 'An nginx in front of the workers, in each pod: it buffers slow clients and serves static files.',
  }),
  networkPolicy: networkPolicy
    .optional()
    .meta({ description: 'Which connections to and from the pods are allowed. Default: all.' }),
  env: z
    .array(envVar)
    .max(256)
    .optional()
    .meta(about('roll', "Environment variables of the application's container, as in a pod.", { by: 'name' })),
  envFrom: z
    .array(envFrom)
    .max(64)
    .optional()
    .meta(
      about(
        'roll',
        "ConfigMaps and Secrets whose keys become variables of the application's container, as in a pod.",
        'atomic',
      ),
    ),
  volumes: z
    .array(volume)
    .max(64)
    .optional()
    .meta(about('roll', 'Additional volumes, as in a pod.', { by: 'name' })),
  volumeMounts: z
    .array(volumeMount)
    .max(64)
    .optional()
    .meta(
      about('roll', "Volumes that are mounted into the application's container, as in a pod.", { by: 'mountPath' }),
    ),
  initContainers: z
    .array(container)
    .max(32)
    .optional()
    .meta(
      about(
        'roll',
        "Init containers that run before the operator's own, as in a pod. Those of podTemplate run after the operator's.",
        { by: 'name' },
      ),
    ),
  enableServiceLinks: z
    .boolean()
    .optional()
    .meta(
      about('roll', 'Whether containers get environment variables for each Service in the namespace. Default: false.'),
    ),
  resources: resources
    .optional()
    .meta(about('roll', "Requests and limits of the application's container, as in a pod.")),
  restartOn: z
    .array(z.enum(['ConfigMap', 'Secret']))
    .max(2)
    .default(['ConfigMap', 'Secret'])
    .meta(
      about(
        'outside',
        'Kinds of objects that pods use in variables or volumes, and whose new content replaces those pods. Empty for none.',
        'set',
      ),
    ),
  podTemplate: z
    .looseObject({
      metadata: z
        .object({
          labels: labelMap()
            .optional()
            .meta({ description: 'Labels of the pods, in addition to those of the operator.' }),
          annotations: annotationMap().optional().meta({ description: 'Annotations of the pods.' }),
        })
        .optional()
        .meta({ description: 'Labels and annotations of the pods.' }),
      spec: z.looseObject({}).optional().meta({ description: 'Any other field of a pod spec.' }),
    })
    .optional()
    .meta(about('roll', 'Any other field of a pod template. It must not set what the operator itself sets.')),
  security: security.prefault({}).meta({ description: 'User, system calls and root file system of the application.' }),
  logging: logging.prefault({}).meta({ description: "The runtime's log." }),
  runtime: runtime.prefault({}).meta({ description: 'The release of the runtime in the pods.' }),
});

const condition = z.object({
  type: z.string().max(316).meta({ description: 'Type of the condition, such as Ready.' }),
  status: z
    .enum(['True', 'False', 'Unknown'])
    .meta({ description: 'Status of the condition: True, False or Unknown.' }),
  reason: z.string().min(1).max(1_024).meta({ description: 'Why, as one CamelCase word for programs.' }),
  message: z.string().max(32_768).meta({ description: 'Why, and what to do about it, as a sentence for humans.' }),
  lastTransitionTime: z
    .string()
    .max(64)
    .meta({ format: 'date-time', description: 'When the status last changed from one value to another.' }),
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
    .meta({ description: 'State of the AppServer, and the reasons for it.', ...listMeta({ by: 'type' }) }),
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
        description:
          'Worker processes that are desired in all pods together; with spec.workers.count auto, once the pods have reported how many.',
      }),
      ready: count().optional().meta({ description: 'Workers that serve, as last reported by the pods.' }),
      restarts: count()
        .optional()
        .meta({ description: 'Workers that exited unexpectedly since the containers of the current pods started.' }),
    })
    .optional()
    .meta({ description: 'Worker processes.' }),
  summary: z
    .object({
      pods: z.string().max(32).optional().meta({ description: 'Ready and desired pods, such as 2/3.' }),
      workers: z
        .string()
        .max(32)
        .optional()
        .meta({ description: 'Ready and desired workers, such as 7/8; ? stands for an unknown number.' }),
    })
    .optional()
    .meta({ description: 'Counts in the form in which the columns of kubectl get show them.' }),
  url: z.string().max(1_024).optional().meta({ description: 'URL of the application inside the cluster.' }),
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
