// /metrics: the report in the OpenMetrics text format, written by prom-client.
import { AggregatorRegistry, Registry, type OpenMetricsContentType } from 'prom-client';
import type { WorkerKind } from '../machine/state.ts';
import { latencyBounds, statusClasses } from '../shared/shared-memory-layout.ts';
import type { Report } from './report.ts';

export const metricsContentType: OpenMetricsContentType = Registry.OPENMETRICS_CONTENT_TYPE;

interface Value {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly metricName?: string;
}

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly aggregator: 'sum';
  readonly values: readonly Value[];
}

const workerKinds: Record<WorkerKind, true> = {
  starting: true,
  ready: true,
  draining: true,
  aborting: true,
  killed: true,
};

function durationValues(of: Report, name: string): Value[] {
  let cumulative = 0;
  const buckets = of.counters.buckets.map((count, i): Value => {
    cumulative += count;
    return { metricName: `${name}_bucket`, labels: { le: latencyBounds[i] ?? '+Inf' }, value: cumulative };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels: {}, value: of.counters.seconds },
    { metricName: `${name}_count`, labels: {}, value: cumulative },
  ];
}

function gauge(name: string, help: string, values: readonly Value[]): Metric {
  return { name, help, type: 'gauge', aggregator: 'sum', values };
}

function single(value: number): Value[] {
  return [{ value, labels: {} }];
}

/** Upper bounds in seconds. */
const bootBounds = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

function bootValues(seconds: readonly number[], name: string): Value[] {
  const below = (bound: number): number => seconds.filter((one) => one <= bound).length;
  return [
    ...bootBounds.map((le): Value => ({ metricName: `${name}_bucket`, labels: { le }, value: below(le) })),
    { metricName: `${name}_bucket`, labels: { le: '+Inf' }, value: seconds.length },
    { metricName: `${name}_sum`, labels: {}, value: seconds.reduce((sum, one) => sum + one, 0) },
    { metricName: `${name}_count`, labels: {}, value: seconds.length },
  ];
}

function histogram(name: string, help: string, values: readonly Value[]): Metric {
  return { name, help, type: 'histogram', aggregator: 'sum', values };
}

function counter(name: string, help: string, values: readonly Value[]): Metric {
  return { name, help, type: 'counter', aggregator: 'sum', values };
}

function labelled(label: string, counts: Readonly<Record<string, number>>): Value[] {
  return Object.entries(counts).map(([key, value]) => ({ labels: { [label]: key }, value }));
}

function workerMetrics(of: Report): Metric[] {
  const { list, desired } = of.workers;
  const boot = 'appserver_worker_boot_seconds';
  const inState = (state: string): number => list.filter((worker) => worker.state === state).length;
  return [
    gauge(
      'appserver_workers',
      'Worker processes by state',
      Object.keys(workerKinds).map((state) => ({ labels: { state }, value: inState(state) })),
    ),
    gauge('appserver_workers_desired', 'Worker processes that should be ready', single(desired)),
    gauge(
      'appserver_workers_busy',
      'Workers with at least one request in hand',
      single(list.filter((worker) => worker.busy > 0).length),
    ),
    gauge(
      'appserver_worker_memory_bytes',
      'Resident memory of each worker process',
      list.map((worker) => ({ labels: { worker: worker.id }, value: worker.memoryBytes })),
    ),
    gauge('appserver_ready', 'Whether the readiness probe succeeds', single(of.ready ? 1 : 0)),
    counter(
      'appserver_worker_restarts',
      'Workers that ended without having been asked to, by error code',
      labelled('reason', of.restarts),
    ),
    counter(
      'appserver_worker_replacements',
      'Workers replaced although they were well, by reason',
      labelled('reason', of.replaced),
    ),
    histogram(boot, 'Time from the start of a worker until it was ready', bootValues(of.bootSeconds, boot)),
  ];
}

function requestMetrics(of: Report): Metric[] {
  const duration = 'appserver_request_duration_seconds';
  return [
    gauge(
      'appserver_requests_in_progress',
      'Requests begun and not ended',
      single(of.workers.list.reduce((sum, worker) => sum + worker.busy, 0)),
    ),
    gauge(
      'appserver_accept_queue_length',
      'Connections accepted by the kernel and not yet by a worker',
      single(of.acceptQueue),
    ),
    counter(
      'appserver_accept_queue_drops',
      'Connections that the kernel dropped because an accept queue of the network namespace was full',
      single(of.acceptQueueDrops),
    ),
    gauge(
      'appserver_connections',
      'Connections that are open',
      single(of.workers.list.reduce((sum, worker) => sum + worker.connections, 0)),
    ),
    counter(
      'appserver_connections_lost',
      'Connections that workers had open when they died',
      single(of.connectionsLost),
    ),
    counter('appserver_requests_lost', 'Requests that were in the hands of workers that died', single(of.requestsLost)),
    counter('appserver_request_timeouts', 'Requests that were ended for taking too long', single(of.requestTimeouts)),
    counter(
      'appserver_responses',
      'Answers by class of their status',
      statusClasses.map((status, i) => ({ labels: { status }, value: of.counters.statuses[i] ?? 0 })),
    ),
    histogram(duration, 'Time from reading a request to its answer written', durationValues(of, duration)),
  ];
}

export function metricsText(of: Report): Promise<string> {
  // Meant for joining what several processes counted, it also turns finished values into text: the values stand in the
  // shared memory already, and prom-client's own counters could only count them again.
  const registry = AggregatorRegistry.aggregate<OpenMetricsContentType>([
    [...workerMetrics(of), ...requestMetrics(of)],
  ]);
  registry.setContentType(metricsContentType);
  return registry.metrics();
}
