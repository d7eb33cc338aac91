// What the scheduler says of a pod that has no node, as a cause and what helps.
// https://github.com/kubernetes/kubernetes/tree/master/pkg/scheduler/framework/plugins
import { reasons, type AppServer, type Reason } from '../../api/index.ts';
import type { Facts } from '../model/facts.ts';
import type { PodView } from '../model/pod.ts';
import { isStuck, podsInQuestion } from '../model/rollout.ts';
import { quoted, type Problem } from './problem.ts';

type Spec = AppServer['spec'];

interface Obstacle {
  readonly test: RegExp;
  readonly reason: Reason;
  readonly remedy: string | ((spec: Spec) => string);
  /** Whether it stays, whatever nodes an autoscaler adds and whatever pods make room. */
  readonly stays?: true;
}

/** The cluster has the right nodes, and they are full. */
const full: readonly Obstacle[] = [
  {
    test: /Insufficient /,
    reason: reasons.InsufficientResources,
    remedy: 'lower spec.resources.requests or add nodes',
  },
  // Of which a node takes so many, whatever they request.
  { test: /Too many pods|exceed max volume count/, reason: reasons.InsufficientResources, remedy: 'add nodes' },
];

/** What keeps others from the nodes of the control plane, and comes with every obstacle on the other nodes. */
const controlPlane: Obstacle = {
  test: /untolerated taint(?:\(s\))? \{node-role\.kubernetes\.io\/(?:control-plane|master)\b/,
  reason: reasons.NoMatchingNode,
  remedy: 'add nodes, or remove the taint from a node',
};

/** The fields that demand a spread: those of the spec, or what only spec.podTemplate can have said. */
function spreadRemedy({ topology }: Spec): string {
  const demanded = (['zones', 'nodes'] as const).filter((one) => topology[one] === 'DoNotSchedule');
  const fields =
    demanded.length === 0
      ? 'whenUnsatisfiable in spec.podTemplate.spec.topologySpreadConstraints'
      : demanded.map((one) => `spec.topology.${one}`).join(' and ');
  return `set ${fields} to ScheduleAnyway, or add nodes`;
}

const others: readonly Obstacle[] = [
  {
    test: /didn't match Pod's node affinity\/selector|didn't satisfy plugin|node\(s\) didn't match the requested node name/,
    reason: reasons.NoMatchingNode,
    remedy: 'correct nodeSelector or affinity in spec.podTemplate.spec, or label a node accordingly',
  },
  {
    test: /untolerated taint(?!(?:\(s\))? \{(?:node-role\.kubernetes\.io\/(?:control-plane|master)\b|node\.(?:cloudprovider\.)?kubernetes\.io\/))/,
    reason: reasons.NoMatchingNode,
    remedy: 'add a toleration to spec.podTemplate.spec.tolerations, or remove the taint from a node',
  },
  // Kubernetes itself sets these on nodes in trouble, and takes them away after it.
  {
    test: /untolerated taint(?:\(s\))? \{node\.(?:cloudprovider\.)?kubernetes\.io\//,
    reason: reasons.Unschedulable,
    remedy: 'repair the nodes with these taints or add nodes',
  },
  {
    test: /topology spread constraints \(missing required label\)/,
    reason: reasons.Unschedulable,
    remedy: 'give the nodes the label of the topologyKey',
    stays: true,
  },
  { test: /topology spread constraints(?! \(missing)/, reason: reasons.Unschedulable, remedy: spreadRemedy },
  {
    test: /match pod anti-affinity rules/,
    reason: reasons.Unschedulable,
    remedy: 'relax podAntiAffinity in spec.podTemplate.spec.affinity, or add nodes',
  },
  {
    test: /existing pods anti-affinity rules/,
    reason: reasons.Unschedulable,
    remedy: 'relax podAntiAffinity of the pods that are on the nodes already, or add nodes',
  },
  {
    test: /pod affinity rules/,
    reason: reasons.Unschedulable,
    remedy: 'correct podAffinity in spec.podTemplate.spec.affinity',
  },
  { test: /free ports/, reason: reasons.Unschedulable, remedy: 'remove hostPort from spec.podTemplate, or add nodes' },
  { test: /were unschedulable/, reason: reasons.Unschedulable, remedy: 'uncordon a node or add nodes' },
  {
    test: /volume node affinity conflict|PersistentVolume's node affinity|no available volume zone/,
    reason: reasons.Unschedulable,
    remedy: 'use a volume that the nodes of the pod can reach, or add nodes where the volume is',
  },
  {
    test: /find available persistent volumes to bind/,
    reason: reasons.Unschedulable,
    remedy: 'create a PersistentVolume that fits the claim, or give the claim a storage class that makes one',
    stays: true,
  },
  {
    test: /enough free storage/,
    reason: reasons.Unschedulable,
    remedy: 'lower the storage that the claim requests, or add storage to the nodes',
    stays: true,
  },
  {
    test: /ReadWriteOncePod access mode/,
    reason: reasons.Unschedulable,
    remedy: 'set spec.rollout.strategy to Recreate and spec.replicas to 1, or use a claim with another access mode',
    stays: true,
  },
  { test: /no nodes available/, reason: reasons.Unschedulable, remedy: 'add nodes' },
];

interface ClaimTrouble {
  /** With the name of the claim. */
  readonly test: RegExp;
  readonly reason: Reason;
  readonly says: string;
  readonly state: Problem['state'];
}

const correctVolume = 'correct the volume that names it';

/** In this order: some end in "not found" too. */
const claimTroubles: readonly ClaimTrouble[] = [
  {
    test: /waiting for ephemeral volume controller to create the persistentvolumeclaim "([^"]+)"/,
    reason: reasons.VolumeClaimUnbound,
    says: 'has not been created yet for its ephemeral volume; the events of the pod show why (kubectl describe pod)',
    state: 'waiting',
  },
  {
    test: /persistentvolumeclaim "([^"]+)" bound to non-existent persistentvolume/,
    reason: reasons.VolumeClaimUnbound,
    says: `has lost its PersistentVolume, which does not exist; restore it, or delete and create the claim again`,
    state: 'stalled',
  },
  {
    test: /persistentvolumeclaim "([^"]+)" is being deleted/,
    reason: reasons.VolumeClaimNotFound,
    says: `is being deleted; create it again once it is gone, or ${correctVolume}`,
    state: 'stalled',
  },
  {
    test: /persistentvolumeclaim "([^"]+)" not found/,
    reason: reasons.VolumeClaimNotFound,
    says: `does not exist; create it in the namespace of the AppServer, or ${correctVolume}`,
    state: 'stalled',
  },
];

