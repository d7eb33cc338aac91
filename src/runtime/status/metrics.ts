// /metrics: the report in the OpenMetrics text format.
import { bootBounds } from '../machine/accounting.ts';
import type { WorkerKind } from '../machine/state.ts';
import { latencyBounds, statusClasses } from '../shared/shared-memory-layout.ts';
import { openMetrics, type Distribution, type Metric, type Sample } from '../text/open-metrics.ts';
import type { Report } from './report.ts';

const workerKinds: Record<WorkerKind, true> = {
  starting: true,
  ready: true,
  draining: true,
  aborting: true,
  killed: true,
};

function gauge(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, help, type: 'gauge', samples };
}

function counter(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, help, type: 'counter', samples };
}

function histogram(name: string, help: string, distribution: Distribution): Metric {
  return { name, help, type: 'histogram', distribution };
}

function single(value: number): Sample[] {
  return [{ labels: {}, value }];
}

function labelled(label: string, counts: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(counts).map(([key, value]) => ({ labels: { [label]: key }, value }));
}

function workerMetrics(of: Report): Metric[] {
  const { list, desired } = of.workers;
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
    gauge(
      'appserver_worker_gil',
      'Whether a Python worker has the global interpreter lock',
      list.flatMap(({ id, gil }) => (gil === null ? [] : [{ labels: { worker: id }, value: gil ? 1 : 0 }])),
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
    histogram('appserver_worker_boot_seconds', 'Time from the start of a worker until it was ready', {
      bounds: bootBounds,
      counts: of.boots.counts,
      sum: of.boots.seconds,
    }),
  ];
}

function requestMetrics(of: Report): Metric[] {
  const { buckets, seconds } = of.counters;
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
    histogram('appserver_request_duration_seconds', 'Time from reading a request to its answer written', {
      bounds: latencyBounds,
      counts: buckets,
      sum: seconds,
    }),
  ];
}

export function metricsText(of: Report): string {
  return openMetrics([...workerMetrics(of), ...requestMetrics(of)]);
}
