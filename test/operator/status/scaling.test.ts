import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { KubeObject } from '../../../src/kube/index.ts';
import type { Facts } from '../../../src/operator/model/facts.ts';
import { scalingFailsIn } from '../../../src/operator/status/scaling.ts';
import { appServer, facts, ownedBy } from '../../builders.ts';
import { autoscaled, settled, starting, statusOf } from './situations.ts';

const autoscaler = (message: string, changes: object = {}): KubeObject =>
  ownedBy(appServer(), {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'shop' },
    status: {
      conditions: [
        { type: 'AbleToScale', status: 'True', reason: 'SucceededGetScale' },
        {
          type: 'ScalingActive',
          status: 'False',
          reason: 'FailedGetResourceMetric',
          message,
          lastTransitionTime: '2026-01-02T02:00:00Z',
          ...changes,
        },
      ],
    },
  });

const given = (child: KubeObject, deployment = settled): Facts =>
  facts({ app: autoscaled, children: [deployment, child] });
const noMetrics =
  'the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)';

describe('an autoscaler that cannot scale', () => {
  const told: Record<string, readonly [child: KubeObject, says: RegExp]> = {
    'as pods have no request': [
      autoscaler(
        'the HPA was unable to compute the replica count: failed to get cpu utilization: missing request for cpu in container app of Pod shop-6f-x',
        { lastTransitionTime: '2026-01-02T03:04:00Z' },
      ),
      /^HorizontalPodAutoscaler shop cannot scale: .* missing request for cpu in container app of Pod shop-6f-x; set spec\.resources\.requests\.cpu\.$/,
    ],
    'as the cluster has no metrics': [
      autoscaler(noMetrics),
      /; check what serves the cluster's metrics, such as metrics-server, or correct spec\.autoscaling\.$/,
    ],
    'as another one has the same pods': [
      autoscaler('pods by selector a=b are controlled by multiple HPAs: [web/shop web/mine]', {
        reason: 'AmbiguousSelector',
      }),
      /; delete the other HorizontalPodAutoscaler\.$/,
    ],
    'as its writes are refused': [
      autoscaler('the HPA controller was unable to update the target scale: admission webhook "x" denied the request', {
        type: 'AbleToScale',
        reason: 'FailedUpdateScale',
      }),
      /: the HPA controller was unable to update the target scale: .*; it is retried\.$/,
    ],
  };
  for (const [name, [child, says]] of Object.entries(told)) {
    test(`${name} is degraded, and ready all the same`, () => {
      const { conditions = [] } = statusOf(given(child));
      assert.deepEqual(
        conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`),
        [
          'Ready True PodsReady',
          'Available True MinimumReplicasAvailable',
          'Progressing False PodsReady',
          'Degraded True ScalingFailing',
        ],
      );
      assert.match(conditions[3]?.message ?? '', says);
    });
  }

  const silent: Record<string, readonly [facts: Facts, tellInMs: number | undefined]> = {
    'for a minute is told of later, as metrics of new pods take their time': [
      given(autoscaler(noMetrics, { lastTransitionTime: '2026-01-02T03:03:05.678Z' })),
      240_000,
    ],
    'while pods start is not told of': [given(autoscaler(noMetrics), starting), undefined],
    'as it is at zero is told in its own words': [
      given(autoscaler('scaling is disabled', { reason: 'ScalingDisabled' })),
      undefined,
    ],
    'no more is not told of': [given(autoscaler('', { status: 'True' })), undefined],
    'and is new is not told of': [
      given(
        ownedBy(appServer(), {
          apiVersion: 'autoscaling/v2',
          kind: 'HorizontalPodAutoscaler',
          metadata: { name: 'shop' },
        }),
      ),
      undefined,
    ],
  };
  for (const [name, [about, tellInMs]] of Object.entries(silent)) {
    test(name, () => {
      assert.equal(statusOf(about).conditions?.find(({ type }) => type === 'Degraded')?.status, 'False');
      assert.equal(scalingFailsIn(about), tellInMs);
    });
  }
});
