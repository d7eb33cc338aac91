// What stands in the way of an AppServer's pods: checks over Facts, pure, the first that finds something wins. Each names
// the object, the cause and, where there is one, the remedy.
import { reasons } from '../../api/index.ts';
import type { Facts } from '../model/facts.ts';
import type { ContainerView, PodView } from '../model/pod.ts';
import { fieldOf } from '../model/unstructured.ts';
import { isSettled, podsInQuestion, rollout, stuckRollout } from '../model/rollout.ts';
import { containerFields } from './containers.ts';
import { cannotStart, hasOwnWords, imageProblem, lacksImage, startProblem } from './container-start.ts';
import { missingReference } from './missing.ts';
import { whyNotReady } from './not-ready.ts';
import { podCreationFailed } from './pod-creation.ts';
import { podsFailed } from './pod-failures.ts';
import { quoted, type Problem } from './problem.ts';
import { unschedulableProblem } from './scheduling.ts';

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
  const pods = podsInQuestion(facts).filter((pod) => !pod.ready && pod.containers.some(test));
  const container = pods[0]?.containers.find(test);
  return container && { pods, container };
}

const imagePullFailed: Check = (facts) => {
  const found = affected(facts, lacksImage);
  return found && { affected: howMany(facts, found.pods), ...imageProblem(found.container, facts) };
};

const containerConfigInvalid: Check = (facts) => {
  const found = affected(facts, cannotStart);
  return found && { affected: howMany(facts, found.pods), ...startProblem(found.container, facts) };
};

/** After so long kubelet forgets how often a container has ended. */
const recoveredMs = 10 * 60_000;

/** Whether a container has run for so long that how it ended before is not why its pod is not ready. */
const hasRecovered = ({ runningSince }: ContainerView, { now }: Facts): boolean =>
  runningSince !== undefined && now.getTime() - runningSince > recoveredMs;

const outOfMemory: Check = (facts) => {
  const found = affected(facts, (one) => one.ended?.reason === 'OOMKilled' && !hasRecovered(one, facts));
  if (found === undefined) return undefined;
  const { name } = found.container;
  return {
    reason: reasons.OOMKilled,
    affected: howMany(facts, found.pods),
    cause: `container ${name} was killed at its memory limit; ${containerFields(facts.app.spec, name).memory}.`,
    state: 'failing',
  };
};

/** Of the runtime's own sentence. */
const mostCharacters = 1_000;

/** With these kubelet says that it has lost a container together with its node, and does not know how it ended. */
const lostWithNode = new Set(['Unknown', 'ContainerStatusUnknown']);

/** Starting again after one exit is what a restart of the node looks like too, and init containers end with code 0. */
function isCrashing({ ended, down, restarts, waiting }: ContainerView): boolean {
  if (ended === undefined || lostWithNode.has(ended.reason)) return false;
  return ended.exitCode === 0 ? waiting?.reason === 'CrashLoopBackOff' : down || restarts > 1;
}

/** Signals by the exit codes of programs that they end. Kubelet sends them when a probe has failed, TERM first. */
const signals: ReadonlyMap<number, string> = new Map([
  [137, 'SIGKILL'],
  [143, 'SIGTERM'],
]);

/** Of a container that ended without a word. */
function silentEnd(exited: string, exitCode: number, memory: string): string {
  if (exitCode === 0) {
    return `${exited} again and again, by itself or after a probe that failed, and is to run on; its log and the events of the pod show why.`;
  }
  const signal = signals.get(exitCode);
  if (signal === undefined) return `${exited}; its log shows why.`;
  return `${exited}: ${signal} ended it, as after a probe that failed; its log and the events of the pod show why; if it is too slow, ${memory}.`;
}

/** The first line of the termination message is the runtime's own sentence, remedy included. */
const podsCrashing: Check = (facts) => {
  const found = affected(facts, (one) => isCrashing(one) && !hasRecovered(one, facts));
  if (found?.container.ended === undefined) return undefined;
  const { exitCode, reason, message } = found.container.ended;
  const { name } = found.container;
  const [sentence = ''] = message.split('\n');
  const exited = `container ${name} exited with code ${exitCode}${reason === '' ? '' : ` (${reason})`}`;
  const cause =
    sentence === ''
      ? silentEnd(exited, exitCode, containerFields(facts.app.spec, name).memory)
      : hasOwnWords(found.container)
        ? `${quoted(sentence, mostCharacters)}.`
        : `${exited}: ${quoted(sentence)}; its log shows more.`;
  return { reason: reasons.PodsCrashing, affected: howMany(facts, found.pods), cause, state: 'failing' };
};

const unschedulable: Check = (facts) => {
  const found = unschedulableProblem(facts);
  return found && { affected: howMany(facts, found.pods), ...found.problem };
};

const rolloutPaused: Check = (facts) => {
  const { wanted, updated, observed } = rollout(facts);
  if (facts.app.spec.rollout.paused !== true || !observed || updated >= wanted) return undefined;
  return {
    reason: reasons.RolloutPaused,
    cause: `A change of the pods waits, as spec.rollout.paused is true: ${updated} of ${wanted} pods have it; remove spec.rollout.paused to roll it out.`,
    state: 'suspended',
  };
};

