import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PodView } from '../../../src/operator/model/pod.ts';
import { appServer, facts, pod } from '../../builders.ts';
import { evicted, halfReady, moving, statusOf, struggling, testCases, withSidecar, type Case } from './situations.ts';

const over = (reason: string, message: string): PodView[] =>
  ['x', 'y', 'z'].map((name) => Object.assign(evicted(name, 1), { failure: { reason, message, at: undefined } }));

const cases: Record<string, Case> = {
  'a pod was evicted and its successor starts': {
    given: { children: [halfReady], pods: [evicted('x', 5), pod('a', { ready: true }), pod('b')] },
    ready: false,
    reason: 'PodsNotReady',
    message: '1 of 2 pods ready. Pod x is over: Evicted: The node was low on resource: memory.',
    alsoTrue: moving,
  },
  'a pod was evicted an hour ago and another one starts': {
    given: { children: [halfReady], pods: [evicted('x', 3_600), pod('a', { ready: true }), pod('b')] },
    ready: false,
    reason: 'PodsNotReady',
    message: '1 of 2 pods ready.',
    alsoTrue: moving,
  },
  'one pod after the other is rejected by its node': {
    given: {
      children: [halfReady],
      pods: over(
        'OutOfcpu',
        "Pod was rejected: Node didn't have enough resource: cpu, requested: 100, used: 3900, capacity: 4000",
      ),
    },
    ready: false,
    reason: 'PodsFailed',
    message:
      "One pod after the other fails: OutOfcpu: Pod was rejected: Node didn't have enough resource: cpu, requested: 100, used: 3900, capacity: 4000; lower spec.resources.requests or add nodes.",
    alsoTrue: struggling,
  },
  'one pod after the other is evicted': {
    given: { children: [halfReady], pods: [evicted('x', 9), evicted('y', 6), evicted('z', 3), pod('b')] },
    ready: false,
    reason: 'PodsFailed',
    message:
      'One pod after the other fails: Evicted: The node was low on resource: memory; raise spec.resources.requests.memory to what the pods use, or relieve the nodes.',
    alsoTrue: struggling,
  },
};

describe('conditions when', () => testCases(cases));

describe('what helps when one pod after the other', () => {
  const remedies: Record<string, readonly [reason: string, message: string, remedy: string]> = {
    'has written more than its containers may': [
      'Evicted',
      'Pod ephemeral local storage usage exceeds the total limit of containers 50Mi. ',
      "raise spec.resources.limits['ephemeral-storage'], of which the runtime itself uses 120 MB",
    ],
    'has a sidecar that has written more than it may': [
      'Evicted',
      'Container log exceeded its local ephemeral storage limit "50Mi". ',
      "set spec.podTemplate.spec.containers[log].resources.limits['ephemeral-storage'] higher",
    ],
    'has filled a volume': [
      'Evicted',
      'Usage of EmptyDir volume "cache" exceeds the limit "10Mi". ',
      'raise spec.volumes[cache].emptyDir.sizeLimit',
    ],
    'is on a node whose disk is full': [
      'Evicted',
      'The node was low on resource: ephemeral-storage. Threshold quantity: 4Gi, available: 3Gi. Container app was using 1Gi, request is 0, has larger consumption of ephemeral-storage. ',
      "raise spec.resources.requests['ephemeral-storage'] to what the pods use, or relieve the nodes",
    ],
    'wants a sysctl that the kubelet forbids': [
      'SysctlForbidden',
      'Pod was rejected: forbidden sysctl: "net.core.somaxconn" not allowlisted',
      'remove it from spec.podTemplate.spec.securityContext.sysctls, or have the kubelets allow it (--allowed-unsafe-sysctls)',
    ],
    'makes way for others': [
      'PreemptionByScheduler',
      'default-scheduler: preempting to accommodate a higher priority pod',
      'give the pods a higher spec.podTemplate.spec.priorityClassName, or add nodes',
    ],
    'is rejected by its node': [
      'UnexpectedAdmissionError',
      'Pod was rejected: Allocate failed due to requested number of devices unavailable for nvidia.com/gpu',
      'look after the nodes that the pods were on',
    ],
    'ends with its node': [
      'Terminated',
      'Pod was terminated in response to imminent node shutdown.',
      'look after the nodes that the pods were on',
    ],
  };
  const app = appServer({ ...withSidecar, volumes: [{ name: 'cache', emptyDir: { sizeLimit: '10Mi' } }] });
  for (const [name, [reason, message, remedy]] of Object.entries(remedies)) {
    test(name, () => {
      const [ready] = statusOf(facts({ app, children: [halfReady], pods: over(reason, message) })).conditions ?? [];
      assert.equal(ready?.reason, 'PodsFailed');
      assert.equal(ready.message.split('; ').at(-1), `${remedy}.`);
    });
  }
});
