// What a user adds to the pod template, merged under what the operator needs there: maps field by field, lists of named
// things by name, and a field that both set is a conflict, unless they agree.
import type { Layout } from '../model/layout.ts';
import { fieldOf, isFields, itemKey, type Fields } from '../model/unstructured.ts';

export type Merged = { readonly kind: 'merged'; readonly template: Fields } | Conflict;

export interface Conflict {
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

/** What tells the items of a list apart, and what they are called; undefined for a list that has no such thing. */
interface ItemKey {
  readonly of: (item: unknown) => string;
  readonly label: (item: unknown) => string;
}

const textOf = (item: unknown, field: string): string => (isFields(item) ? String(item[field]) : '');

function keyOfItems(items: readonly unknown[]): ItemKey | undefined {
  const key = itemKey(items);
  if (key === undefined) return undefined;
  const label = (item: unknown): string => textOf(item, key);
  // As the API server has it. One without the second field, which it demands, adds to ours of the same topology.
  const isWhole = items.every((item) => isFields(item) && typeof item['whenUnsatisfiable'] === 'string');
  const of =
    key === 'topologyKey' && isWhole
      ? (item: unknown) => `${textOf(item, key)} ${textOf(item, 'whenUnsatisfiable')}`
      : label;
  return { of, label };
}

/** Up to the second layout, only the first item of theirs was seen of each that is named like one of ours. */
function asSeenBefore(ours: readonly unknown[], theirs: readonly unknown[], { label }: ItemKey): readonly unknown[] {
  const known = new Set(ours.map(label));
  return theirs.filter(
    (item, index) => !known.has(label(item)) || theirs.findIndex((one) => label(one) === label(item)) === index,
  );
}

interface Place {
  readonly path: string;
  readonly layout: Layout;
}

function mergeLists(ours: readonly unknown[], theirs: readonly unknown[], { path, layout }: Place): unknown[] {
  const key = keyOfItems([...ours, ...theirs]);
  // A command, for one: two of them have no sum.
  if (key === undefined) throw new BothSet(path);
  const seen = layout < 3 ? asSeenBefore(ours, theirs, key) : theirs;
  const both = ours.map((item) => {
    const others = seen.filter((one) => key.of(one) === key.of(item));
    const here = `${path}[${key.label(item)}]`;
    // One of them would get lost.
    if (others.length > 1) throw new BothSet(here);
    return others.length === 0 ? item : merge(item, others[0], { path: here, layout });
  });
  const known = new Set(ours.map(key.of));
  return [...both, ...seen.filter((item) => !known.has(key.of(item)))];
}

function merge(ours: unknown, theirs: unknown, place: Place): unknown {
  const { path, layout } = place;
  if (ours === undefined) return theirs;
  if (theirs === undefined || ours === theirs) return ours;
  if (Array.isArray(ours) && Array.isArray(theirs)) return mergeLists(ours, theirs, place);
  if (!isFields(ours) || !isFields(theirs)) throw new BothSet(path);
  const fields = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
  const inside = (field: string): Place => ({ path: path === '' ? field : `${path}.${field}`, layout });
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
export function mergePodTemplate(ours: Fields, theirs: Fields | undefined, layout: Layout): Merged {
  try {
    refuseAlias(ours, theirs);
    const template = merge(ours, theirs, { path: '', layout });
    return { kind: 'merged', template: isFields(template) ? template : ours };
  } catch (error) {
    if (error instanceof BothSet) return { kind: 'conflict', path: error.path };
    throw error;
  }
}
