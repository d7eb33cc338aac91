// What a user adds to the pod template, merged under what the operator needs there: maps field by field, lists of named
// things by name, and a field that both set is a conflict, unless they agree.

import { fieldOf, isFields, itemKey, type Fields } from '../model/unstructured.ts';

export type Merged = { readonly kind: 'merged'; readonly template: Fields } | Conflict;

interface Conflict {
  readonly kind: 'conflict';
  /** Of the field that both set: `spec.containers[app].command`. */
  readonly path: string;
}

class BothSet extends Error {
  readonly path: string;
  constructor(path: string) {
    super(path);
    this.name = 'BothSet';
    this.path = path;
  }
}

function mergeLists(ours: readonly unknown[], theirs: readonly unknown[], path: string): unknown[] {
  const key = itemKey([...ours, ...theirs]);
  // A command, for one: two of them have no sum.
  if (key === undefined) throw new BothSet(path);
  const nameOf = (item: unknown): string => (isFields(item) ? String(item[key]) : '');
  const both = ours.map((item) => {
    const name = nameOf(item);
    const other = theirs.find((one) => nameOf(one) === name);
    return other === undefined ? item : merge(item, other, `${path}[${name}]`);
  });
  const known = new Set(ours.map(nameOf));
  return [...both, ...theirs.filter((item) => !known.has(nameOf(item)))];
}

function merge(ours: unknown, theirs: unknown, path: string): unknown {
  if (ours === undefined) return theirs;
  if (theirs === undefined || ours === theirs) return ours;
  if (Array.isArray(ours) && Array.isArray(theirs)) return mergeLists(ours, theirs, path);
  if (!isFields(ours) || !isFields(theirs)) throw new BothSet(path);
  const fields = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
  const inside = (field: string): string => (path === '' ? field : `${path}.${field}`);
  return Object.fromEntries(
    [...fields].map((field) => [field, merge(fieldOf(ours, field), fieldOf(theirs, field), inside(field))]),
  );
}

/** The API server takes an old name of a field of ours for it, and lets ours win without a word. */
function refuseAlias(ours: Fields, theirs: Fields | undefined): void {
  const [own, given] = [ours['spec'], theirs?.['spec']];
  if (!isFields(own) || !isFields(given) || given['serviceAccount'] === undefined) return;
  if (given['serviceAccount'] !== own['serviceAccountName']) throw new BothSet('spec.serviceAccount');
}

/** @param theirs `spec.podTemplate`; undefined for none */
export function mergePodTemplate(ours: Fields, theirs: Fields | undefined): Merged {
  try {
    refuseAlias(ours, theirs);
    const template = merge(ours, theirs, '');
    return { kind: 'merged', template: isFields(template) ? template : ours };
  } catch (error) {
    if (error instanceof BothSet) return { kind: 'conflict', path: error.path };
    throw error;
  }
}
