// Facts → the status of the AppServer, pure.
import {
  isScaledOnDeployment,
  names,
  reasons,
  statusSchema,
  type AppServerStatus,
  type Condition,
  type Reason,
} from '../../api/index.ts';
import type { KubeObject } from '../../kube/objects.ts';
import type { Facts } from '../model/facts.ts';
import { isSettled, oldPodsServing, rollout } from '../model/rollout.ts';
import { counted, totalRestarts, type WorkerView } from '../model/worker-status.ts';
import { availability } from './availability.ts';
import { whyNotReady } from './not-ready.ts';
import { lastFailure } from './pod-failures.ts';
import { keyOf, messageOf, type Problem } from './problem.ts';
import { findProblem, workersFailing } from './problems.ts';
import { scalingFailing } from './scaling.ts';
import { summaryOf } from './summary.ts';

/** Of a message: the API server would reject a status with a longer one than its schema allows. */
const mostCharacters = 4_096;

const bounded = (message: string): string =>
  message.length <= mostCharacters ? message : `${message.slice(0, mostCharacters - 1)}…`;

/** For those who have scaled by hand and wait for it. */
const byAutoscaler = ' The autoscaler sets their number; spec.replicas is only the initial one.';

/** What the conditions Ready, Progressing, Degraded, Reconciling and Stalled have in common. */
interface Verdict {
  readonly ready: boolean;
  readonly progressing: boolean;
  readonly degraded: boolean;
  readonly stalled: boolean;
  readonly reason: Reason;
  readonly message: string;
}

const numberOfPods = (count: number): string => `${count} ${count === 1 ? 'pod' : 'pods'}`;

/** That a new revision has a problem is no outage: its pods take nothing from those of the old one. */
function stillServing(facts: Facts): string {
  const old = oldPodsServing(facts);
  return old === 0 ? '' : ` ${numberOfPods(old)} of the previous revision still ${old === 1 ? 'serves' : 'serve'}.`;
}

function verdictOf(problem: Problem, facts: Facts): Verdict {
  const { state, reason } = problem;
  return {
    ready: false,
    progressing: state === 'failing' || state === 'waiting',
    degraded: state === 'failing' || state === 'stalled',
    stalled: state === 'stalled' || state === 'suspended',
    reason,
    message: `${messageOf(problem)}${stillServing(facts)}`,
  };
}

/** What says that no pods are desired. */
const zeroOf = ({ app }: Facts): string =>
  app.spec.replicas === 0 ? 'spec.replicas' : "the Deployment's spec.replicas";

function verdict(facts: Facts, problem: Problem | undefined): Verdict {
  if (problem !== undefined) return verdictOf(problem, facts);
  const { wanted, ready, updated, exists } = rollout(facts);
  if (isSettled(facts)) {
    const { workers, rollout: how } = facts.app.spec;
    const scaled = isScaledOnDeployment(facts.app.spec) ? byAutoscaler : '';
    const paused = how.paused === true ? ' Rollouts are paused.' : '';
    const [reason, message] =
      wanted === 0
        ? [reasons.ScaledToZero, `No pods are desired, as ${zeroOf(facts)} is 0.${paused}`]
        : [
            reasons.PodsReady,
            `${ready} of ${numberOfPods(wanted)} ready, ${workersEach(workers.count)}.${scaled}${paused}`,
          ];
    return { ready: true, progressing: false, degraded: false, stalled: false, reason, message };
  }
  const isRolling = updated < wanted || exists > wanted;
  const pods = `${ready} of ${numberOfPods(wanted)} ready`;
  const how = isRolling ? `${updated} of ${numberOfPods(wanted)} updated, ${ready} ready.` : `${pods}.`;
  return {
    ready: false,
    progressing: true,
    degraded: false,
    stalled: false,
    reason: isRolling ? reasons.RollingOut : reasons.PodsNotReady,
    message: `${how}${stillServing(facts)}${lastFailure(facts)}${whyNotReady(facts)}`,
  };
}

/** `before` and its time, as long as the condition stays what it was. */
function transitionTime(before: readonly Condition[] | undefined, type: string, status: string, now: Date): string {
  const same = before?.find((one) => one.type === type && one.status === status);
  return same?.lastTransitionTime ?? now.toISOString().replace(/\.\d+Z$/, 'Z');
}

function condition(
  { app, now }: Facts,
  type: string,
  on: boolean,
  { reason, message }: Pick<Verdict, 'reason' | 'message'>,
): Condition {
  const status = on ? 'True' : 'False';
  return {
    type,
    status,
    reason,
    message: bounded(message),
    lastTransitionTime: transitionTime(app.status?.conditions, type, status, now),
    observedGeneration: app.metadata.generation,
  };
}

function availableCondition(facts: Facts): Condition {
  const { isAvailable, available, enough, wanted } = availability(facts);
  const [reason, least] = isAvailable
    ? [reasons.MinimumReplicasAvailable, '']
    : [reasons.MinimumReplicasUnavailable, `; at least ${enough} must be`];
  const verb = available === 1 ? 'is' : 'are';
  const message = `${available} of ${numberOfPods(wanted)} ${verb} available${least}.${stillServing(facts)}`;
  return condition(facts, 'Available', isAvailable, { reason, message });
}

