// Building blocks of the schema: Kubernetes' own shapes where a field has one, everything bounded so that CEL stays
// within its cost.
import { z } from 'zod';

/**
 * How a change of the field reaches running pods: taken over by them (`live`), by a new pod template (`roll`), or it
 * touches no pod (`outside`).
 */
export type FieldClass = 'live' | 'roll' | 'outside';

/**
 * How server-side apply merges a list of several managers: as one value (`atomic`), as a set of scalars, or item by item,
 * told apart by a field that every item has.
 */
export type ListType = 'atomic' | 'set' | { readonly by: string };

type ListMeta = {
  'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  'x-kubernetes-list-map-keys'?: string[];
};

type FieldMeta = ListMeta & { description: string; fieldClass: FieldClass };

/** A list type in the words of the CRD. */
export function listMeta(list: ListType): ListMeta {
  return typeof list === 'string'
    ? { 'x-kubernetes-list-type': list }
    : { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [list.by] };
}

/**
 * Metadata of one field: its description, its class, and for a list how it is merged. The class appears in the generated
 * reference only.
 */
export function about(fieldClass: FieldClass, description: string, list?: ListType): FieldMeta {
  return { description, fieldClass, ...(list && listMeta(list)) };
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** A duration such as `30s` or `1m30s`, as Go and CEL write them. */
export const duration = (): z.ZodString =>
  z
    .string()
    .max(16)
    .regex(/^([0-9]+(ms|s|m|h))+$/);

/** @param text a string that `duration()` has accepted */
export function milliseconds(text: string): number {
  let total = 0;
  for (const [, number, unit] of text.matchAll(/([0-9]+)(ms|s|m|h)/g))
    total += Number(number) * (units[unit ?? ''] ?? 0);
  return total;
}

/** As far as any cluster goes: a petabyte. */
const largestNumber = 1_000_000_000_000_000;

/** A quantity in every notation that Kubernetes has, a bare number included: YAML reads `cpu: 0.5` and `1e3` as such. */
export const quantity = (): z.ZodUnion<[z.ZodNumber, z.ZodString]> =>
  z.union([
    z.number().min(0).max(largestNumber),
    z
      .string()
      .max(64)
      .regex(/^\+?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3}|[numkMGTPE]|[KMGTPE]i)?$/),
  ]);

/** The largest number of a Kubernetes field that is an int32, as numbers of pods are. */
export const int32 = 2_147_483_647;

/** A number of things that are counted. */
export const count = (): z.ZodInt => z.int().min(0).max(int32);

/** A generation of an object: an int64, within what JSON carries exactly. */
export const generation = (): z.ZodInt => z.int().min(0).max(largestNumber);

export const hostName = () =>
  z
    .string()
    .max(253)
    .regex(/^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);

/** Longest value of an annotation: all annotations of an object together may have 256 KiB. */
const longestAnnotations = 262_144;

export const portNumber = (): z.ZodInt => z.int().min(1).max(65_535);

export const portName = (): z.ZodString =>
  z
    .string()
    .max(15)
    .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);

/** Labels of an object. */
export const labelMap = (): z.ZodRecord<z.ZodString, z.ZodString> => z.record(z.string().max(317), z.string().max(63));

/** Annotations of an object, as many and as long as Kubernetes has them. */
export const annotationMap = (): z.ZodRecord<z.ZodString, z.ZodString> =>
  z.record(z.string().max(317), z.string().max(longestAnnotations)).meta({ maxProperties: 1_024 });

const objectName = (): z.ZodString => z.string().min(1).max(253);

/** A container whose inner fields the API server checks when the Deployment is applied. */
export const container = z.looseObject({
  name: z.string().min(1).max(63).meta({ description: 'Name of the container.' }),
});

export const localObjectReference = z.object({
  name: objectName().meta({ description: 'Name of the Secret.' }),
});

const amounts = (description: string) => z.record(z.string().max(317), quantity()).optional().meta({ description });

export const resources = z.object({
  requests: amounts('Amounts that are reserved for the container on its node, such as cpu and memory.'),
  limits: amounts('Largest amounts that the container may use.'),
});
