// What of a child is not literally as desired: each desired field is compared with what is there. Fields that only the API
// server or other controllers set are left alone, but for lists and maps that mean exactly what they hold, such as the
// containers of a pod or the selector of a Service. Whether a difference is anybody's doing is another question: see drift.
import { isDeepStrictEqual } from 'node:util';
import { sameQuantity } from '../model/quantity.ts';
import { fieldOf, isFields, itemKey, type Fields } from '../model/unstructured.ts';

/** A step from an object to one of its parts: a field, or an item of a list with its index among those that are there. */
export type Step = string | { readonly item: unknown; readonly index: number };

export interface Difference {
  /** For people: `spec.template.spec.containers[app].image`. */
  readonly path: string;
  readonly steps: readonly Step[];
  /** What is wanted there; undefined for what has been added and is not wanted. */
  readonly want: unknown;
  /** JSON pointer of what has been added; undefined for a value that is to be set. */
  readonly added: string | undefined;
  /** What is put in the place of what has been added; undefined for nothing. */
  readonly instead?: unknown;
}

/** Maps in which one more key changes what the object does. */
const exactMaps = new Set(['selector', 'matchLabels', 'data']);

/** Fields that hold quantities, or maps of them. They are compared as such only here: a variable may hold any text. */
const quantities = new Set(['resources', 'sizeLimit', 'divisor', 'averageValue', 'value']);
/** `value` is a quantity in the target of a metric alone. */
const isQuantity = (field: string, parent: string): boolean =>
  quantities.has(field) && (field !== 'value' || parent === 'target');

interface Place {
  readonly path: string;
  readonly steps: readonly Step[];
  /** Name of the nearest field. */
  readonly field: string;
  readonly insideQuantities: boolean;
}

const top: Place = { path: '', steps: [], field: '', insideQuantities: false };

function inside(place: Place, field: string): Place {
  return {
    path: place.path === '' ? field : `${place.path}.${field}`,
    steps: [...place.steps, field],
    field,
    insideQuantities: place.insideQuantities || isQuantity(field, place.field),
  };
}

function at(place: Place, label: string | number, item: unknown, index: number): Place {
  return { ...place, path: `${place.path}[${label}]`, steps: [...place.steps, { item, index }] };
}

