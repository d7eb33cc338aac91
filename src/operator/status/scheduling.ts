// What the scheduler says of a pod that has no node, as a cause and what helps.
// https://github.com/kubernetes/kubernetes/tree/master/pkg/scheduler/framework/plugins
import { reasons } from '../../api/index.ts';
import { quoted, type Problem } from './problem.ts';

interface Obstacle {
  readonly test: RegExp;
  readonly remedy: string;
}

/** The cluster has the right nodes, and they are full. */
const full: Obstacle = {
  test: /Insufficient |Too many pods|exceed max volume count/,
  remedy: 'lower spec.resources.requests or add nodes',
};

/** No node is of the right kind. */
const unmatched: readonly Obstacle[] = [
  {
    test: /didn't match Pod's node affinity\/selector|didn't satisfy plugin|node\(s\) didn't match the requested node name/,
    remedy: 'correct nodeSelector or affinity in spec.podTemplate.spec, or label a node accordingly',
  },
  {
    test: /untolerated taint/,
    remedy: 'add a toleration to spec.podTemplate.spec.tolerations, or remove the taint from a node',
  },
];

const others: readonly Obstacle[] = [
  {
    test: /topology spread constraints/,
    remedy: 'set spec.topology.zones and spec.topology.nodes to ScheduleAnyway, or add nodes',
  },
  { test: /anti-affinity rules/, remedy: 'relax podAntiAffinity in spec.podTemplate.spec.affinity, or add nodes' },
  { test: /pod affinity rules/, remedy: 'correct podAffinity in spec.podTemplate.spec.affinity' },
  { test: /free ports/, remedy: 'remove hostPort from spec.podTemplate, or add nodes' },
  { test: /were unschedulable/, remedy: 'uncordon a node or add nodes' },
  {
    test: /volume node affinity conflict|unavailable zone/,
    remedy: 'use a volume that the nodes of the pod can reach, or add nodes where the volume is',
  },
  { test: /no nodes available/, remedy: 'add nodes' },
];

function claimProblem(message: string): Problem | undefined {
  const missing = /persistentvolumeclaim "([^"]+)" (?:not found|is being deleted)/.exec(message);
  if (missing !== null) {
    const remedy = 'create it in the namespace of the AppServer, or correct the volume that names it';
    return {
      reason: reasons.VolumeClaimNotFound,
      cause: `PersistentVolumeClaim ${missing[1] ?? ''} does not exist; ${remedy}.`,
      state: 'stalled',
    };
  }
  if (!/unbound immediate PersistentVolumeClaims/.test(message)) return undefined;
  return {
    reason: reasons.VolumeClaimUnbound,
    cause: `a PersistentVolumeClaim of the pod has no volume yet; its events show why (kubectl describe pvc).`,
    state: 'waiting',
  };
}

/** @param message of the pod's condition PodScheduled */
export function unschedulableProblem(message: string): Problem {
  const claim = claimProblem(message);
  if (claim !== undefined) return claim;
  // What preemption could not do either is no cause of its own.
  const [obstacles = message] = message.split(/\.? preemption:/);
  const found = [full, ...unmatched, ...others].filter(({ test }) => test.test(obstacles));
  // Taints of control planes come with every shortage of the other nodes.
  const decisive = found.includes(full) ? [full] : found;
  const isUnmatched = decisive.length > 0 && decisive.every((one) => unmatched.includes(one));
  const remedies = decisive.map(({ remedy }) => remedy).join('; or ');
  return {
    reason: found.includes(full)
      ? reasons.InsufficientResources
      : isUnmatched
        ? reasons.NoMatchingNode
        : reasons.Unschedulable,
    cause: `no node fits the pod: ${quoted(obstacles)}${remedies === '' ? '' : `; ${remedies}`}.`,
    // Which nodes there are, and how many of them, changes with the same cause.
    key: decisive.map(({ remedy }) => remedy).join(),
    state: 'stalled',
  };
}
