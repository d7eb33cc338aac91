// The worker processes of a pod, how they end, and the runtime that supervises them.
import { z } from 'zod';
import { about, duration } from './fields.ts';

const recycle = z.object({
  requests: z
    .int()
    .min(0)
    .max(1_000_000_000)
    .default(0)
    .meta(about('live', 'Number of requests after which a worker is replaced; 0 for never.')),
  jitter: z
    .int()
    .min(0)
    .max(1_000_000_000)
    .default(0)
    .meta(
      about(
        'live',
        'Upper limit of the random number of requests that is added to requests, separately for each worker.',
      ),
    ),
  memory: z
    .string()
    .max(32)
    .regex(/^(auto|[0-9]+(\.[0-9]+)?(k|M|G|Ki|Mi|Gi)?)$/)
    .optional()
    .meta(
      about(
        'live',
        "Resident memory above which a worker is replaced; auto for its share of the container's memory limit.",
      ),
    ),
  lifetime: duration().default('0s').meta(about('live', 'Time after which a worker is replaced; 0s for never.')),
});

export const workers = z.object({
  count: z
    .union([z.int().min(1).max(128), z.literal('auto')])
    .default(2)
    .meta(
      about(
        'live',
        "Number of worker processes in each pod; auto for as many as the container's CPU and memory allow.",
      ),
    ),
  class: z
    .enum(['sync', 'gthread', 'gevent', 'fast'])
    .optional()
    .meta(
      about(
        'roll',
        'Worker class for wsgi: sync (default) of gunicorn handles one request at a time, gthread several in threads, and gevent many in greenlets; fast is the Rust server of Granian.',
      ),
    ),
  preload: z
    .boolean()
    .optional()
    .meta(about('roll', 'Whether a Python application is imported once, and workers are forked from that process.')),
  preloadThreads: z
    .boolean()
    .optional()
    .meta(
      about(
        'roll',
        'Whether an application that starts threads during its import may be preloaded. Its workers do not have these threads.',
      ),
    ),
  maxHeaderSize: z
    .string()
    .max(16)
    .regex(/^[1-9][0-9]{0,3}Ki$/)
    .optional()
    .meta(
      about(
        'roll',
        "Largest header of a request, from 1Ki to 9999Ki; with gunicorn, of each of its fields. Default: the server's own.",
      ),
    ),
  recycle: recycle.optional().meta({ description: 'When a worker is replaced although it works.' }),
  threads: z
    .int()
    .min(1)
    .max(1_024)
    .default(1)
    .meta(about('roll', 'Number of threads in each gthread or fast worker.')),
  backlog: z
    .int()
    .min(1)
    .max(65_535)
    .default(2_048)
    .meta(about('roll', 'Number of connections that may wait for a worker before the kernel refuses more.')),
  keepAlive: duration()
    .default('75s')
    .meta(about('roll', 'How long a worker keeps an idle connection open; sync workers keep none.')),
  bootTimeout: duration()
    .default('60s')
    .meta(about('live', 'Time in which a worker must become ready; otherwise it is restarted.')),
  heartbeatTimeout: duration()
    .default('30s')
    .meta(about('live', 'Time without a heartbeat after which a worker is restarted.')),
  requestTimeout: duration()
    .default('60s')
    .meta(
      about(
        'live',
        'Longest time that the application takes to begin the response to a request, without the time in which it waits for the client; for workers with one thread (sync, or fast with one) also the longest time between two parts of the response; 0s for no limit.',
      ),
    ),
  gracefulTimeout: duration()
    .default('30s')
    .meta(about('roll', 'Time that requests in flight have to finish when a worker ends.')),
});

export const drain = z.object({
  minimum: duration()
    .default('5s')
    .meta(
      about(
        'roll',
        'Shortest time for which an ending pod accepts connections, as endpoints and load balancers lag behind.',
      ),
    ),
  maximum: duration()
    .default('15s')
    .meta(about('roll', 'Longest time for which an ending pod waits for requests to stop arriving.')),
});

export const logging = z.object({
  level: z
    .enum(['trace', 'debug', 'info', 'warn', 'error'])
    .default('info')
    .meta(about('live', "Lowest level of the runtime's log messages.")),
  format: z
    .enum(['json', 'ecs', 'text'])
    .optional()
    .meta(about('live', 'Format of the log: json (default), ecs (Elastic Common Schema), or text for humans.')),
  accessLog: z
    .boolean()
    .optional()
    .meta(about('live', 'Whether each request is logged, by the worker that serves it.')),
  accessLogQuery: z
    .boolean()
    .optional()
    .meta(about('live', 'Whether the access log has query strings, which can hold secrets.')),
});

export const runtime = z.object({
  version: z
    .string()
    .max(128)
    .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/)
    .optional()
    .meta(
      about('roll', "Tag of the runtime image that pods use, in place of the operator's. Default: the operator's."),
    ),
  upgrade: z
    .enum(['onRollout', 'now'])
    .default('onRollout')
    .meta(
      about(
        'roll',
        'When pods get the runtime of a new operator version: onRollout when they are replaced for another reason, now right after the upgrade of the operator.',
      ),
    ),
});