/** RFC 6901 */
function pointer({ steps }: Place): string {
  const words = steps.map((step) => (typeof step === 'string' ? step : String(step.index)));
  return words.map((word) => `/${word.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

const differs = (place: Place, want: unknown): Difference => ({
  path: place.path,
  steps: place.steps,
  want,
  added: undefined,
});
const surplus = (place: Place): Difference => ({
  path: place.path,
  steps: place.steps,
  want: undefined,
  added: pointer(place),
});

/** Switches that are on where nothing is said. */
const meaningfulWhenFalse = new Set(['automountServiceAccountToken', 'allowPrivilegeEscalation']);
/** Objects that mean something by being there, though there is nothing in them. */
const meaningfulWhenEmpty = new Set(['emptyDir', 'podSelector', 'namespaceSelector']);

/** The API server leaves fields out that have their type's zero value. */
function isZero(value: unknown, field: string): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (isFields(value)) return Object.keys(value).length === 0 && !meaningfulWhenEmpty.has(field);
  if (value === false) return !meaningfulWhenFalse.has(field);
  return value === '' || value === 0 || value === null;
}

function sameScalar(want: unknown, have: unknown, place: Place): boolean {
  if (want === have || (have === undefined && isZero(want, place.field))) return true;
  return place.insideQuantities && sameQuantity(want, have);
}

/** The API server will refuse what is not, and this must not have it applied again and again until then. */
function isUnique(items: readonly unknown[], key: string): boolean {
  return new Set(items.map((item) => (isFields(item) ? item[key] : undefined))).size === items.length;
}

function compareLists(want: readonly unknown[], have: readonly unknown[], place: Place): Difference[] {
  const key = itemKey([...want, ...have]);
  if (key === undefined || !isUnique(want, key) || !isUnique(have, key)) {
    if (want.length !== have.length) return [differs(place, want), ...unnamedSurplus(want, have, place)];
    return want.flatMap((item, i) => compare(item, have[i], at(place, i, have[i], i)));
  }
  const nameOf = (item: unknown): string => (isFields(item) ? String(item[key]) : '');
  const wanted = new Set(want.map(nameOf));
  const missingOrChanged = want.flatMap((item) => {
    const index = have.findIndex((one) => nameOf(one) === nameOf(item));
    return compare(item, have[index], at(place, nameOf(item), have[index] ?? item, index));
  });
  const added = have.flatMap((item, i) =>
    wanted.has(nameOf(item)) ? [] : [surplus(at(place, nameOf(item), item, i))],
  );
  return [...missingOrChanged, ...added];
}

/** Lists that the API server merges by other fields than a name: others can add items that have none, or one of ours. */
const mergedLists = new Set(['ports', 'topologySpreadConstraints', 'ownerReferences']);

function unnamedSurplus(want: readonly unknown[], have: readonly unknown[], place: Place): Difference[] {
  if (!mergedLists.has(place.field)) return [];
  return have.flatMap((item, i) => {
    const here = at(place, i, item, i);
    return want.some((one) => compare(one, item, here).length === 0) ? [] : [surplus(here)];
  });
}

/** Fields of which an object may have one alone. */
const alternatives = [
  ['value', 'valueFrom'],
  ['minAvailable', 'maxUnavailable'],
] as const;
/** Without any of them a probe is refused. */
const handlers = ['httpGet', 'exec', 'tcpSocket', 'grpc'] as const;

/** Whether it has been given the source that the API server gives a volume without one. */
const isBareVolume = (want: Fields, have: Fields): boolean =>
  Object.entries(want).every(([field, value]) => field === 'name' || value === undefined || value === null) &&
  isDeepStrictEqual(have, { name: want['name'], emptyDir: {} });

/** What has been put in the place of what is wanted, and must not be beside it. */
function rivals(want: Fields, have: Fields, place: Place): Difference[] {
  const of = (all: readonly string[]): Difference[] => {
    if (!all.some((one) => fieldOf(want, one) !== undefined)) return [];
    const found = all.filter((one) => fieldOf(want, one) === undefined && fieldOf(have, one) !== undefined);
    return found.map((field) => surplus(inside(place, field)));
  };
  const whole = { added: pointer(place) };
  // In a volume, whatever is not its name is what it is.
  const isVolume = place.field === 'volumes' && typeof place.steps.at(-1) === 'object';
  const sources =
    isVolume && !isBareVolume(want, have) ? Object.keys(have).filter((one) => fieldOf(want, one) === undefined) : [];
  return [
    ...alternatives.flatMap(of),
    ...of(handlers).map((one) => Object.assign(one, whole)),
    ...sources.map((one) => Object.assign(surplus(inside(place, one)), whole, { instead: want })),
  ];
}

function compareFields(want: Fields, have: Fields, place: Place): Difference[] {
  const changed = Object.entries(want).flatMap(([field, value]) =>
    value === undefined ? [] : compare(value, fieldOf(have, field), inside(place, field)),
  );
  const literal = [...changed, ...rivals(want, have, place)];
  // A selector of the policy/v1 and apps/v1 kind is an object of its own shape, not the map itself.
  if (!exactMaps.has(place.field) || isFields(want['matchLabels'])) return literal;
  const added = Object.keys(have).filter((field) => fieldOf(want, field) === undefined);
  return [...literal, ...added.map((field) => surplus(inside(place, field)))];
}

function compare(want: unknown, have: unknown, place: Place): Difference[] {
  if (Array.isArray(want) && Array.isArray(have)) return compareLists(want, have, place);
  if (isFields(want) && isFields(have)) return compareFields(want, have, place);
  return sameScalar(want, have, place) ? [] : [differs(place, want)];
}

/** Differences in the order of the desired fields; none when the child is as it should be. */
export function differences(want: Fields, have: Fields): Difference[] {
  return compare(want, have, top);
}
