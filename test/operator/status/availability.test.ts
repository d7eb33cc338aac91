import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { KubeObject } from '../../../src/kube/index.ts';
import { appServer, facts, pod } from '../../builders.ts';
import { statusOf, deployment, surging, oldPods } from './situations.ts';

describe('Available', () => {
  const was = (availableReplicas: number, status: 'True' | 'False' = 'True'): object => ({
    status: {
      availableReplicas,
      conditions: [
        { type: 'Available', status, reason: 'X', message: 'x', lastTransitionTime: '2026-01-01T00:00:00Z' },
      ],
    },
  });
  const pods = (wanted: number, available: number): KubeObject =>
    deployment(
      { replicas: wanted, updatedReplicas: wanted, readyReplicas: available, availableReplicas: available },
      { replicas: wanted },
    );
  const before: Record<string, readonly [available: boolean, spec: object, rest: object, child: KubeObject]> = {
    'is true when all pods serve': [true, {}, {}, pods(2, 2)],
    'is true while one of two pods is replaced, as evictions may take one': [true, {}, {}, pods(2, 1)],
    'is false when the only pod is gone': [false, {}, {}, pods(1, 0)],
    'is false before the first pod serves': [false, {}, {}, pods(2, 0)],
    'is false when more are missing than evictions may take': [false, {}, {}, pods(10, 8)],
    'is true as far as spec.disruption allows': [true, { disruption: { maxUnavailable: '20%' } }, {}, pods(10, 8)],
    'is true as far as spec.rollout allows': [true, { rollout: { maxUnavailable: 2 } }, {}, pods(10, 8)],
    'is false below the minimum of spec.disruption': [false, { disruption: { minAvailable: 2 } }, {}, pods(2, 1)],
    'is false below half of three pods, which are two for evictions': [
      false,
      { disruption: { minAvailable: '50%' } },
      {},
      pods(3, 1),
    ],
    'is true as far as a quarter of two pods allows, which is one for evictions': [
      true,
      { disruption: { maxUnavailable: '25%' } },
      {},
      pods(2, 1),
    ],
    'is false where a quarter of two pods is none for rollouts': [
      false,
      { disruption: { maxUnavailable: 0 }, rollout: { maxUnavailable: '25%' } },
      {},
      pods(2, 1),
    ],
    'stays true while pods are added': [true, {}, was(2), pods(10, 2)],
    'stays true while more and more of them serve': [true, {}, was(4), pods(10, 5)],
    'becomes false when one of those that serve is lost meanwhile': [false, {}, was(4), pods(10, 3)],
    'does not become true by adding pods': [false, {}, was(1, 'False'), pods(10, 1)],
    'is true when no pods are wanted': [true, {}, {}, pods(0, 0)],
    'is true when fewer are wanted than serve': [true, {}, {}, pods(2, 10)],
  };
  for (const [name, [available, spec, rest, child]] of Object.entries(before)) {
    test(name, () => {
      const { conditions = [] } = statusOf(facts({ app: appServer(spec, rest), children: [child] }));
      const found = conditions.find(({ type }) => type === 'Available');
      assert.equal(found?.status, available ? 'True' : 'False', found?.message ?? '');
    });
  }

  test('says how many pods serve, and of which revision', () => {
    const given = { children: [surging], pods: [...oldPods, pod('new', { revision: 'new', createdAt: 2 })] };
    const { conditions = [] } = statusOf(facts(given));
    const found = conditions.find(({ type }) => type === 'Available');
    assert.equal(found?.message, '2 of 2 pods are available. 2 pods of the previous revision still serve.');
  });
});
