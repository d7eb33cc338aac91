// Objects of Kubernetes without a type of their own, field by field.

export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object's own field: `constructor` and the like may be the names of labels, and every object inherits those. */
export function fieldOf(fields: Fields, key: string): unknown {
  return Object.hasOwn(fields, key) ? fields[key] : undefined;
}

/** What items of a list are told apart by, in the order of preference. */
const itemKeys = ['mountPath', 'name', 'topologyKey'] as const;

/** The field that tells all these items apart, undefined when there is none. */
export function itemKey(items: readonly unknown[]): (typeof itemKeys)[number] | undefined {
  return itemKeys.find((key) => items.every((item) => isFields(item) && typeof item[key] === 'string'));
}
