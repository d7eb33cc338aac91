// Facts → the status of the AppServer, pure.
import { names, reasons, statusSchema, type AppServerStatus, type Condition, type Reason } from '../../api/index.ts';
import type { KubeObject } from '../../kube/objects.ts';
import type { Facts } from '../model/facts.ts';
import { isSettled, rollout } from '../model/rollout.ts';
import { findProblem, workersFailing, type Problem } from './problems.ts';
import { counted, totalRestarts, type WorkerView } from '../model/worker-status.ts';
import { summaryOf } from './summary.ts';

/** Of a message: whatever has to be said is said by then, and no refusal of an API server is worth a status that it refuses. */
const mostCharacters = 4_096;

const bounded = (message: string): string =>
  message.length <= mostCharacters ? message : `${message.slice(0, mostCharacters - 1)}…`;

/** For whoever has scaled by hand and waits for it. */
const byAutoscaler = " Their number is the autoscaler's; spec.replicas is only the one to start with.";

interface Verdict {
  readonly ready: boolean;
  readonly progressing: boolean;
  readonly degraded: boolean;
  readonly stalled: boolean;
  readonly reason: Reason;
  readonly message: string;
}

function verdict(facts: Facts, writeProblem: Problem | undefined): Verdict {
  const { wanted, ready, updated, exists } = rollout(facts);
  const pods = `${ready} of ${wanted} pods ready`;
  const problem = writeProblem ?? findProblem(facts);
  if (problem !== undefined) {
    return {
      ready: false,
      progressing: !problem.stalled,
      degraded: true,
      stalled: problem.stalled,
      reason: problem.reason,
      message: problem.message,
    };
  }
  if (isSettled(facts)) {
    const scaled = facts.app.spec.autoscaling === undefined ? '' : byAutoscaler;
    const message =
      wanted === 0 ? 'No pods are wanted.' : `${pods}, ${workersEach(facts.app.spec.workers.count)}.${scaled}`;
    const reason = wanted === 0 ? reasons.ScaledToZero : reasons.Available;
    return { ready: true, progressing: false, degraded: false, stalled: false, reason, message };
  }
  const rolling = updated < wanted || exists > wanted;
  return {
    ready: false,
    progressing: true,
    degraded: false,
    stalled: false,
    reason: rolling ? reasons.RollingOut : reasons.PodsNotReady,
    message: rolling ? `${updated} of ${wanted} pods are of the present revision, ${pods}.` : `${pods}.`,
  };
}

/** `before` and its time, as long as the condition stays what it was. */
function transitionTime(before: readonly Condition[] | undefined, type: string, status: string, now: Date): string {
  const same = before?.find((one) => one.type === type && one.status === status);
  return same?.lastTransitionTime ?? now.toISOString().replace(/\.\d+Z$/, 'Z');
}

function condition({ app, now }: Facts, type: string, on: boolean, { reason, message }: Verdict): Condition {
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

/** Status of a stored resource that this operator cannot read, since its schema is another. */
export function unreadableStatus(object: KubeObject, why: string, now: Date): AppServerStatus {
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
  return { observedGeneration, conditions: [as('Ready', 'False'), as('Degraded', 'True'), as('Stalled', 'True')] };
}

function workersEach(count: number | 'auto'): string {
  if (count === 'auto') return 'workers by their CPU and memory';
  return `${count} ${count === 1 ? 'worker' : 'workers'} each`;
}

/** Numbers of workers that are not known, because a pod has not been asked yet, stay what they were. */
function workersStatus({ app, pods, workers }: Facts, wanted: number): AppServerStatus['workers'] {
  const { count } = app.spec.workers;
  const { desired: before, ...known } = app.status?.workers ?? {};
  const views = pods.filter((pod) => !pod.terminating && pod.ready).map(({ name }) => workers.get(name));
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
  readonly type: 'Contended' | 'RestartWaiting' | 'OperatorConflict';
  readonly reason: Reason;
  readonly message: string;
}

/**
 * @param writeProblem what kept a child from being written, if anything did
 * @param present what else is to be told
 */
export function statusOf(
  facts: Facts,
  writeProblem?: Problem,
  present: readonly PresentCondition[] = [],
): AppServerStatus {
  const { app } = facts;
  const { name, namespace, generation } = app.metadata;
  const { wanted, exists, ready } = rollout(facts);
  const workers = workersStatus(facts, wanted);
  const found = verdict(facts, writeProblem);
  // Pods that serve all the same are no less ready for it.
  const failing = found.degraded ? undefined : workersFailing(facts);
  const port = app.spec.service.port === 80 ? '' : `:${app.spec.service.port}`;
  return {
    observedGeneration: generation,
    replicas: exists,
    readyReplicas: ready,
    selector: Object.entries(names.selectorLabels(name))
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    workers,
    summary: summaryOf({ ready, wanted }, workers),
    url: `http://${name}.${namespace}.svc${port}`,
    conditions: [
      condition(facts, 'Ready', found.ready, found),
      condition(facts, 'Progressing', found.progressing, found),
      condition(facts, 'Degraded', found.degraded || failing !== undefined, { ...found, ...failing }),
      // What kstatus looks for; present only while true.
      ...(found.progressing ? [condition(facts, 'Reconciling', true, found)] : []),
      ...(found.stalled ? [condition(facts, 'Stalled', true, found)] : []),
      ...present.map(({ type, ...told }) => condition(facts, type, true, { ...found, ...told })),
    ],
  };
}
