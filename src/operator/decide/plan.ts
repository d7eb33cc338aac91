// The difference between what should be and what is: which children to write and which to delete. Pure.
import type { KubeObject } from '../../kube/objects.ts';
import type { Child, Facts } from '../model/facts.ts';
import type { OwnedChild } from '../model/identity.ts';
import type { PodView } from '../model/pod.ts';
import { isSettled } from '../model/rollout.ts';
import { markOf } from '../children/stamp.ts';
import { differences, type Difference } from './difference.ts';

/** A child that is there and is not literally as it should be. */
export interface Examined {
  readonly child: Child;
  readonly observed: OwnedChild;
}

export type Step =
  /** There is none. `repaired` when there was one before for the same spec. */
  | { readonly kind: 'create'; readonly child: Child; readonly why: 'created' | 'repaired' }
  /** It was applied from another spec, or by another version of the operator. */
  | ({ readonly kind: 'update' } & Examined)
  /** It was applied just so, and has become different by somebody's doing or by the cluster's own. */
  | ({ readonly kind: 'examine' } & Examined);

export interface Write {
  readonly child: Child;
  readonly observed: OwnedChild | undefined;
  readonly differences: readonly Difference[];
  /** Created and updated follow the AppServer; repaired undoes what somebody else did. */
  readonly why: 'created' | 'updated' | 'repaired';
}

export interface Plan {
  readonly steps: readonly Step[];
  readonly prune: readonly OwnedChild[];
  /** Whose names are still taken by children on their way out. */
  readonly blocked: readonly OwnedChild[];
}

const sameObject = (a: KubeObject, b: KubeObject): boolean => a.kind === b.kind && a.metadata.name === b.metadata.name;

function stepFor(child: Child, observed: OwnedChild | undefined, facts: Facts): Step | undefined {
  if (observed === undefined) {
    const { status, metadata } = facts.app;
    return { kind: 'create', child, why: status?.observedGeneration === metadata.generation ? 'repaired' : 'created' };
  }
  if (markOf(observed) !== markOf(child)) return { kind: 'update', child, observed };
  const asApplied = observed.appliedAt !== undefined && differences(child, observed).length === 0;
  return asApplied ? undefined : { kind: 'examine', child, observed };
}

/** What pods need to be started: without it, a Deployment would only start broken ones. */
const neededByPods = (kind: string): boolean => kind === 'ServiceAccount' || kind === 'ConfigMap';

/** @param wanted children as they are to be applied, each with the hash of itself */
export function plan(wanted: readonly Child[], facts: Facts): Plan {
  const blocked = facts.terminating.filter((one) => wanted.some((child) => sameObject(one, child)));
  const held = blocked.some(({ kind }) => neededByPods(kind));
  const steps = wanted.flatMap((child): Step[] => {
    if (blocked.some((one) => sameObject(one, child)) || (held && child.kind === 'Deployment')) return [];
    const observed = facts.children.find((one) => sameObject(one, child));
    const step = stepFor(child, observed, facts);
    return step === undefined ? [] : [step];
  });
  return { steps, prune: facts.children.filter((child) => isPrunable(child, wanted, steps, facts)), blocked };
}

function isPrunable(child: OwnedChild, wanted: readonly Child[], steps: readonly Step[], facts: Facts): boolean {
  if (wanted.some((one) => sameObject(one, child))) return false;
  if (child.kind === 'ServiceAccount' && child.metadata.name === facts.app.spec.serviceAccountName) return false;
  if (!neededByPods(child.kind)) return true;
  // Pods of an older revision still have theirs, and a rollout may yet start one.
  if (!isSettled(facts) || steps.some(({ kind }) => kind !== 'examine')) return false;
  const { name } = child.metadata;
  const uses = ({ configMaps, serviceAccount }: PodView): boolean =>
    child.kind === 'ConfigMap' ? configMaps.includes(name) : serviceAccount === name;
  return !facts.pods.some((pod) => !pod.over && uses(pod));
}
