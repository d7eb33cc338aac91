// What the demonstration made on a cluster: pure bookkeeping, so that nothing else is ever removed.
import { resourceType, type KubeObject, type ResourceType } from '../../src/kube/index.ts';

/** One object by its name, whoever made it. */
export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  /** Absent for what belongs to no namespace. */
  readonly namespace?: string;
  readonly name: string;
}

/** It exists, or did. */
export interface MadeEntry {
  readonly state: 'made';
  readonly reference: ObjectReference;
  readonly uid: string;
}

/** `sent`: asked for, and no answer yet; the object may exist. */
export type Entry = { readonly state: 'sent'; readonly reference: ObjectReference } | MadeEntry;

/** On each object that the demonstration makes, with the run's own id as value. */
export const runLabel = 'appserver.dev/demo';

export function referenceTo({ apiVersion, kind, metadata }: KubeObject): ObjectReference {
  const { name, namespace } = metadata;
  return { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
}

export function describe({ kind, namespace, name }: ObjectReference): string {
  return namespace === undefined ? `${kind} ${name}` : `${kind} ${name} in namespace ${namespace}`;
}

export function typeOf({ apiVersion, kind }: ObjectReference): ResourceType {
  const lower = kind.toLowerCase();
  if (lower.endsWith('y')) return resourceType(apiVersion, kind, `${lower.slice(0, -1)}ies`);
  if (lower.endsWith('s')) return resourceType(apiVersion, kind, `${lower}es`);
  return resourceType(apiVersion, kind);
}

/** The object as the run makes it. */
export function labelled(object: KubeObject, run: string): KubeObject {
  const { metadata } = object;
  return { ...object, metadata: { ...metadata, labels: { ...metadata.labels, [runLabel]: run } } };
}

/** Whether this very run made `object`. */
export function isOf(object: KubeObject, run: string): boolean {
  return object.metadata.labels?.[runLabel] === run;
}

const keyOf = (reference: ObjectReference): string => JSON.stringify([describe(reference), reference.apiVersion]);

export class Ledger {
  readonly #entries = new Map<string, Entry>();

  /** Before the request: an answer that never comes must not lose the object. */
  sent(reference: ObjectReference): void {
    this.#entries.set(keyOf(reference), { state: 'sent', reference });
  }

  made(reference: ObjectReference, uid: string): void {
    this.#entries.set(keyOf(reference), { state: 'made', reference, uid });
  }

  /** It is not there, or it is somebody else's now. */
  forget(reference: ObjectReference): void {
    this.#entries.delete(keyOf(reference));
  }

  /** What may still be there, in the order in which it is to be removed. */
  left(): Entry[] {
    return [...this.#entries.values()].toReversed();
  }
}
