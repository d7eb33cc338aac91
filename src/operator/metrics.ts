// Metrics under the names that dashboards for controller-runtime know.
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { names } from '../api/index.ts';
import type { WorkQueue } from '../kube/index.ts';

export interface Metrics {
  readonly registry: Registry;
  readonly reconciled: (result: string, seconds: number) => void;
  readonly requested: (method: string, status: number) => void;
}

const controller = 'appserver';

/** @param leads whether this replica is the one that acts */
export function createMetrics(queue: WorkQueue, leads: () => boolean): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const total = new Counter({
    name: 'controller_runtime_reconcile_total',
    help: 'Reconciliations by result',
    labelNames: ['controller', 'result'],
    registers,
  });
  const time = new Histogram({
    name: 'controller_runtime_reconcile_time_seconds',
    help: 'Time of one reconciliation',
    labelNames: ['controller'],
    buckets: [0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60],
    registers,
  });
  const requests = new Counter({
    name: 'rest_client_requests_total',
    help: 'Requests to the API server by status and method',
    labelNames: ['code', 'method'],
    registers,
  });
  registry.registerMetric(
    new Gauge({
      name: 'workqueue_depth',
      help: 'AppServers that wait for being reconciled',
      labelNames: ['name'],
      registers: [],
      collect() {
        this.set({ name: controller }, queue.depth);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: 'leader_election_master_status',
      help: 'Whether this replica is the one that acts',
      labelNames: ['name'],
      registers: [],
      collect() {
        this.set({ name: names.fieldManager }, leads() ? 1 : 0);
      },
    }),
  );
  return {
    registry,
    reconciled: (result, seconds) => {
      total.inc({ controller, result });
      time.observe({ controller }, seconds);
    },
    requested: (method, status) => requests.inc({ method, code: status === 0 ? '<error>' : String(status) }),
  };
}
