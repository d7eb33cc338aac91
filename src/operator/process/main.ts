// Start and stop of the operator.
import type { KubeConfig } from '@kubernetes/client-node';
import { writeSync } from 'node:fs';
import type { Server } from 'node:net';
import { hostname } from 'node:os';
import { pino, type Logger } from 'pino';
import packageJson from '../../../package.json' with { type: 'json' };
import { names, reasons } from '../../api/index.ts';
import { Controller, EventRecorder, KubeClient, loadKubeConfig, WorkQueue, type Turn } from '../../kube/index.ts';
import { startAdmin } from '../http/health.ts';
import { emptyCaches, type Caches } from '../observe/caches.ts';
import { Contents } from '../observe/content-versions.ts';
import { OperatorError, sentence } from './errors.ts';
import { die, installLastResort, type LastResort } from './last-resort.ts';
import type { Release } from '../model/facts.ts';
import { compete, ownNamespace, withoutElection, type Leadership } from './leadership.ts';
import { Metrics } from '../http/metrics.ts';
import { parse, type Options } from './options.ts';
import { askPod } from '../observe/pod-status.ts';
import { Reconciler } from '../reconcile/reconciler.ts';
import { RestartLimit } from '../reconcile/restart-limiter.ts';
import { Reviewer } from '../http/token-review.ts';
import { startSecureMetrics } from '../http/secure-metrics.ts';
import { Sweep } from '../observe/pod-poller.ts';
import { startWatches } from '../observe/watches.ts';

/** @throws OperatorError KUBECONFIG_INVALID */
function readKubeConfig({ kubeconfig: file, context }: Options): KubeConfig {
  try {
    return loadKubeConfig({ file, context });
  } catch (error) {
    throw new OperatorError('KUBECONFIG_INVALID', error instanceof Error ? error.message : String(error), {
      cause: error,
    });
  }
}

/** The way to the API server. */
interface Access {
  readonly config: KubeConfig;
  /** For when its credentials are not taken any more. */
  readonly reload: () => KubeConfig;
}

/** AppServers that are reconciled at the same time beyond --concurrency, when somebody waits for them. */
const urgentConcurrency = 2;

/** The same trouble of a watch is told once in a while, not at each try. */
function quietly(log: Logger): (error: OperatorError) => void {
  const told = new Map<string, number>();
  return (error) => {
    const last = told.get(error.message) ?? -Infinity;
    if (performance.now() - last < 30_000) return;
    told.set(error.message, performance.now());
    log.error({ code: error.code }, sentence(error));
  };
}

/** @throws OperatorError RUNTIME_IMAGE_MISSING */
function release({ runtimeImage, runtimeImagePullPolicy, proxyImage }: Options): Release {
  if (runtimeImage === undefined || runtimeImage === '') {
    throw new OperatorError('RUNTIME_IMAGE_MISSING', 'there is no default for the runtime image');
  }
  return { runtimeImage, runtimeImagePullPolicy, proxyImage };
}

interface Parts {
  readonly client: KubeClient;
  readonly caches: Caches;
  readonly contents: Contents;
  readonly queue: WorkQueue;
  readonly events: EventRecorder;
  readonly metrics: Metrics;
}

function recorder(client: KubeClient, log: Logger): EventRecorder {
  return new EventRecorder({
    client,
    controller: names.fieldManager,
    instance: hostname(),
    now: () => performance.now(),
    onError: (error) => log.warn({ err: error }, 'event not recorded'),
  });
}

/** Looks at the workers of all pods, as long as this replica acts. */
function startSweep(everySeconds: number, { caches, queue, events }: Parts, signal: AbortSignal): void {
  if (everySeconds === 0) return;
  const sweep = new Sweep({
    pods: caches.pods,
    workers: caches.workers,
    everyMs: everySeconds * 1_000,
    ask: askPod,
    now: () => performance.now(),
    random: Math.random,
    onChange: (app) => queue.add(app),
    onTrouble: (app, pod, codes) => {
      const object = caches.apps.get(app);
      if (object === undefined) return;
      const note = `Workers of pod ${pod} end unasked: ${codes.join(', ')}; its log shows why`;
      events.record(object, { type: 'Warning', reason: reasons.WorkersFailing, action: 'Supervise', note });
    },
  });
  sweep.start(signal);
}

/** By which the lines of one reconcile are found in the log. */
const fieldsOf = ({ key, id }: Turn): { appserver: string; reconcileID: string } => ({
  appserver: key,
  reconcileID: id,
});

function createController(options: Options, log: Logger, parts: Parts): Controller {
  const { client, caches, contents, queue, events, metrics } = parts;
  const now = (): Date => new Date();
  const uptimeMs = (): number => performance.now();
  const restartLimit = new RestartLimit(options.restartLimit, (key) => queue.add(key));
  const reconciler = new Reconciler({
    client,
    caches,
    contents,
    restartLimit,
    events,
    release: release(options),
    now,
    uptimeMs,
  });
  return new Controller({
    queue,
    concurrency: options.concurrency,
    urgentConcurrency,
    reconcile: (turn) => reconciler.reconcile(turn.key, log.child(fieldsOf(turn))),
    onResult: (turn, result, seconds, error) => {
      metrics.reconciled(result, seconds);
      if (error === undefined) log.debug({ ...fieldsOf(turn), result, seconds }, 'reconciled');
      else log.warn({ ...fieldsOf(turn), result, seconds, err: error }, 'reconcile failed');
    },
  });
}

