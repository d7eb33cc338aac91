import { describe } from 'node:test';
import { unschedulable, moving, stalled, testCases, type Case } from './situations.ts';

const cases: Record<string, Case> = {
  'no node has room for a pod': {
    given: unschedulable(
      '0/2 nodes are available: 2 Insufficient memory. preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.',
    ),
    ready: false,
    reason: 'InsufficientResources',
    message:
      '1 of 1 pod: no node fits the pod: 0/2 nodes are available: 2 Insufficient memory; lower spec.resources.requests or add nodes.',
    alsoTrue: stalled,
  },
  'no node matches the node selector': {
    given: unschedulable(
      "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.",
    ),
    ready: false,
    reason: 'NoMatchingNode',
    message:
      "1 of 1 pod: no node fits the pod: 0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector; correct nodeSelector or affinity in spec.podTemplate.spec, or label a node accordingly.",
    alsoTrue: stalled,
  },
  'no toleration for the taints of the nodes': {
    given: unschedulable('0/1 nodes are available: 1 node(s) had untolerated taint {dedicated: db}.'),
    ready: false,
    reason: 'NoMatchingNode',
    message:
      '1 of 1 pod: no node fits the pod: 0/1 nodes are available: 1 node(s) had untolerated taint {dedicated: db}; add a toleration to spec.podTemplate.spec.tolerations, or remove the taint from a node.',
    alsoTrue: stalled,
  },
  'a demanded spread over zones cannot be had': {
    given: unschedulable("0/2 nodes are available: 2 node(s) didn't match pod topology spread constraints."),
    ready: false,
    reason: 'Unschedulable',
    message:
      "1 of 1 pod: no node fits the pod: 0/2 nodes are available: 2 node(s) didn't match pod topology spread constraints; set spec.topology.zones and spec.topology.nodes to ScheduleAnyway, or add nodes.",
    alsoTrue: stalled,
  },
  'a PersistentVolumeClaim is missing': {
    given: unschedulable('0/2 nodes are available: persistentvolumeclaim "data" not found. preemption: none.'),
    ready: false,
    reason: 'VolumeClaimNotFound',
    message:
      '1 of 1 pod: PersistentVolumeClaim data does not exist; create it in the namespace of the AppServer, or correct the volume that names it.',
    alsoTrue: stalled,
  },
  'a PersistentVolumeClaim waits for its volume': {
    given: unschedulable('0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims.'),
    ready: false,
    reason: 'VolumeClaimUnbound',
    message:
      '1 of 1 pod: a PersistentVolumeClaim of the pod has no volume yet; its events show why (kubectl describe pvc).',
    alsoTrue: moving,
  },
};

describe('conditions when a pod has no node', () => testCases(cases));
