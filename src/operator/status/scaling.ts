// What keeps the HorizontalPodAutoscaler from scaling, by its own conditions. The pods serve all the same.
// https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/podautoscaler/horizontal.go
import { z } from 'zod';
import { reasons, type AppServer } from '../../api/index.ts';
import type { Facts } from '../model/facts.ts';
import { observedConditions } from '../model/observed-conditions.ts';
import { isSettled } from '../model/rollout.ts';
import { containerFields } from './containers.ts';
import { quoted, type Problem } from './problem.ts';

const autoscalerStatus = z.looseObject({ status: z.looseObject({ conditions: observedConditions }).optional() });

interface Failure {
  readonly message: string;
  /** How long it has to last before it is told, from now on; not positive once it has. */
  readonly tellInMs: number;
}

/** Metrics of new pods take their time. */
const patienceMs = 5 * 60_000;

/** That does not pass, however long it lasts. */
const permanent = /missing request for |controlled by multiple HPAs/;

function failureOf(facts: Facts): Failure | undefined {
  if (facts.app.spec.autoscaling === undefined || !isSettled(facts)) return undefined;
  const autoscaler = facts.children.find(({ kind }) => kind === 'HorizontalPodAutoscaler');
  const conditions = autoscalerStatus.parse(autoscaler ?? {}).status?.conditions ?? [];
  const found = conditions.find(
    ({ type, status, reason }) =>
      (type === 'ScalingActive' || type === 'AbleToScale') && status === 'False' && reason !== 'ScalingDisabled',
  );
  if (found === undefined) return undefined;
  const { message = '', lastTransitionTime } = found;
  const since = Date.parse(lastTransitionTime ?? '');
  const isTold = permanent.test(message) || Number.isNaN(since);
  return { message, tellInMs: isTold ? 0 : since + patienceMs - facts.now.getTime() };
}

function remedyFor(message: string, spec: AppServer['spec']): string {
  const [, resource, container] = /missing request for (\S+) in container (\S+)/.exec(message) ?? [];
  if (resource !== undefined && container !== undefined) {
    return containerFields(spec, container).resources(`requests.${resource}`);
  }
  if (message.includes('controlled by multiple HPAs')) return 'delete the other HorizontalPodAutoscaler';
  return /metrics? /.test(message)
    ? "check what serves the cluster's metrics, such as metrics-server, or correct spec.autoscaling"
    : 'it is retried';
}

export function scalingFailing(facts: Facts): Problem | undefined {
  const failure = failureOf(facts);
  if (failure === undefined || failure.tellInMs > 0) return undefined;
  const { message } = failure;
  const { spec, metadata } = facts.app;
  const remedy = remedyFor(message, spec);
  return {
    reason: reasons.ScalingFailing,
    cause: `HorizontalPodAutoscaler ${metadata.name} cannot scale: ${quoted(message)}; ${remedy}.`,
    // The message names a pod, which is another each time.
    key: remedy,
    state: 'failing',
  };
}

/** In so many milliseconds there is something to tell, though nothing has changed; undefined where there is not. */
export function scalingFailsIn(facts: Facts): number | undefined {
  const ms = failureOf(facts)?.tellInMs ?? 0;
  return ms > 0 ? ms : undefined;
}