/** Status of a stored resource that this operator cannot read, since its schema is another. */
export function unreadableReport(object: KubeObject, why: string, now: Date): Report {
  const before = statusSchema.safeParse(object['status']).data?.conditions;
  const observedGeneration = object.metadata.generation ?? 0;
  const message = `The stored resource does not match this operator's schema: ${why}; correct these fields, or install the CRD of this operator version.`;
  const as = (type: string, status: 'True' | 'False'): Condition => ({
    type,
    status,
    reason: reasons.SpecInvalid,
    message: bounded(message),
    lastTransitionTime: transitionTime(before, type, status, now),
    observedGeneration,
  });
  // The pods go on as they are.
  const available = before?.filter(({ type }) => type === 'Available') ?? [];
  return {
    status: {
      observedGeneration,
      conditions: [as('Ready', 'False'), ...available, as('Degraded', 'True'), as('Stalled', 'True')],
    },
    warnings: [warning(reasons.SpecInvalid, message)],
  };
}

function workersEach(count: number | 'auto'): string {
  if (count === 'auto') return 'workers by their CPU and memory';
  return `${count} ${count === 1 ? 'worker' : 'workers'} each`;
}

/** Numbers of workers that are not known, because a pod has not been asked yet, stay what they were. */
function workersStatus({ app, pods, workers }: Facts, wanted: number): AppServerStatus['workers'] {
  const { count } = app.spec.workers;
  const { desired: before, ...known } = app.status?.workers ?? {};
  const views = pods
    .filter((pod) => !pod.terminating && pod.ready)
    .map(({ name }) => workers.get(name))
    // What a pod has said before it was ready is out of date.
    .map((view) => (view?.isOfReadyPod === true ? view : undefined));
  const answered = views.filter((view) => view !== undefined);
  const sum = (of: (view: WorkerView) => number): number =>
    counted(answered.reduce((total, view) => total + of(view), 0));
  const all = answered.length > 0 && answered.length === views.length;
  const desired = count === 'auto' ? (all ? sum((view) => view.desired) : before) : counted(wanted * count);
  // None is ready where no pod is; before any was asked, nothing is said.
  const none = views.length === 0 && known.ready !== undefined;
  const seen = none
    ? { ready: 0, restarts: 0 }
    : all
      ? { ready: sum(({ ready }) => ready), restarts: sum(totalRestarts) }
      : known;
  return { ...(desired !== undefined && { desired }), ...seen };
}

/** A condition that is there only while it is true. */
export interface PresentCondition {
  readonly type: 'FieldConflict' | 'RestartWaiting' | 'OperatorConflict';
  readonly reason: Reason;
  readonly message: string;
}

/** What an event warns of. */
interface Warning {
  readonly reason: Reason;
  readonly note: string;
  /** The same for the same cause. */
  readonly key: string;
}

export interface Report {
  readonly status: AppServerStatus;
  readonly warnings: readonly Warning[];
}

/** Bounded too: recorded events are kept by their keys. */
const warning = (reason: Reason, note: string, key = note): Warning => ({
  reason,
  note: bounded(note),
  key: bounded(key),
});

/** Conditions that call for action. */
const isWarning = ({ type }: PresentCondition): boolean => type === 'FieldConflict' || type === 'OperatorConflict';

/**
 * @param writeProblem what kept a child from being written, if anything did
 * @param present conditions beside those that every AppServer has
 */
export function report(facts: Facts, writeProblem?: Problem, present: readonly PresentCondition[] = []): Report {
  const { app } = facts;
  const { name, namespace, generation } = app.metadata;
  const { wanted, exists, ready, available } = rollout(facts);
  const workers = workersStatus(facts, wanted);
  const problem = writeProblem ?? findProblem(facts);
  const found = verdict(facts, problem);
  // Pods that serve all the same are no less ready for it.
  const failing = found.degraded ? undefined : (workersFailing(facts) ?? scalingFailing(facts));
  const told = found.degraded ? problem : failing;
  const port = app.spec.service.port === 80 ? '' : `:${app.spec.service.port}`;
  const degraded = failing === undefined ? found : { reason: failing.reason, message: messageOf(failing) };
  const status: AppServerStatus = {
    observedGeneration: generation,
    replicas: exists,
    readyReplicas: ready,
    availableReplicas: available,
    selector: Object.entries(names.selectorLabels(name))
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    workers,
    summary: summaryOf({ ready, wanted }, workers),
    url: `http://${name}.${namespace}.svc${port}`,
    conditions: [
      condition(facts, 'Ready', found.ready, found),
      availableCondition(facts),
      condition(facts, 'Progressing', found.progressing, found),
      condition(facts, 'Degraded', found.degraded || failing !== undefined, degraded),
      // What kstatus looks for; present only while true.
      ...(found.progressing ? [condition(facts, 'Reconciling', true, found)] : []),
      ...(found.stalled ? [condition(facts, 'Stalled', true, found)] : []),
      ...present.map((one) => condition(facts, one.type, true, one)),
    ],
  };
  const warnings = [
    ...(told === undefined ? [] : [warning(told.reason, told.cause, keyOf(told))]),
    ...present.filter(isWarning).map(({ reason, message }) => warning(reason, message)),
  ];
  return { status, warnings };
}
