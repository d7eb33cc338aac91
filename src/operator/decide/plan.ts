// The difference between what should be and what is: which children to write and which to delete. Pure.
import { names } from '../../api/index.ts';
import type { KubeObject } from '../../kube/objects.ts';
import { isSettled } from '../model/rollout.ts';
import { differences, type Difference } from './difference.ts';
import type { Child, Facts } from '../model/facts.ts';

export interface Write {
  readonly child: Child;
  readonly observed: KubeObject | undefined;
  readonly found: readonly Difference[];
  /** Created and updated follow the AppServer; repaired undoes what somebody else did. */
  readonly why: 'created' | 'updated' | 'repaired';
}

export interface Plan {
  readonly writes: readonly Write[];
  readonly prune: readonly KubeObject[];
}

const sameObject = (a: KubeObject, b: KubeObject): boolean => a.kind === b.kind && a.metadata.name === b.metadata.name;

/** @param wanted children as they are to be applied, each with the hash of itself */
export function plan(wanted: readonly Child[], facts: Facts): Plan {
  const writes = wanted.flatMap((child): Write[] => {
    const observed = facts.children.find(
      (one) => sameObject(one, child) && one.metadata.deletionTimestamp === undefined,
    );
    const found = observed === undefined ? [] : differences(child, observed);
    if (observed !== undefined && found.length === 0) return [];
    return [{ child, observed, found, why: whyWritten(child, observed, facts) }];
  });
  const settled = isSettled(facts) && writes.length === 0;
  const mounted = new Set(facts.pods.flatMap((pod) => pod.configMaps));
  const prune = facts.children.filter((child) => {
    if (child.metadata.deletionTimestamp !== undefined || wanted.some((one) => sameObject(one, child))) return false;
    // Pods of an older revision still mount theirs, and a rollout may yet start one.
    return child.kind !== 'ConfigMap' || (settled && !mounted.has(child.metadata.name));
  });
  return { writes, prune };
}

function whyWritten(child: Child, observed: KubeObject | undefined, { app }: Facts): Write['why'] {
  const hash = names.appliedHashAnnotation;
  if (observed !== undefined) {
    return observed.metadata.annotations?.[hash] === child.metadata.annotations?.[hash] ? 'repaired' : 'updated';
  }
  return app.status?.observedGeneration === app.metadata.generation ? 'repaired' : 'created';
}