const schedulingGated: Check = (facts) => {
  const pods = podsInQuestion(facts).filter((pod) => pod.schedulingGates.length > 0);
  const [first] = pods;
  if (first === undefined) return undefined;
  return {
    reason: reasons.SchedulingGated,
    affected: howMany(facts, pods),
    cause: `scheduling gate ${first.schedulingGates.join(', ')} keeps the pod from every node; check the controller that removes it, or what adds it to pods: spec.podTemplate.spec.schedulingGates or an admission webhook.`,
    state: 'waiting',
  };
};

const readinessGateNotMet: Check = (facts) => {
  const pods = podsInQuestion(facts).filter((pod) => !pod.ready && pod.unmetGates.length > 0);
  const [first] = pods;
  if (first === undefined) return undefined;
  const gates = first.unmetGates.join(', ');
  return {
    reason: reasons.ReadinessGateNotMet,
    affected: howMany(facts, pods),
    cause: `all containers are ready, but readiness gate ${gates} is not met; check the controller that sets this pod condition, or remove the gate from spec.podTemplate.spec.readinessGates.`,
    state: 'waiting',
  };
};

/** That takes moments, unless there is no such scheduler. */
function notLookedAt(facts: Facts): Pick<Problem, 'affected' | 'cause'> | undefined {
  const pods = podsInQuestion(facts).filter((pod) => pod.ignored);
  if (pods.length === 0) return undefined;
  const template = facts.app.spec.podTemplate?.spec;
  const given = template === undefined ? undefined : fieldOf(template, 'schedulerName');
  const remedy =
    typeof given === 'string'
      ? `correct spec.podTemplate.spec.schedulerName, which is ${quoted(given)}, or start that scheduler`
      : "check the cluster's scheduler";
  return { affected: howMany(facts, pods), cause: `no scheduler has looked at the pod; ${remedy}.` };
}

const deadlineExceeded: Check = (facts) => {
  const stuck = stuckRollout(facts);
  if (stuck === undefined) return undefined;
  const waiting = schedulingGated(facts) ?? readinessGateNotMet(facts) ?? notLookedAt(facts);
  return {
    reason: reasons.ProgressDeadlineExceeded,
    ...(waiting?.affected !== undefined && { affected: waiting.affected }),
    cause:
      waiting?.cause ??
      `The rollout has made no progress within ${facts.app.spec.rollout.progressDeadlineSeconds} s; the events and logs of the pods show why.${whyNotReady(facts)}`,
    state: 'stalled',
  };
};

const crdNotInstalled: Check = ({ app, served }) => {
  if (app.spec.httpRoute === undefined || served.has('HTTPRoute')) return undefined;
  return {
    reason: reasons.CRDNotInstalled,
    cause:
      'spec.httpRoute requires the Gateway API, whose CustomResourceDefinitions are not installed in this cluster; install them, or use spec.ingress.',
    state: 'stalled',
  };
};

/** A HorizontalPodAutoscaler leaves what has been scaled to zero alone. */
const scalingDisabled: Check = (facts) => {
  const { name, namespace } = facts.app.metadata;
  const { autoscaling } = facts.app.spec;
  const { wanted, observed } = rollout(facts);
  if (autoscaling === undefined || wanted > 0 || !observed) return undefined;
  return {
    reason: reasons.ScalingDisabled,
    cause: `The Deployment has been scaled to zero, which disables its HorizontalPodAutoscaler; scale it up with kubectl scale deployment ${name} -n ${namespace} --replicas=${autoscaling.minReplicas}.`,
    state: 'stalled',
  };
};

/** Pods that serve with fewer workers than desired are ready all the same. */
export const workersFailing: Check = (facts) => {
  const { workers } = facts;
  const failing = livePods(facts).filter(({ name, ready }) => ready && workers.get(name)?.lacking === true);
  const [name = ''] = failing.map((pod) => pod.name);
  const view = workers.get(name);
  if (view === undefined) return undefined;
  const last = view.lastFailure === undefined ? '' : `, the last failure is ${view.lastFailure}`;
  return {
    reason: reasons.WorkersFailing,
    affected: howMany(facts, failing),
    cause: `${view.ready} of ${view.desired} workers ready in ${name}${last}; its log shows why.`,
    key: view.lastFailure ?? '',
    state: 'failing',
  };
};

/** About pods that are not there or not ready, nearest to the cause first: nothing of it matters once they all are. */
const podChecks: readonly Check[] = [
  podCreationFailed,
  imagePullFailed,
  containerConfigInvalid,
  missingReference,
  outOfMemory,
  podsCrashing,
  unschedulable,
  podsFailed,
  rolloutPaused,
  deadlineExceeded,
  schedulingGated,
  readinessGateNotMet,
];

const otherChecks: readonly Check[] = [crdNotInstalled, scalingDisabled];

export function findProblem(facts: Facts): Problem | undefined {
  for (const check of isSettled(facts) ? otherChecks : [...podChecks, ...otherChecks]) {
    const problem = check(facts);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
