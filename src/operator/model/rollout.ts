// How far the Deployment's rollout is, by its own status.
import { z } from 'zod';
import type { KubeObject } from '../../kube/objects.ts';
import type { Facts } from './facts.ts';
import { observedConditions } from './observed-conditions.ts';
import type { PodView } from './pod.ts';

const deploymentStatus = z.looseObject({
  status: z
    .looseObject({
      conditions: observedConditions,
    })
    .optional(),
});

export function deploymentOf(facts: Facts): KubeObject | undefined {
  return facts.children.find((child) => child.kind === 'Deployment');
}

export function deploymentCondition(
  facts: Facts,
  type: string,
): { reason: string; message: string; status: string } | undefined {
  const found = deploymentStatus.parse(deploymentOf(facts) ?? {}).status?.conditions?.find((one) => one.type === type);
  return found && { reason: found.reason ?? '', message: found.message ?? '', status: found.status };
}

const deploymentView = z.looseObject({
  metadata: z.looseObject({ generation: z.int().optional() }),
  spec: z.looseObject({ replicas: z.int().optional() }).optional(),
  status: z
    .looseObject({
      observedGeneration: z.int().optional(),
      replicas: z.int().optional(),
      updatedReplicas: z.int().optional(),
      readyReplicas: z.int().optional(),
      availableReplicas: z.int().optional(),
    })
    .optional(),
});

export interface Rollout {
  readonly wanted: number;
  readonly exists: number;
  readonly ready: number;
  readonly updated: number;
  /** Ready for as long as minReadySeconds asks. */
  readonly available: number;
  /** The Deployment's controller has seen the present template. */
  readonly observed: boolean;
}

export function rollout(facts: Facts): Rollout {
  const found = deploymentOf(facts);
  if (found === undefined) {
    return { wanted: facts.app.spec.replicas, exists: 0, ready: 0, updated: 0, available: 0, observed: false };
  }
  const { metadata, spec, status } = deploymentView.parse(found);
  return {
    wanted: spec?.replicas ?? 1,
    exists: status?.replicas ?? 0,
    ready: status?.readyReplicas ?? 0,
    updated: status?.updatedReplicas ?? 0,
    available: status?.availableReplicas ?? 0,
    observed: (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0),
  };
}

/** Whether every wanted pod is ready, of the present revision, and none of another is left. */
export function isSettled(facts: Facts): boolean {
  const { wanted, exists, ready, updated, observed } = rollout(facts);
  return observed && updated === wanted && exists === wanted && ready === wanted;
}

const living = (facts: Facts): readonly PodView[] => facts.pods.filter((pod) => !pod.terminating);

/** Living pods of the newest revision; those of earlier ones are about to be replaced. */
function newestPods(facts: Facts): readonly PodView[] {
  const { updated, exists, observed } = rollout(facts);
  const pods = living(facts);
  if (!observed || exists <= updated) return pods;
  if (updated === 0) return [];
  const newest = pods.toSorted((a, b) => b.createdAt - a.createdAt)[0];
  return pods.filter((pod) => pod.revision === newest?.revision);
}

/** Pods of earlier revisions that serve while the newest one is rolled out. */
export function oldPodsServing(facts: Facts): number {
  const newest = new Set(newestPods(facts));
  return living(facts).filter((pod) => pod.ready && !newest.has(pod)).length;
}

/** Living pods whose troubles are those of the present spec. A rollout that is paused leaves the earlier ones to themselves. */
export const podsInQuestion = (facts: Facts): readonly PodView[] =>
  facts.app.spec.rollout.paused === true ? living(facts) : newestPods(facts);

export function stuckRollout(facts: Facts): { readonly message: string } | undefined {
  const progressing = deploymentCondition(facts, 'Progressing');
  return progressing?.reason === 'ProgressDeadlineExceeded' ? progressing : undefined;
}

/** Whether the rollout has made no progress within its deadline. */
export const isStuck = (facts: Facts): boolean => stuckRollout(facts) !== undefined;
