// What stands in the way of an AppServer's pods: checks over Facts, pure, the first that finds something wins. Each tells
// the object, the cause and, where there is one, the remedy.
import { names, reasons, type Reason } from '../../api/index.ts';
import type { Facts } from '../model/facts.ts';
import { deploymentCondition, stuckRollout } from '../model/rollout.ts';
import type { ContainerView, PodView } from '../model/pod.ts';

export interface Problem {
  readonly reason: Reason;
  readonly message: string;
  /** Whether only a change of the AppServer or of the cluster can end it. */
  readonly stalled: boolean;
}

type Check = (facts: Facts) => Problem | undefined;

const livePods = (facts: Facts): readonly PodView[] => facts.pods.filter((pod) => !pod.terminating);

/** `2 of 3 pods` */
function howMany(facts: Facts, some: readonly PodView[]): string {
  const all = livePods(facts).length;
  return `${some.length} of ${all} ${all === 1 ? 'pod' : 'pods'}`;
}

/** Pods of which a container fulfils `test`, with the first such container. */
function affected(
  facts: Facts,
  test: (container: ContainerView) => boolean,
): { pods: PodView[]; container: ContainerView } | undefined {
  const pods = livePods(facts).filter((pod) => !pod.ready && pod.containers.some(test));
  const container = pods[0]?.containers.find(test);
  return container && { pods, container };
}

const imagePullReasons = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'RegistryUnavailable',
]);
const configReasons = new Set(['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError']);

const imagePullFailed: Check = (facts) => {
  const found = affected(facts, (container) => imagePullReasons.has(container.waiting?.reason ?? ''));
  if (found === undefined) return undefined;
  const { pods, container } = found;
  const [field, remedy] =
    container.name === names.initContainerName
      ? ["the operator's --runtime-image", 'correct it, or make the image reachable from the nodes']
      : ['spec.image', 'correct it, or add the pull secret to spec.imagePullSecrets'];
  const cause = shorten(container.waiting?.message ?? '');
  return {
    reason: reasons.ImagePullFailed,
    message: `${howMany(facts, pods)}: ${container.waiting?.reason ?? ''}: ${container.image}: ${cause}; see ${field}: ${remedy}.`,
    stalled: true,
  };
};

const containerConfigInvalid: Check = (facts) => {
  const found = affected(facts, (container) => configReasons.has(container.waiting?.reason ?? ''));
  if (found === undefined) return undefined;
  const cause = shorten(found.container.waiting?.message ?? '');
  return {
    reason: reasons.ContainerConfigInvalid,
    message: `${howMany(facts, found.pods)}: container ${found.container.name} cannot be made: ${cause}; see spec.env, spec.envFrom and spec.security.`,
    stalled: true,
  };
};

const outOfMemory: Check = (facts) => {
  const found = affected(facts, (container) => container.ended?.reason === 'OOMKilled');
  if (found === undefined) return undefined;
  return {
    reason: reasons.OutOfMemory,
    message: `${howMany(facts, found.pods)}: container ${found.container.name} was killed at its memory limit; raise spec.resources.limits.memory, or lower spec.workers.count.`,
    stalled: false,
  };
};

/** The first line of the termination message is the runtime's own sentence, remedy included. */
const podsCrashing: Check = (facts) => {
  const found = affected(facts, (container) => container.ended !== undefined && container.ended.exitCode !== 0);
  if (found?.container.ended === undefined) return undefined;
  const { exitCode, reason, message } = found.container.ended;
  const [sentence = ''] = message.split('\n');
  const told =
    sentence === ''
      ? `container ${found.container.name} ended with exit code ${exitCode} (${reason}); its log shows why.`
      : sentence;
  return { reason: reasons.PodsCrashing, message: `${howMany(facts, found.pods)}: ${told}`, stalled: false };
};

const unschedulable: Check = (facts) => {
  const pods = livePods(facts).filter((pod) => pod.unschedulable !== undefined);
  if (pods.length === 0) return undefined;
  return {
    reason: reasons.Unschedulable,
    message: `${howMany(facts, pods)}: no node takes the pod: ${shorten(pods[0]?.unschedulable ?? '')}; lower spec.resources.requests or add nodes.`,
    stalled: true,
  };
};

/** The ReplicaSet's events say the same; the Deployment carries their message as a condition. */
const podsRefused: Check = (facts) => {
  const failure = deploymentCondition(facts, 'ReplicaFailure');
  if (failure?.status !== 'True') return undefined;
  const cause = shorten(failure.message);
  if (cause.includes('exceeded quota') || cause.includes('failed quota')) {
    return {
      reason: reasons.QuotaExceeded,
      message: `The namespace's quota refuses pods: ${cause}; raise the ResourceQuota, or lower spec.replicas or spec.resources.`,
      stalled: true,
    };
  }
  if (cause.includes('violates PodSecurity')) {
    return {
      reason: reasons.PodSecurityViolated,
      message: `The namespace's Pod Security level refuses pods: ${cause}; change what it names in the spec, or the level of the namespace.`,
      stalled: true,
    };
  }
  return { reason: reasons.PodsRefused, message: `Pods are refused: ${cause}.`, stalled: true };
};

const rolloutStuck: Check = (facts) => {
  const stuck = stuckRollout(facts);
  if (stuck === undefined) return undefined;
  return {
    reason: reasons.RolloutStuck,
    message: `The rollout made no progress within its deadline: ${shorten(stuck.message)}; the pods' events and logs show why.`,
    stalled: true,
  };
};

const kindMissing: Check = ({ app, served }) => {
  if (app.spec.httpRoute === undefined || served.has('HTTPRoute')) return undefined;
  return {
    reason: reasons.KindMissing,
    message:
      'spec.httpRoute needs the Gateway API, which this cluster does not know; install its CustomResourceDefinitions, which is noticed, or use spec.ingress.',
    stalled: true,
  };
};

/** What pods serve in spite of, told while they are ready. */
export const workersFailing: Check = ({ pods, workers }) => {
  const live = pods.filter((pod) => !pod.terminating);
  const failing = live.flatMap(({ name, ready }) => {
    const view = workers.get(name);
    return ready && view?.lacking === true ? [{ name, view }] : [];
  });
  const [first] = failing;
  if (first === undefined) return undefined;
  const { name, view } = first;
  const last = view.lastFailure === undefined ? '' : `, the last failure is ${view.lastFailure}`;
  return {
    reason: reasons.WorkersFailing,
    message: `${failing.length} of ${live.length} ${live.length === 1 ? 'pod' : 'pods'}: ${view.ready} of ${view.desired} workers ready in ${name}${last}; its log shows why.`,
    stalled: false,
  };
};

/** Nearest to the cause first. */
const checks: readonly Check[] = [
  podsRefused,
  imagePullFailed,
  containerConfigInvalid,
  outOfMemory,
  podsCrashing,
  unschedulable,
  rolloutStuck,
  kindMissing,
];

function shorten(text: string): string {
  const line = text.trim().replaceAll(/\s+/g, ' ').replace(/\.$/, '');
  return line.length > 400 ? `${line.slice(0, 400)}…` : line;
}

export function findProblem(facts: Facts): Problem | undefined {
  for (const check of checks) {
    const problem = check(facts);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
