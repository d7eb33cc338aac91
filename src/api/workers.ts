// The worker processes of a pod, how they end, and the runtime that supervises them.
import { z } from 'zod';
import { about, duration } from './fields.ts';

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

export const workers = z.object({
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

export const drain = z.object({
  minimum: duration()
    .default('5s')
    .meta(
      about('roll', 'An ending pod accepts connections at least so long: endpoints and load balancers lag behind.'),
    ),
  maximum: duration().default('15s').meta(about('roll', 'It waits at most so long for requests to stop coming.')),
});

export const logging = z.object({
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

export const runtime = z.object({
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