function claimProblem(message: string): Problem | undefined {
  for (const { test, reason, says, state } of claimTroubles) {
    const [, name] = test.exec(message) ?? [];
    if (name !== undefined) return { reason, cause: `PersistentVolumeClaim ${name} ${says}.`, state };
  }
  if (!/unbound immediate PersistentVolumeClaims/.test(message)) return undefined;
  return {
    reason: reasons.VolumeClaimUnbound,
    cause: `a PersistentVolumeClaim of the pod has no volume yet; its events show why (kubectl describe pvc).`,
    state: 'waiting',
  };
}

/** Those that say what to do, of all that the scheduler names. */
function decisive(obstacles: string): readonly Obstacle[] {
  const isNamed = ({ test }: Obstacle): boolean => test.test(obstacles);
  const fullness = full.find(isNamed);
  if (fullness !== undefined) return [fullness];
  const found = others.filter(isNamed);
  return found.length > 0 ? found : [controlPlane].filter(isNamed);
}

/** Until a pod has been without a node for the progress deadline, which Deployments have for rollouts alone. */
const patienceLeftMs = ({ createdAt }: PodView, { app, now }: Facts): number =>
  createdAt + app.spec.rollout.progressDeadlineSeconds * 1_000 - now.getTime();

const withoutNode = (facts: Facts): readonly PodView[] =>
  podsInQuestion(facts).filter((pod) => pod.unschedulable !== undefined);

/** An autoscaler adds nodes within minutes, and a pod that ends makes room: until the deadline it may pass by itself. */
function stateOf(found: readonly Obstacle[], facts: Facts): Problem['state'] {
  const stays = found.length > 0 && found.every((one) => one.stays === true);
  const isLate = isStuck(facts) || withoutNode(facts).some((pod) => patienceLeftMs(pod, facts) <= 0);
  return stays || isLate ? 'stalled' : 'failing';
}

/** @param message of the pod's condition PodScheduled */
function problemOf(message: string, facts: Facts): Problem {
  const claim = claimProblem(message);
  if (claim !== undefined) return claim;
  // What preemption could not do either is no cause of its own.
  const [obstacles = message] = message.split(/\.? (?:no new claims to deallocate, )?preemption:/);
  const found = decisive(obstacles);
  const [first, ...more] = new Set(found.map(({ reason }) => reason));
  const remedies = found
    .map(({ remedy }) => (typeof remedy === 'string' ? remedy : remedy(facts.app.spec)))
    .join('; or ');
  return {
    reason: first === undefined || more.length > 0 ? reasons.Unschedulable : first,
    cause: `no node fits the pod: ${quoted(obstacles)}${remedies === '' ? '' : `; ${remedies}`}.`,
    // Which nodes there are, and how many of them, changes with the same cause.
    key: remedies,
    state: stateOf(found, facts),
  };
}

/** What the scheduler says of the first pod that has no node, and all such pods. */
export function unschedulableProblem(
  facts: Facts,
): { readonly pods: readonly PodView[]; readonly problem: Problem } | undefined {
  const pods = withoutNode(facts);
  const [first] = pods;
  return first && { pods, problem: problemOf(first.unschedulable ?? '', facts) };
}

/** In so many milliseconds a pod has been without a node for too long; undefined where none is, or one is already. */
export function unschedulableStallsIn(facts: Facts): number | undefined {
  const waits = withoutNode(facts)
    .map((pod) => patienceLeftMs(pod, facts))
    .filter((ms) => ms > 0);
  return waits.length === 0 ? undefined : Math.min(...waits);
}
