import { describe } from 'node:test';
import { appServer } from '../../builders.ts';
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
  'no node has enough CPU, and the scheduler speaks of claims that nobody made': {
    given: unschedulable(
      '0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.',
    ),
    ready: false,
    reason: 'InsufficientResources',
    message:
      '1 of 1 pod: no node fits the pod: 0/2 nodes are available: 2 Insufficient cpu; lower spec.resources.requests or add nodes.',
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
    given: {
      app: appServer({ topology: { zones: 'DoNotSchedule', nodes: 'DoNotSchedule' } }),
      ...unschedulable("0/2 nodes are available: 2 node(s) didn't match pod topology spread constraints."),
    },
    ready: false,
    reason: 'Unschedulable',
    message:
      "1 of 1 pod: no node fits the pod: 0/2 nodes are available: 2 node(s) didn't match pod topology spread constraints; set spec.topology.zones and spec.topology.nodes to ScheduleAnyway, or add nodes.",
    alsoTrue: stalled,
  },
  'a spread that only spec.podTemplate demands cannot be had': {
    given: unschedulable("0/2 nodes are available: 2 node(s) didn't match pod topology spread constraints."),
    ready: false,
    reason: 'Unschedulable',
    message:
      "1 of 1 pod: no node fits the pod: 0/2 nodes are available: 2 node(s) didn't match pod topology spread constraints; set whenUnsatisfiable in spec.podTemplate.spec.topologySpreadConstraints to ScheduleAnyway, or add nodes.",
    alsoTrue: stalled,
  },
  'nodes lack the label that a spread goes by': {
    given: unschedulable(
      "0/2 nodes are available: 2 node(s) didn't match pod topology spread constraints (missing required label).",
    ),
    ready: false,
    reason: 'Unschedulable',
    message:
      "1 of 1 pod: no node fits the pod: 0/2 nodes are available: 2 node(s) didn't match pod topology spread constraints (missing required label); give the nodes the label of the topologyKey.",
    alsoTrue: stalled,
  },
  'the nodes have as many pods as they take': {
    given: unschedulable(
      '0/2 nodes are available: 2 Too many pods. preemption: not eligible due to preemptionPolicy=Never.',
    ),
    ready: false,
    reason: 'InsufficientResources',
    message: '1 of 1 pod: no node fits the pod: 0/2 nodes are available: 2 Too many pods; add nodes.',
    alsoTrue: stalled,
  },
  'the nodes are not ready': {
    given: unschedulable(
      '0/2 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.',
    ),
    ready: false,
    reason: 'Unschedulable',
    message:
      '1 of 1 pod: no node fits the pod: 0/2 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }; repair the nodes with these taints or add nodes.',
    alsoTrue: stalled,
  },
  'there is no node but those of the control plane': {
    given: unschedulable(
      '0/1 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }.',
    ),
    ready: false,
    reason: 'NoMatchingNode',
    message:
      '1 of 1 pod: no node fits the pod: 0/1 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }; add nodes, or remove the taint from a node.',
    alsoTrue: stalled,
  },
  'a volume is in another zone than the nodes': {
    given: unschedulable(
      '0/2 nodes are available: 1 node(s) had no available volume zone, 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }.',
    ),
    ready: false,
    reason: 'Unschedulable',
    message:
      '1 of 1 pod: no node fits the pod: 0/2 nodes are available: 1 node(s) had no available volume zone, 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }; use a volume that the nodes of the pod can reach, or add nodes where the volume is.',
    alsoTrue: stalled,
  },
  'no volume fits a claim that waits for its first consumer': {
    given: unschedulable("0/1 nodes are available: 1 node(s) didn't find available persistent volumes to bind."),
    ready: false,
    reason: 'Unschedulable',
    message:
      "1 of 1 pod: no node fits the pod: 0/1 nodes are available: 1 node(s) didn't find available persistent volumes to bind; create a PersistentVolume that fits the claim, or give the claim a storage class that makes one.",
    alsoTrue: stalled,
  },
  'a volume is for one pod alone, and the old pod has it': {
    given: unschedulable(
      '0/1 nodes are available: 1 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode.',
    ),
    ready: false,
    reason: 'Unschedulable',
    message:
      '1 of 1 pod: no node fits the pod: 0/1 nodes are available: 1 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode; set spec.rollout.strategy to Recreate and spec.replicas to 1, or use a claim with another access mode.',
    alsoTrue: stalled,
  },
  'a PersistentVolumeClaim is being deleted': {
    given: unschedulable('0/2 nodes are available: persistentvolumeclaim "data" is being deleted. preemption: none.'),
    ready: false,
    reason: 'VolumeClaimNotFound',
    message:
      '1 of 1 pod: PersistentVolumeClaim data is being deleted; create it again once it is gone, or correct the volume that names it.',
    alsoTrue: stalled,
  },
  'a PersistentVolumeClaim has lost its volume': {
    given: unschedulable(
      '0/2 nodes are available: persistentvolumeclaim "data" bound to non-existent persistentvolume "pv-1". not found.',
    ),
    ready: false,
    reason: 'VolumeClaimUnbound',
    message:
      '1 of 1 pod: PersistentVolumeClaim data has lost its PersistentVolume, which does not exist; restore it, or delete and create the claim again.',
    alsoTrue: stalled,
  },
  'the claim of an ephemeral volume is not there yet': {
    given: unschedulable(
      '0/2 nodes are available: waiting for ephemeral volume controller to create the persistentvolumeclaim "shop-x-data".',
    ),
    ready: false,
    reason: 'VolumeClaimUnbound',
    message:
      '1 of 1 pod: PersistentVolumeClaim shop-x-data has not been created yet for its ephemeral volume; the events of the pod show why (kubectl describe pod).',
    alsoTrue: moving,
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
