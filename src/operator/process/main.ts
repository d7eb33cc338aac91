// Start and stop of the operator.
import type { KubeConfig } from '@kubernetes/client-node';
import { writeSync } from 'node:fs';
import type { Server } from 'node:net';
import { hostname } from 'node:os';
import { pino, type Logger } from 'pino';
import packageJson from '../../../package.json' with { type: 'json' };
import { names, reasons } from '../../api/index.ts';
import { Controller, EventRecorder, KubeClient, loadKubeConfig, WorkQueue, type Turn } from '../../kube/index.ts';
import { startAdmin } from '../http/admin.ts';
import { emptyCaches, type Caches } from '../observe/caches.ts';
import { Contents } from '../observe/content-versions.ts';
import { OperatorError, sentence } from './errors.ts';
import type { LeaseName } from '../model/operators.ts';
import { newestLayout } from '../model/layout.ts';
import type { OwnRelease } from '../model/release.ts';
import { die, installLastResort, type LastResort } from './last-resort.ts';
import { compete, ownNamespace, withoutElection, type Leadership } from './leadership.ts';
import { Metrics } from '../http/metrics.ts';
import { loadOperatorKey } from './operator-key.ts';
import { parse, type Options } from './options.ts';
import { askPod } from '../observe/pod-status.ts';
import { Reconciler } from '../reconcile/reconciler.ts';
import { RestartLimit } from '../reconcile/restart-limiter.ts';
import { Reviewer } from '../http/token-review.ts';
import { startSecureMetrics } from '../http/secure-metrics.ts';
import { OtherOperators } from '../observe/other-operators.ts';
import { PodPoller } from '../observe/pod-poller.ts';
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

const quietMs = 30_000;

/** The same trouble of a watch is told once in a while, not at each try. */
function quietly(log: Logger): (error: OperatorError) => void {
  const told = new Map<string, number>();
  return (error) => {
    const now = performance.now();
    for (const [message, at] of told) if (now - at >= quietMs) told.delete(message);
    if (told.has(error.message)) return;
    told.set(error.message, now);
    log.error({ code: error.code }, sentence(error));
  };
}

/** @throws OperatorError RUNTIME_IMAGE_MISSING */
function release({ runtimeImage, runtimeImagePullPolicy, proxyImage, earlierImage }: Options): OwnRelease {
  if (runtimeImage === undefined || runtimeImage === '') {
    throw new OperatorError('RUNTIME_IMAGE_MISSING', 'there is no default for the runtime image');
  }
  return {
    runtimeImage,
    runtimeImagePullPolicy,
    proxyImage,
    layout: newestLayout,
    earlierImages: new Set(earlierImage),
  };
}

interface Parts {
  /** How this operator names itself on what it makes. */
  readonly claim: string | undefined;
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
    date: () => new Date(),
    onError: (error) => log.warn({ err: error }, 'event not recorded'),
  });
}

/** Polls the workers of all pods, as long as this replica acts. */
function startPolling(everySeconds: number, { caches, queue, events }: Parts, signal: AbortSignal): void {
  if (everySeconds === 0) return;
  const poller = new PodPoller({
    pods: caches.pods,
    workers: caches.workers,
    everyMs: everySeconds * 1_000,
    ask: askPod,
    now: () => performance.now(),
    random: Math.random,
    onChange: (app) => queue.add(app),
    onTrouble: (app, trouble) => {
      const object = caches.apps.get(app);
      if (object === undefined) return;
      events.record(object, { type: 'Warning', reason: reasons.WorkersFailing, action: 'Supervise', ...trouble });
    },
  });
  poller.start(signal);
}

/** By which the lines of one reconcile are found in the log. */
const fieldsOf = ({ key, id }: Turn): { appserver: string; reconcileID: string } => ({
  appserver: key,
  reconcileID: id,
});

function createController(options: Options, log: Logger, parts: Parts, signal: AbortSignal): Pick<Controller, 'run'> {
  const { client, caches, contents, queue, events, metrics } = parts;
  const now = (): Date => new Date();
  const uptimeMs = (): number => performance.now();
  const restartLimit = new RestartLimit({ most: options.restartLimit, onFree: (key) => queue.add(key), now: uptimeMs });
  restartLimit.start(signal);
  const reconciler = new Reconciler({
    client,
    caches,
    contents,
    restartLimit,
    events,
    operator: { release: release(options), claim: parts.claim },
    otherOperators: new OtherOperators(client, Date.now),
    onLook: (key) => queue.seen(key),
    now,
    uptimeMs,
  });
  const controller = new Controller({
    queue,
    concurrency: options.concurrency,
    urgentConcurrency,
    reconcile: (turn) => reconciler.reconcile(turn.key, log.child(fieldsOf(turn))),
    onResult: (turn, result, seconds, error) => {
      metrics.reconciled(result, seconds);
      if (error === undefined) log.debug({ ...fieldsOf(turn), result, seconds }, 'reconciled');
      else if (result === 'conflict') log.debug({ ...fieldsOf(turn), result, seconds }, 'conflict, reconciling again');
      else log.warn({ ...fieldsOf(turn), result, seconds, err: error }, 'reconcile failed');
    },
  });
  return {
    run: () => {
      reconciler.resumeRestarts();
      return controller.run();
    },
  };
}

/** Where replicas of this operator agree on who acts, and what other operators know it by. */
function leaseOf({ leaderElectionNamespace, leaderElectionId: name }: Options, { config }: Access): LeaseName {
  return { namespace: leaderElectionNamespace ?? ownNamespace(config), name };
}

function claimOf(options: Options, access: Access): string | undefined {
  if (!options.leaderElect) return undefined;
  const { namespace, name } = leaseOf(options, access);
  return `${namespace}/${name}`;
}

function leadershipOf(options: Options, access: Access, log: Logger, signal: AbortSignal): Leadership {
  if (!options.leaderElect) return withoutElection();
  return compete({ ...access, ...leaseOf(options, access), onError: quietly(log), signal });
}

/** Resolves when the key is there, or is known not to be for now: contents are looked at as soon as it is. */
async function loadKey(
  options: Options,
  { config }: Access,
  { parts: { client, caches, contents, queue }, mayCreate, log, signal }: KeyUse,
): Promise<void> {
  if (options.restartOn.length === 0) return;
  await loadOperatorKey({
    client,
    namespace: options.leaderElectionNamespace ?? ownNamespace(config),
    name: `${options.leaderElectionId}-key`,
    mayCreate,
    onKey: (key) => {
      contents.useKey(key);
      for (const app of caches.apps.keys()) queue.add(app);
    },
    onError: quietly(log),
    signal,
  });
}

interface KeyUse {
  readonly parts: Parts;
  readonly mayCreate: Promise<void>;
  readonly log: Logger;
  readonly signal: AbortSignal;
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
  const queue = new WorkQueue({
    observer: metrics.queue,
    mostOfNamespace: Math.ceil((options.concurrency + urgentConcurrency) / 2),
  });
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
  const claim = claimOf(options, access);
  const parts = { claim, client, caches, contents, queue, events: recorder(client, log), metrics };
  const controller = createController(options, log, parts, stop.signal);
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
  const keyTried = loadKey(options, access, { parts, mayCreate: leadership.won, log, signal: stop.signal });
  // Who waits has full caches, and begins the moment that it leads.
  await Promise.race([Promise.all([fillCaches(), leadership.won, keyTried]), stopped]);
  if (!stop.signal.aborted) {
    log.info('leading');
    startPolling(options.podStatusSeconds, parts, stop.signal);
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
