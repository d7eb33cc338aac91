import type { AppServer } from '../../api/index.ts';
import { group, kind, names, version } from '../../api/index.ts';
import type { OwnerReference } from '../../kube/objects.ts';
import type { Child } from '../model/facts.ts';

function ownerReference(app: AppServer): OwnerReference {
  const { name, uid } = app.metadata;
  return { apiVersion: `${group}/${version}`, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

/** Metadata of a child: its labels and its owner, which is what deletes it with the AppServer. */
export function childMetadata(app: AppServer, name: string): Child['metadata'] {
  return {
    name,
    namespace: app.metadata.namespace,
    labels: names.labels(app.metadata.name),
    ownerReferences: [ownerReference(app)],
  };
}
