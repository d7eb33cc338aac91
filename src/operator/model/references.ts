// ConfigMaps and Secrets that a pod template uses, other than the operator's own.
import { z } from 'zod';
import { names } from '../../api/index.ts';

export const referenceKinds = ['ConfigMap', 'Secret'] as const;
export type ReferenceKind = (typeof referenceKinds)[number];

export interface Reference {
  readonly kind: ReferenceKind;
  readonly name: string;
  /** Whether pods start without it. */
  readonly optional: boolean;
}

/** `Secret/db` */
export type ReferenceId = `${ReferenceKind}/${string}`;

export const referenceId = ({ kind, name }: Reference): ReferenceId => `${kind}/${name}`;

const named = z.looseObject({ name: z.string(), optional: z.boolean().optional() }).optional().catch(undefined);
const secretVolume = z
  .looseObject({ secretName: z.string(), optional: z.boolean().optional() })
  .optional()
  .catch(undefined);
const list = <T extends z.ZodType>(item: T): z.ZodCatch<z.ZodDefault<z.ZodArray<T>>> =>
  z.array(item).default([]).catch([]);

const container = z.looseObject({
  env: list(z.looseObject({ valueFrom: z.looseObject({ configMapKeyRef: named, secretKeyRef: named }).optional() })),
  envFrom: list(z.looseObject({ configMapRef: named, secretRef: named })),
});
const projected = z.looseObject({ sources: list(z.looseObject({ configMap: named, secret: named })) });

/** Whatever is not of this shape is the API server's to refuse. */
const template = z.looseObject({
  metadata: z.looseObject({ labels: z.record(z.string(), z.string()).optional() }).optional(),
  spec: z.looseObject({
    containers: list(container),
    initContainers: list(container),
    volumes: list(
      z.looseObject({ name: z.string(), configMap: named, secret: secretVolume, projected: projected.optional() }),
    ),
  }),
});

type Named = z.output<typeof named>;

/** Each once, in the order of their ids. */
export function referencesOf(podTemplate: unknown): Reference[] {
  const { spec } = template.parse(podTemplate);
  const found: Reference[] = [];
  const note = (kind: ReferenceKind, of: Named): void => {
    if (of !== undefined) found.push({ kind, name: of.name, optional: of.optional === true });
  };
  for (const { env, envFrom } of [...spec.initContainers, ...spec.containers]) {
    for (const { valueFrom } of env) {
      note('ConfigMap', valueFrom?.configMapKeyRef);
      note('Secret', valueFrom?.secretKeyRef);
    }
    for (const { configMapRef, secretRef } of envFrom) {
      note('ConfigMap', configMapRef);
      note('Secret', secretRef);
    }
  }
  for (const volume of spec.volumes) {
    // Theirs have names of their own, or are meant to change under running pods.
    if (names.ownVolumes.has(volume.name)) continue;
    note('ConfigMap', volume.configMap);
    note('Secret', volume.secret && { ...volume.secret, name: volume.secret.secretName });
    for (const { configMap, secret } of volume.projected?.sources ?? []) {
      note('ConfigMap', configMap);
      note('Secret', secret);
    }
  }
  // Where one use demands it, pods do not start without it.
  const byId = Map.groupBy(found, referenceId);
  return [...byId.keys()].toSorted().flatMap((id) => {
    const [first, ...others] = byId.get(id) ?? [];
    return first === undefined ? [] : [{ ...first, optional: [first, ...others].every((one) => one.optional) }];
  });
}
