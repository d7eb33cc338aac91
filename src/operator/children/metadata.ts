import type { AppServer } from '../../api/index.ts';
import { group, inheritedLabels, kind, names, version } from '../../api/index.ts';
import type { OwnerReference } from '../../kube/objects.ts';
import type { Child } from '../model/facts.ts';

function ownerReference(app: AppServer): OwnerReference {
  const { name, uid } = app.metadata;
  return { apiVersion: `${group}/${version}`, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

type Texts = Readonly<Record<string, string>>;

/** What the spec gives to one child. */
export interface GivenMetadata {
  readonly labels?: Texts | undefined;
  readonly annotations?: Texts | undefined;
}

/** What has a meaning to the operator is its own to set. */
const givenOf = (all: Texts = {}): Texts =>
  Object.fromEntries(Object.entries(all).filter(([key]) => !key.startsWith(names.ownPrefix)));

/**
 * Metadata of a child: its labels and its owner, which is what deletes it with the AppServer.
 * @param own annotations that the operator sets
 */
export function childMetadata(
  app: AppServer,
  name: string,
  { labels, annotations }: GivenMetadata = {},
  own: Texts = {},
): Child['metadata'] {
  const all = { ...givenOf(annotations), ...own };
  return {
    name,
    namespace: app.metadata.namespace,
    labels: { ...inheritedLabels(app.metadata.labels), ...givenOf(labels), ...names.labels(app.metadata.name) },
    ownerReferences: [ownerReference(app)],
    ...(Object.keys(all).length > 0 && { annotations: all }),
  };
}
