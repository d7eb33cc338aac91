import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { initialState } from '../../../src/runtime/machine/state.ts';
import { noCounters } from '../../../src/runtime/processes/shared-memory.ts';
import { metricsText } from '../../../src/runtime/status/metrics.ts';
import { readyChecks, report } from '../../../src/runtime/status/report.ts';
import { settings } from '../../builders.ts';

describe('what is told of the state', () => {
  const sampled = {
    total: noCounters,
    bySlot: new Map(),
    memoryBySlot: new Map(),
    acceptQueue: { length: 9, drops: 2 },
    bootSeconds: [0.2, 0.3],
    requestsLost: 3,
    connectionsLost: 4,
  };

  test('metrics are OpenMetrics, with a cumulative histogram', () => {
    const total = {
      ...noCounters,
      begun: 4,
      ended: 4,
      seconds: 1.5,
      buckets: noCounters.buckets.map((_, i) => (i < 2 ? 2 : 0)),
    };
    const text = metricsText(
      report(
        { ...initialState(settings, 0), restarts: { WORKER_KILLED: 2 } },
        { ...sampled, total },
        { version: '1', settings: 's' },
        0,
      ),
    );
    for (const line of [
      'appserver_request_duration_seconds_bucket{le="0.005"} 2',
      'appserver_request_duration_seconds_bucket{le="+Inf"} 4',
      'appserver_request_duration_seconds_count 4',
      'appserver_worker_restarts_total{reason="WORKER_KILLED"} 2',
      'appserver_accept_queue_length 9',
      'appserver_accept_queue_drops_total 2',
      'appserver_worker_boot_seconds_bucket{le="0.25"} 1',
      'appserver_worker_boot_seconds_count 2',
      'appserver_requests_lost_total 3',
      'appserver_responses_total{status="2xx"} 0',
    ]) {
      assert.ok(text.includes(`${line}\n`), `${line}\n---\n${text}`);
    }
    assert.ok(text.endsWith('# EOF\n'));
  });

  test('readyz names what is missing', () => {
    const told = report(initialState(settings, 0), sampled, { version: '1', settings: 's' }, 0);
    assert.deepEqual(
      readyChecks(told, 2).map(({ name, ok, why }) => `${name} ${ok} ${why}`),
      ['phase false booting', 'workers false 0 of 2 ready, 2 needed'],
    );
  });
});
