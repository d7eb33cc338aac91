// What of a child is not as desired, without asking whose field it is: each desired field is compared with what is there.
// Fields that only the API server or other controllers set are left alone, but for lists and maps that mean exactly what
// they hold, such as the containers of a pod or the selector of a Service.

import { isFields, itemKey, type Fields } from '../model/unstructured.ts';
import { quantity } from '../model/quantity.ts';

export interface Difference {
  /** For people: `spec.template.spec.containers[app].image`. */
  readonly path: string;
  /** JSON pointer of what somebody has added and is to be removed; undefined for a value that is to be set. */
  readonly added: string | undefined;
}

/** Maps in which one more key changes what the object does. */
const exactMaps = new Set(['selector', 'matchLabels', 'data']);

interface Place {
  readonly path: string;
  readonly pointer: string;
  /** Name of the nearest field. */
  readonly field: string;
  readonly insideResources: boolean;
}

function inside(place: Place, field: string): Place {
  return {
    path: place.path === '' ? field : `${place.path}.${field}`,
    pointer: `${place.pointer}/${field.replaceAll('~', '~0').replaceAll('/', '~1')}`,
    field,
    insideResources: place.insideResources || field === 'resources',
  };
}

/** Objects that mean something by being there, though there is nothing in them. */
const meaningfulWhenEmpty = new Set(['emptyDir', 'podSelector', 'namespaceSelector']);

/** The API server leaves fields out that have their type's zero value. */
function isZero(value: unknown, field: string): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (isFields(value)) return Object.keys(value).length === 0 && !meaningfulWhenEmpty.has(field);
  return value === '' || value === false || value === 0 || value === null;
}

function sameScalar(want: unknown, have: unknown, place: Place): boolean {
  if (want === have || (have === undefined && isZero(want, place.field))) return true;
  return place.insideResources && quantity(want) !== undefined && quantity(want) === quantity(have);
}

/** The API server will refuse what is not, and this must not have it applied again and again until then. */
function isUnique(items: readonly unknown[], key: string): boolean {
  return new Set(items.map((item) => (isFields(item) ? item[key] : undefined))).size === items.length;
}

function compareLists(want: readonly unknown[], have: readonly unknown[], place: Place): Difference[] {
  const key = itemKey([...want, ...have]);
  if (key === undefined || !isUnique(want, key)) {
    if (want.length !== have.length) return [{ path: place.path, added: undefined }];
    return want.flatMap((item, i) =>
      compare(item, have[i], { ...place, path: `${place.path}[${i}]`, pointer: `${place.pointer}/${i}` }),
    );
  }
  const nameOf = (item: unknown): string => (isFields(item) ? String(item[key]) : '');
  const wanted = new Set(want.map(nameOf));
  const missingOrChanged = want.flatMap((item) => {
    const name = nameOf(item);
    const index = have.findIndex((one) => nameOf(one) === name);
    return compare(item, have[index], {
      ...place,
      path: `${place.path}[${name}]`,
      pointer: `${place.pointer}/${index}`,
    });
  });
  const added = have.flatMap((item, i): Difference[] => {
    const name = nameOf(item);
    return wanted.has(name) ? [] : [{ path: `${place.path}[${name}]`, added: `${place.pointer}/${i}` }];
  });
  return [...missingOrChanged, ...added];
}

function compareFields(want: Fields, have: Fields, place: Place): Difference[] {
  const changed = Object.entries(want).flatMap(([field, value]) =>
    value === undefined ? [] : compare(value, have[field], inside(place, field)),
  );
  if (!exactMaps.has(place.field)) return changed;
  const added = Object.keys(have).filter((field) => want[field] === undefined);
  // A selector of the policy/v1 and apps/v1 kind is an object of its own shape, not the map itself.
  if (isFields(want['matchLabels'])) return changed;
  return [
    ...changed,
    ...added.map((field) => ({ path: inside(place, field).path, added: inside(place, field).pointer })),
  ];
}

function compare(want: unknown, have: unknown, place: Place): Difference[] {
  if (Array.isArray(want) && Array.isArray(have)) return compareLists(want, have, place);
  if (isFields(want) && isFields(have)) return compareFields(want, have, place);
  return sameScalar(want, have, place) ? [] : [{ path: place.path, added: undefined }];
}

/** Differences in the order of the desired fields; none when the child is as it should be. */
export function differences(want: Fields, have: Fields): Difference[] {
  return compare(want, have, { path: '', pointer: '', field: '', insideResources: false });
}
