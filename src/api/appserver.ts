import { z } from 'zod';
import { hostName, httpRoute, ingress, monitoring, networkPolicy, service } from './exposure.ts';
import {
  about,
  count,
  duration,
  envFrom,
  envVar,
  generation,
  listMeta,
  localObjectReference,
  resources,
  volume,
  volumeMount,
} from './fields.ts';
import { autoscaling, disruption, rollout, topology } from './placement.ts';
import { proxy } from './proxy.ts';

export const group = 'appserver.dev';
export const version = 'v1alpha1';
export const kind = 'AppServer';
export const plural = 'appservers';

const pythonName = (): z.ZodString =>
  z
    .string()
    .min(1)
    .max(253)
    .regex(/^[A-Za-z_][A-Za-z0-9_.]*(:.+)?$/);

const word = (): z.ZodString => z.string().min(1).max(4_096);

const app = z.object({
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
    .meta(about('roll', "Folder where modules are looked for and the application runs. Default: the image's own.")),
});

const recycle = z.object({
  requests: z.int().min(0).max(1_000_000_000).default(0).meta(about('live', 'After so many requests; 0 for never.')),
  jitter: z
    .int()
    .min(0)
    .max(1_000_000_000)
    .default(0)
    .meta(about('live', 'Up to so many requests more, different for each worker.')),
  memory: z
    .string()
    .max(32)
    .regex(/^(auto|[0-9]+(\.[0-9]+)?(k|M|G|Ki|Mi|Gi)?)$/)
    .optional()
    .meta(about('live', "Above so much resident memory; auto for its share of the container's limit.")),
  lifetime: duration().default('0s').meta(about('live', 'After so long; 0s for never.')),
});

const workers = z.object({
  count: z
    .union([z.int().min(1).max(128), z.literal('auto')])
    .default(2)
    .meta(about('live', "Worker processes in each pod; auto: as many as the container's CPU and memory allow.")),
  class: z
    .enum(['sync', 'gthread', 'gevent', 'fast'])
    .optional()
    .meta(
      about(
        'roll',
        "Worker class for wsgi: gunicorn's sync (default) handles one request at a time, its gthread several in threads, its gevent many in greenlets; fast is Granian's server in Rust.",
      ),
    ),
  preload: z
    .boolean()
    .optional()
    .meta(about('roll', 'Whether a Python application is imported once, and workers are forked from it.')),
  recycle: recycle.optional().meta({ description: 'When a worker is replaced although it is well.' }),
  threads: z.int().min(1).max(1_024).default(1).meta(about('roll', 'Threads of each gthread or fast worker.')),
  backlog: z
    .int()
    .min(1)
    .max(65_535)
    .default(2_048)
    .meta(about('roll', 'Connections that wait for a worker before the kernel refuses more.')),
  keepAlive: duration()
    .default('75s')
    .meta(about('roll', 'How long a worker keeps an idle connection open; sync workers keep none.')),
  bootTimeout: duration().default('60s').meta(about('live', 'A worker that is not ready by then is restarted.')),
  heartbeatTimeout: duration()
    .default('30s')
    .meta(about('live', 'A worker that gives no sign of life for so long is restarted.')),
  requestTimeout: duration()
    .default('60s')
    .meta(about('live', 'Longest time until the answer to a request begins, for sync until it ends; 0s for no limit.')),
  gracefulTimeout: duration().default('30s').meta(about('roll', 'Time that requests in hand have when a worker ends.')),
});

const drain = z.object({
  minimum: duration()
    .default('5s')
    .meta(
      about('roll', 'An ending pod accepts connections at least so long: endpoints and load balancers lag behind.'),
    ),
  maximum: duration().default('15s').meta(about('roll', 'It waits at most so long for requests to stop coming.')),
});

const probes = z.object({
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

const security = z.object({
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

const hooks = z.object({
  python: pythonName().optional().meta(about('roll', "A module of functions under the names of gunicorn's hooks.")),
  beforeStart: hook('Once in each pod, before the workers. The pod does not start when it fails.'),
  workerStart: hook('When a worker is ready.'),
  workerExit: hook('When a worker has ended.'),
  beforeStop: hook('Once, when the pod begins to end.'),
});

const logging = z.object({
  level: z
    .enum(['trace', 'debug', 'info', 'warn', 'error'])
    .default('info')
    .meta(about('live', "Level of the runtime's own log.")),
  format: z
    .enum(['json', 'ecs', 'text'])
    .optional()
    .meta(about('live', 'Form of the log: json (default), ecs (Elastic Common Schema), or text for people.')),
  accessLog: z
    .boolean()
    .optional()
    .meta(about('live', 'Whether each request is logged, by the worker that served it.')),
});

const runtime = z.object({
  version: z
    .string()
    .max(128)
    .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/)
    .optional()
    .meta(
      about(
        'roll',
        "Tag of the operator's runtime image that pods have, whatever the operator's own is. Default: its own.",
      ),
    ),
  upgrade: z
    .enum(['onRollout', 'now'])
    .default('onRollout')
    .meta(
      about(
        'roll',
        'When pods get the runtime of a new operator: onRollout when they are replaced for another reason, now when the operator has it.',
      ),
    ),
});

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
  networkPolicy: networkPolicy.optional().meta({ description: 'Who may connect. Default: everybody.' }),
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
          labels: z.record(z.string().max(317), z.string().max(63)).optional(),
          annotations: z.record(z.string().max(317), z.string().max(4_096)).optional(),
        })
        .optional(),
      spec: z.looseObject({}).optional(),
    })
    .optional()
    .meta(about('roll', 'Whatever else a pod template may have. What the operator sets itself is not to be set here.')),
  security: security.prefault({}).meta({ description: 'User and file system of the application.' }),
  logging: logging.prefault({}).meta({ description: "The runtime's log." }),
  runtime: runtime.prefault({}).meta({ description: 'The release of the runtime in the pods.' }),
});

const condition = z.object({
  type: z.string().max(316).meta({ description: 'What is said something about: Ready, for one.' }),
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
        .meta({ description: 'Those that ended unasked, since the containers of the present pods were started.' }),
    })
    .optional()
    .meta({ description: 'Worker processes.' }),
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
