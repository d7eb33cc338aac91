// Whether the cluster serves a kind that is not its own, in the version that is used here: noticed when its definition comes,
// changes and goes.
import { z } from 'zod';
import {
  ApiError,
  Cache,
  ListWatch,
  resourceType,
  type KubeClient,
  type KubeObject,
  type ResourceType,
} from '../../kube/index.ts';
import { observedConditions } from '../model/observed-conditions.ts';

const definitionType = resourceType('apiextensions.k8s.io/v1', 'CustomResourceDefinition');
const definitionView = z.looseObject({
  spec: z.looseObject({
    group: z.string(),
    versions: z.array(z.looseObject({ name: z.string(), served: z.boolean() })),
  }),
  status: z.looseObject({ conditions: observedConditions.nullable() }).optional(),
});

export interface DefinitionOptions {
  readonly signal: AbortSignal;
  readonly onError: (error: unknown) => void;
  /** @param until aborted when the definition goes, or when all is over */
  readonly onServed: (until: AbortSignal) => Promise<void>;
  readonly onGone: () => void;
}

/** A definition may be there without the version that is used here. */
function isServed(object: KubeObject, { apiVersion }: ResourceType): boolean {
  const { spec, status } = definitionView.parse(object);
  const serves = spec.versions.some(({ name, served }) => served && `${spec.group}/${name}` === apiVersion);
  const conditions = status?.conditions ?? [];
  return serves && conditions.some((one) => one.type === 'Established' && one.status === 'True');
}

/**
 * Resolves when it is known whether the kind is served, and, if so, when `onServed` has.
 * @param definition name of the CustomResourceDefinition of the kind
 */
export async function watchDefinition(
  client: KubeClient,
  { type, definition: name }: { readonly type: ResourceType; readonly definition: string },
  { signal, onError, onServed, onGone }: DefinitionOptions,
): Promise<void> {
  const forbidden = new AbortController();
  const known = Promise.withResolvers<void>();
  let served: AbortController | undefined;
  let serving: Promise<void> = Promise.resolve();
  const watch = new ListWatch({
    client,
    type: definitionType,
    fieldSelector: `metadata.name=${name}`,
    cache: new Cache<boolean>(() => undefined),
    keep: (object) => isServed(object, type),
    signal: AbortSignal.any([signal, forbidden.signal]),
    onChange: (_, isKnown = false) => {
      if (isKnown && served === undefined) {
        served = new AbortController();
        serving = onServed(AbortSignal.any([signal, served.signal]));
      } else if (!isKnown && served !== undefined) {
        served.abort();
        served = undefined;
        onGone();
      }
    },
    onError: (error) => {
      if (!(error instanceof ApiError && error.status === 403)) return onError(error);
      // With rights in some namespaces alone, definitions cannot be seen: the kind is left out.
      forbidden.abort();
      known.resolve();
    },
  });
  void watch.run();
  await Promise.race([watch.synced, known.promise]);
  await serving;
}
