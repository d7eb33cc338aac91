// Whose the fields of an object are, by its managedFields. The API server computes them from what each manager sends, before
// admission and before defaults and canonical forms: what our request was made into stays ours, what somebody else sets is
// no longer ours, and what admission adds to our own request is nobody's.
// https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
import { isDeepStrictEqual } from 'node:util';
import type { KubeObject, ManagedFieldsEntry } from '../../kube/objects.ts';
import { isFields, type Fields } from '../model/unstructured.ts';
import type { Step } from './difference.ts';

export interface FieldOwnership {
  /** When the manager's own entry was last changed by an apply, in seconds since 1970; undefined without an entry. */
  readonly appliedAt: number | undefined;
  /** Whether the manager's own entry has the part of the object at `steps`, and all of `want` below it. */
  readonly owns: (steps: readonly Step[], want: unknown) => boolean;
  /** Whether somebody else has any of the part at `steps`. */
  readonly othersOwn: (steps: readonly Step[]) => boolean;
}

/** The entry that `manager` gets for what it applies. One that it gets by another kind of request is somebody else's doing. */
const isOwn = ({ manager, operation, subresource = '' }: ManagedFieldsEntry, name: string): boolean =>
  manager === name && operation === 'Apply' && subresource === '';

/** 0 for what is no time. */
function seconds(time = ''): number {
  const ms = Date.parse(time);
  return Number.isNaN(ms) ? 0 : ms / 1000;
}

/** When `manager` has applied last, in seconds since 1970; undefined when nothing of the object is so. */
export function lastApplied(entries: readonly ManagedFieldsEntry[] | undefined, manager: string): number | undefined {
  const own = entries?.find((entry) => isOwn(entry, manager));
  return own && seconds(own.time);
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** Keys of list items are written with their defaults, which a desired item need not name. */
function hasKeys(item: unknown, keys: unknown): boolean {
  if (!isFields(item) || !isFields(keys)) return false;
  const entries = Object.entries(keys);
  const named = entries.filter(([key]) => item[key] !== undefined);
  return named.length > 0 && named.every(([key, value]) => isDeepStrictEqual(item[key], value));
}

/** What an entry says of one step further: `f:name` a field, `k:{…}` an item by its keys, `v:…` by its value, `i:…` by its place. */
function below(fields: Fields, step: Step): unknown {
  if (typeof step === 'string') return fields[`f:${step}`];
  const { item, index } = step;
  for (const [key, value] of Object.entries(fields)) {
    if (key.startsWith('k:') && hasKeys(item, parsed(key.slice(2)))) return value;
    if (key.startsWith('v:') && isDeepStrictEqual(parsed(key.slice(2)), item)) return value;
  }
  return fields[`i:${index}`];
}

const isLeaf = (fields: Fields): boolean => Object.keys(fields).every((key) => key === '.');

const isEmpty = (value: unknown): boolean =>
  Array.isArray(value) ? value.length === 0 : isFields(value) && Object.keys(value).length === 0;

/** Whether all of `want` is in the set. What is atomic is in it as a whole; an empty list or map may leave no trace. */
function hasAll(fields: Fields, want: unknown): boolean {
  if (isLeaf(fields)) return true;
  const parts: [Step, unknown][] = Array.isArray(want)
    ? want.map((item: unknown, index) => [{ item, index }, item])
    : isFields(want)
      ? Object.entries(want)
      : [];
  return parts.every(([step, part]) => part === undefined || isEmpty(part) || has(fields, [step], part));
}

function has(fields: Fields, steps: readonly Step[], want: unknown): boolean {
  let found = fields;
  for (const step of steps) {
    const next = below(found, step);
    // A step above may be atomic: a list of arguments is one value.
    if (!isFields(next)) return isLeaf(found) && found !== fields;
    found = next;
  }
  return hasAll(found, want);
}

/** Whether there is anything of the part at `steps` in the set. */
function hasAny(fields: Fields, steps: readonly Step[]): boolean {
  let found = fields;
  for (const step of steps) {
    const next = below(found, step);
    if (!isFields(next)) return isLeaf(found) && found !== fields;
    found = next;
  }
  return true;
}

export function fieldOwnership({ metadata: { managedFields = [] } }: KubeObject, manager: string): FieldOwnership {
  const own = managedFields.find((entry) => isOwn(entry, manager));
  const others = managedFields.filter((entry) => entry !== own);
  return {
    appliedAt: lastApplied(managedFields, manager),
    owns: (steps, want) => has(own?.fieldsV1 ?? {}, steps, want),
    othersOwn: (steps) => others.some(({ fieldsV1 = {} }) => hasAny(fieldsV1, steps)),
  };
}
