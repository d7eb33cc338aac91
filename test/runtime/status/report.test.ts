import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { noAccounts, noCounters, withBoot } from '../../../src/runtime/machine/accounting.ts';
import { initialState } from '../../../src/runtime/machine/state.ts';
import { metricsText } from '../../../src/runtime/status/metrics.ts';
import { readyChecks, report } from '../../../src/runtime/status/report.ts';
import { settings } from '../../builders.ts';

describe('what is told of the state', () => {
  const sampled = {
    total: noCounters,
    bySlot: new Map(),
    memoryBySlot: new Map(),
    acceptQueue: { length: 9, drops: 2 },
  };

  const accounts = { ...withBoot(withBoot(noAccounts(0), 0.2), 0.3), requestsLost: 3, connectionsLost: 4 };

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
        { ...initialState(settings, 0), restarts: { WORKER_KILLED: 2 }, accounts },
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

  test('a pod whose workers begin and end for years says no more of it than any other', () => {
    let years = noAccounts(0);
    for (let i = 0; i < 100_000; i++) years = withBoot(years, 0.01 * (i % 9_000));
    const state = { ...initialState(settings, 0), accounts: years };
    const told = JSON.stringify(report(state, sampled, { version: '1', settings: 's' }, 0));
    assert.ok(told.length < 2_000, `${told.length} characters`);
    assert.equal(
      years.boots.counts.reduce((sum, count) => sum + count, 0),
      100_000,
    );
  });

  test('readyz names what is missing', () => {
    const told = report(initialState(settings, 0), sampled, { version: '1', settings: 's' }, 0);
    assert.deepEqual(
      readyChecks(told, 2).map(({ name, ok, why }) => `${name} ${ok} ${why}`),
      ['phase false preparing', 'workers false 0 of 2 ready, 2 needed'],
    );
  });
});