function leadershipOf(options: Options, access: Access, log: Logger, signal: AbortSignal): Leadership {
  if (!options.leaderElect) return withoutElection();
  const namespace = options.leaderElectionNamespace ?? ownNamespace(access.config);
  return compete({ ...access, namespace, name: options.leaderElectionId, onError: quietly(log), signal });
}

/** Resolves when asked to end. */
function untilStopped(log: Logger, stop: AbortController): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        log.info({ signal }, 'stopping');
        stop.abort();
        resolve();
      });
    }
  });
}

interface Served {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly isReady: () => boolean;
}

/** @throws OperatorError */
async function startServers(
  options: Options,
  { config, reload }: Access,
  { log, metrics: { registry }, isReady }: Served,
): Promise<Server[]> {
  const { secureMetricsTls: tlsDir, secureMetricsPort, adminPort } = options;
  const open = tlsDir === undefined ? registry : undefined;
  const onError = (error: unknown): void => log.warn({ err: error }, 'request to the operator failed');
  const admin = await startAdmin({ port: adminPort, registry: open, isReady, onError });
  if (tlsDir === undefined) return [admin];
  const reviewer = new Reviewer(new KubeClient(config, { reload }), () => performance.now());
  return [admin, await startSecureMetrics({ port: secureMetricsPort, tlsDir, registry, reviewer, onError })];
}

/** @throws OperatorError */
async function run(options: Options, log: Logger): Promise<void> {
  const reload = (): KubeConfig => readKubeConfig(options);
  const access = { config: reload(), reload };
  const metrics = new Metrics();
  const queue = new WorkQueue(undefined, undefined, metrics.queue);
  const stop = new AbortController();
  const stopped = untilStopped(log, stop);
  const leadership = leadershipOf(options, access, log, stop.signal);
  metrics.observe({
    queueDepth: () => queue.depth,
    underWay: () => queue.underWay,
    concurrency: options.concurrency + urgentConcurrency,
    leads: leadership.leads,
  });
  const client = new KubeClient(access.config, { onRequest: metrics.requested, mayWrite: leadership.leads, reload });
  const caches = emptyCaches();
  const contents = new Contents(client, options.restartOn);
  const parts = { client, caches, contents, queue, events: recorder(client, log), metrics };
  const controller = createController(options, log, parts);
  let ready = false;
  const servers = await startServers(options, access, { log, metrics, isReady: () => ready });
  log.info(
    { version: packageJson.version, runtimeImage: options.runtimeImage, namespaces: options.namespace },
    'starting',
  );
  const fillCaches = async (): Promise<void> => {
    await startWatches({
      client,
      caches,
      contents,
      namespaces: options.namespace,
      onChange: (key, priority) => queue.add(key, priority),
      onError: quietly(log),
      signal: stop.signal,
    });
    ready = true;
    log.info({ appservers: caches.apps.keys().length }, 'caches filled');
  };
  // Who waits has full caches, and begins the moment that it leads.
  await Promise.race([Promise.all([fillCaches(), leadership.won]), stopped]);
  if (!stop.signal.aborted) {
    log.info('leading');
    startSweep(options.podStatusSeconds, parts, stop.signal);
    void stopped.then(() => queue.close());
    // Returns once the queue is closed and what was begun is done.
    const outcome = await Promise.race([controller.run(), leadership.lost.then(() => 'lost' as const)]);
    if (outcome === 'lost') throw new OperatorError('LEADERSHIP_LOST', 'the Lease could not be renewed in time');
  }
  await leadership.release();
  for (const server of servers) server.close();
  client.close();
  log.info('stopped');
}

function lastResort(log: Logger, output: { flushSync(): void }): LastResort {
  const flush = (): void => {
    try {
      output.flushSync();
    } catch {
      /* not open yet: there is nothing in it */
    }
  };
  return {
    log: (fields, message) => {
      log.fatal(fields, message);
      flush();
    },
    stderr: (text) => {
      // What was logged before comes before it.
      flush();
      writeSync(process.stderr.fd, text);
    },
    exit: (code) => process.exit(code),
  };
}

export async function main(argv: readonly string[]): Promise<void> {
  const options = parse(argv);
  // Several lines in one write: thousands of AppServers have much to tell when they are new.
  const output = pino.destination({ sync: false });
  const log = pino(
    {
      level: options.logLevel,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    output,
  );
  const means = lastResort(log, output);
  installLastResort(process, means);
  try {
    await run(options, log);
  } catch (error) {
    // At once: what is still under way must not go on.
    die(error, 'main', means);
  }
}
