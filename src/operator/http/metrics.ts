// Metrics under the names that dashboards for controller-runtime know.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry, type LabelValues } from 'prom-client';
import { names } from '../../api/index.ts';
import type { QueueObserver, Result } from '../../kube/index.ts';

/** What is looked at when somebody asks for the metrics. */
export interface Observed {
  readonly queueDepth: () => number;
  /** Seconds for which each reconcile has been under way. */
  readonly underWay: () => readonly number[];
  readonly concurrency: number;
  /** Whether this replica is the one that acts. */
  readonly leads: () => boolean;
}

const labels = { controller: 'appserver' };
const queueLabels = { name: 'appserver' };
/** client-go's, from 10 ns to 1,000 s. */
const queueBuckets = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100, 1000];
const reconcileBuckets = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.5, 2, 3, 5, 10, 60,
];

export class Metrics {
  readonly registry = new Registry();
  readonly #registers = [this.registry];
  readonly #total = this.#counter('controller_runtime_reconcile_total', 'Reconciliations by result', [
    'controller',
    'result',
  ]);
  readonly #errors = this.#counter('controller_runtime_reconcile_errors_total', 'Reconciliations that failed', [
    'controller',
  ]);
  readonly #requests = this.#counter('rest_client_requests_total', 'Requests to the API server by status and method', [
    'code',
    'method',
  ]);
  readonly #adds = this.#counter('workqueue_adds_total', 'AppServers added to the queue', ['name']);
  readonly #retries = this.#counter('workqueue_retries_total', 'AppServers added again after a failure', ['name']);
  readonly #time = this.#histogram('controller_runtime_reconcile_time_seconds', 'Duration of one reconciliation', {
    labelNames: ['controller'],
    buckets: reconcileBuckets,
  });
  readonly #waiting = this.#histogram('workqueue_queue_duration_seconds', 'Time in the queue', {
    labelNames: ['name'],
    buckets: queueBuckets,
  });
  readonly #working = this.#histogram(
    'workqueue_work_duration_seconds',
    'Time from leaving the queue to the end of the reconciliation',
    {
      labelNames: ['name'],
      buckets: queueBuckets,
    },
  );

  constructor() {
    // Looked at a hundred times a second, the event loop's delay would be most of what a resting operator does.
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: 1_000 });
  }

  /** For the queue. */
  readonly queue: QueueObserver = {
    added: () => this.#adds.inc(queueLabels),
    waited: (seconds) => this.#waiting.observe(queueLabels, seconds),
    worked: (seconds) => this.#working.observe(queueLabels, seconds),
    retried: () => this.#retries.inc(queueLabels),
  };

  reconciled(result: Result, seconds: number): void {
    // controller-runtime's word for what is simply looked at again.
    this.#total.inc({ ...labels, result: result === 'conflict' ? 'requeue' : result });
    this.#time.observe(labels, seconds);
    if (result === 'error') this.#errors.inc(labels);
  }

  readonly requested = (method: string, status: number): void => {
    this.#requests.inc({ method, code: status === 0 ? '<error>' : String(status) });
  };

  observe({ queueDepth, underWay, concurrency, leads }: Observed): void {
    const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
    this.#gauge('workqueue_depth', 'AppServers that wait to be reconciled', queueLabels, queueDepth);
    this.#gauge(
      'workqueue_unfinished_work_seconds',
      'Sum of the ages of all reconciliations in progress',
      queueLabels,
      () => sum(underWay()),
    );
    this.#gauge(
      'workqueue_longest_running_processor_seconds',
      'Age of the oldest reconciliation in progress',
      queueLabels,
      () => Math.max(0, ...underWay()),
    );
    this.#gauge('controller_runtime_active_workers', 'Reconciliations in progress', labels, () => underWay().length);
    this.#gauge(
      'controller_runtime_max_concurrent_reconciles',
      'Largest number of concurrent reconciliations',
      labels,
      () => concurrency,
    );
    this.#gauge(
      'leader_election_master_status',
      'Whether this replica is the leader',
      { name: names.fieldManager },
      () => (leads() ? 1 : 0),
    );
  }

  #counter<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: this.#registers });
  }

  #histogram<Label extends string>(
    name: string,
    help: string,
    shape: { readonly labelNames: Label[]; readonly buckets: number[] },
  ): Histogram<Label> {
    return new Histogram({ name, help, ...shape, registers: this.#registers });
  }

  #gauge<Label extends string>(name: string, help: string, of: LabelValues<Label>, value: () => number): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      labelNames: Object.keys(of),
      registers: this.#registers,
      collect: () => {
        gauge.set(of, value());
      },
    });
  }
}
