// What was made because of the demonstration's own objects: whatever they own, directly or by way of others.
import type { KubeObject } from '../../src/kube/index.ts';

/** Of `objects`, those owned by one of `uids` or by another of them. Pure. */
export function descendantsOf(objects: readonly KubeObject[], uids: ReadonlySet<string>): KubeObject[] {
  const family = new Set(uids);
  const found = new Set<KubeObject>();
  for (let before = -1; found.size > before;) {
    before = found.size;
    for (const object of objects) {
      const { uid, ownerReferences = [] } = object.metadata;
      if (uid === undefined || !ownerReferences.some((owner) => family.has(owner.uid))) continue;
      family.add(uid);
      found.add(object);
    }
  }
  return [...found];
}
