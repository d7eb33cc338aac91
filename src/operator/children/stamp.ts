// The mark on each child by which a change of the AppServer is told from what somebody else has done.
import { names } from '../../api/index.ts';
import { contentHash } from '../model/content-hash.ts';
import type { KubeObject } from '../../kube/objects.ts';
import type { Child } from '../model/facts.ts';

/** The child with the hash of itself. */
export function stamped(child: Child): Child {
  const annotations = { ...child.metadata.annotations, [names.appliedHashAnnotation]: contentHash(child) };
  return { ...child, metadata: { ...child.metadata, annotations } };
}

/** The hash that an object was applied with, as far as it tells. */
export const markOf = ({ metadata }: KubeObject): string | undefined =>
  metadata.annotations?.[names.appliedHashAnnotation];
