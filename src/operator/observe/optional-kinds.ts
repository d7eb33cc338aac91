// Whether the cluster knows a kind that is not its own: noticed when its definition comes and when it goes.
import { z } from 'zod';
import { ApiError, Cache, ListWatch, resourceType, type KubeClient, type KubeObject } from '../../kube/index.ts';
import { observedConditions } from '../model/observed-conditions.ts';

const definitionType = resourceType('apiextensions.k8s.io/v1', 'CustomResourceDefinition');
const definitionView = z.looseObject({
  status: z.looseObject({ conditions: observedConditions.nullable() }).optional(),
});

export interface DefinitionOptions {
  readonly signal: AbortSignal;
  readonly onError: (error: unknown) => void;
  /** @param until aborted when the definition goes, or when all is over */
  readonly onServed: (until: AbortSignal) => Promise<void>;
  readonly onGone: () => void;
}

function isEstablished(object: KubeObject): boolean {
  const { conditions } = definitionView.parse(object).status ?? {};
  return (conditions ?? []).some(({ type, status }) => type === 'Established' && status === 'True');
}

/** Resolves when it is known whether there is a definition of this name, and, if so, what there is of its kind. */
export async function watchDefinition(
  client: KubeClient,
  name: string,
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
    keep: isEstablished,
    signal: AbortSignal.any([signal, forbidden.signal]),
    onChange: (_, established = false) => {
      if (established && served === undefined) {
        served = new AbortController();
        serving = onServed(AbortSignal.any([signal, served.signal]));
      } else if (!established && served !== undefined) {
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
