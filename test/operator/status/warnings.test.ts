import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { report } from '../../../src/operator/status/conditions.ts';
import { appServer, facts, pod, type Given } from '../../builders.ts';
import {
  deployment,
  starting,
  halfReady,
  surging,
  oldPods,
  refused,
  waiting,
  ended,
  unschedulable,
  evicted,
} from './situations.ts';

describe('warnings', () => {
  const warned = (given: Given): readonly string[] =>
    report(facts(given)).warnings.map(({ reason, note }) => `${reason} ${note}`);

  const quiet: Record<string, Given> = {
    'a rollout': { children: [surging], pods: oldPods },
    'more replicas, whose pods boot slowly': {
      children: [
        deployment({ replicas: 10, updatedReplicas: 10, readyReplicas: 2, availableReplicas: 2 }, { replicas: 10 }),
      ],
      pods: [...oldPods, ...Array.from({ length: 8 }, (_, i) => pod(`p${i}`))],
    },
    'a pod that was evicted': { children: [halfReady], pods: [evicted('x', 5), pod('a', { ready: true }), pod('b')] },
    'a pause': {
      app: appServer({ rollout: { paused: true } }),
      children: [deployment({ replicas: 2, updatedReplicas: 0, readyReplicas: 2 })],
    },
    'a readiness gate that takes its time': {
      children: [starting],
      pods: [pod('a', { unmetGates: ['example.com/registered'] })],
    },
  };
  for (const [name, given] of Object.entries(quiet)) {
    test(`are none for ${name}`, () => assert.deepEqual(warned(given), []));
  }

  const pull = (message: string): Given => ({ children: [starting], pods: [waiting('ErrImagePull', message)] });
  const same: Record<string, readonly [Given, Given]> = {
    'more pods have it': [
      pull('not found'),
      { children: [starting], pods: [waiting('ErrImagePull', 'not found'), pod('b')] },
    ],
    'a connection has another port': [
      pull('read tcp 10.0.0.1:43210->10.0.0.2:5000: connection reset'),
      pull('read tcp 10.0.0.1:40001->10.0.0.2:5000: connection reset'),
    ],
    'kubelet waits before it tries again': [
      pull('not found'),
      { children: [starting], pods: [waiting('ImagePullBackOff', 'Back-off pulling image "x"')] },
    ],
    'a quota counts otherwise': [
      {
        children: [
          refused(
            'pods "shop-a1" is forbidden: exceeded quota: small, requested: pods=1, used: pods=3, limited: pods=3',
          ),
        ],
      },
      {
        children: [
          refused(
            'pods "shop-b2" is forbidden: exceeded quota: small, requested: pods=1, used: pods=4, limited: pods=3',
          ),
        ],
      },
    ],
    'a node more does not fit': [
      unschedulable('0/2 nodes are available: 2 Insufficient memory.'),
      unschedulable('0/3 nodes are available: 3 Insufficient memory.'),
    ],
  };
  for (const [name, [one, other]] of Object.entries(same)) {
    test(`have the same key when ${name}`, () => {
      const [first, second] = [one, other].map((given) => report(facts(given)).warnings);
      assert.equal(first?.length, 1);
      assert.deepEqual(
        first?.map(({ reason, key }) => [reason, key]),
        second?.map(({ reason, key }) => [reason, key]),
      );
    });
  }

  test('leave out the number of pods, which changes', () => {
    assert.deepEqual(warned({ children: [starting], pods: [ended(4, 'Error', 'APP_NOT_FOUND: no module x.')] }), [
      'PodsCrashing APP_NOT_FOUND: no module x.',
    ]);
  });
});
