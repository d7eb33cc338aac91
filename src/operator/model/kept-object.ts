// What is kept of objects of which all but the field managers is looked at: those are most of an object's size.
import { isDeepStrictEqual } from 'node:util';
import { names } from '../../api/index.ts';
import type { KubeObject, ManagedFieldsEntry } from '../../kube/objects.ts';
import { lastApplied } from '../decide/field-ownership.ts';

export interface KeptObject extends KubeObject {
  /** Field manager that was the last of others to change the object. */
  readonly lastEditor?: string;
  /** When we applied it last, in seconds since 1970; undefined when nothing of it is so. */
  readonly appliedAt?: number;
}

/** The scale subresource is how others change the number of replicas. */
const mayEdit = ({ manager = '', subresource = 'scale' }: ManagedFieldsEntry): boolean =>
  !manager.startsWith(names.fieldManager) && (subresource === '' || subresource === 'scale');

export function stripManagedFields(object: KubeObject): KeptObject {
  const { managedFields = [], ...metadata } = object.metadata;
  const [last] = managedFields.filter(mayEdit).toSorted((a, b) => (b.time ?? '').localeCompare(a.time ?? ''));
  const appliedAt = lastApplied(managedFields, names.fieldManager);
  return {
    ...object,
    metadata,
    ...(last?.manager !== undefined && { lastEditor: last.manager }),
    ...(appliedAt !== undefined && { appliedAt }),
  };
}

function withoutStatus(object: KubeObject): object {
  const { metadata, status: _, ...rest } = object;
  const { resourceVersion: __, ...lasting } = metadata;
  return { ...rest, metadata: lasting };
}

/** Whether nothing differs but what a write of the status changes. */
export function sameButForStatus(before: KubeObject, after: KubeObject): boolean {
  return isDeepStrictEqual(withoutStatus(after), withoutStatus(before));
}
