// /metrics: the report in the OpenMetrics text format, written by prom-client.
import { AggregatorRegistry, Registry, type OpenMetricsContentType } from 'prom-client';
import type { Report } from './report.ts';
import { latencyBounds } from './shared-memory.ts';
import type { WorkerKind } from './state.ts';

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

function histogram(of: Report, name: string): Value[] {
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

function metrics(of: Report): Metric[] {
  const duration = 'appserver_request_duration_seconds';
  const states = Object.keys(workerKinds);
  return [
    gauge(
      'appserver_workers',
      'Worker processes by state',
      states.map((state) => ({
        labels: { state },
        value: of.workers.list.filter((worker) => worker.state === state).length,
      })),
    ),
    gauge('appserver_workers_desired', 'Worker processes that should be ready', single(of.workers.desired)),
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
    gauge('appserver_ready', 'Whether the readiness probe succeeds', single(of.ready ? 1 : 0)),
    {
      name: 'appserver_worker_restarts',
      help: 'Workers that ended without having been asked to, by error code',
      type: 'counter',
      aggregator: 'sum',
      values: Object.entries(of.restarts).map(([reason, value]) => ({ labels: { reason }, value })),
    },
    {
      name: duration,
      help: 'Time from reading a request to its answer written',
      type: 'histogram',
      aggregator: 'sum',
      values: histogram(of, duration),
    },
  ];
}

export function metricsText(of: Report): Promise<string> {
  // Meant for joining what several processes counted, it also turns finished values into text: the values stand in the
  // shared memory already, and prom-client's own counters could only count them again.
  const registry = AggregatorRegistry.aggregate<OpenMetricsContentType>([metrics(of)]);
  registry.setContentType(metricsContentType);
  return registry.metrics();
}
