import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Result } from '../../../src/kube/index.ts';
import { Metrics } from '../../../src/operator/http/metrics.ts';

test("results of reconciles have controller-runtime's labels, and a conflict is no error", async () => {
  const metrics = new Metrics();
  const results: readonly Result[] = ['success', 'requeue_after', 'conflict', 'error'];
  for (const result of results) metrics.reconciled(result, 0.1);
  const { values: totals } = (await metrics.registry.getSingleMetric('controller_runtime_reconcile_total')?.get()) ?? {
    values: [],
  };
  assert.deepEqual(
    totals.map(({ labels, value }) => `${labels['result']} ${value}`),
    ['success 1', 'requeue_after 1', 'requeue 1', 'error 1'],
  );
  const errors = await metrics.registry.getSingleMetric('controller_runtime_reconcile_errors_total')?.get();
  assert.deepEqual(
    errors?.values.map(({ value }) => value),
    [1],
  );
});
