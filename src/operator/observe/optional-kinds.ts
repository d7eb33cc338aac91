// Whether the cluster serves a kind that is not its own, in the version that is used here. Where the operator may watch
// CustomResourceDefinitions, it notices at once when one comes, changes or goes. With rights in some namespaces alone it may not,
// and asks discovery now and then instead, which every account may do.
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import {
  ApiError,
  backoffMs,
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
const discovered = z.looseObject({ resources: z.array(z.looseObject({ name: z.string() })) });

const discoverEveryMs = 60_000;
const retry = { baseMs: 1_000, capMs: discoverEveryMs };

export interface OptionalKindOptions {
  readonly client: KubeClient;
  readonly type: ResourceType;
  /** Name of its CustomResourceDefinition. */
  readonly definition: string;
  readonly signal: AbortSignal;
  readonly onError: (error: unknown) => void;
  /** @param until aborted when the kind goes, or when all is over */
  readonly onServed: (until: AbortSignal) => Promise<void>;
  readonly onGone: () => void;
  /** Between two looks at discovery. Default: a pause that does not keep the process alive */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

/** A definition may be there without the version that is used here. */
function isServed(object: KubeObject, { apiVersion }: ResourceType): boolean {
  const { spec, status } = definitionView.parse(object);
  const serves = spec.versions.some(({ name, served }) => served && `${spec.group}/${name}` === apiVersion);
  const conditions = status?.conditions ?? [];
  return serves && conditions.some((one) => one.type === 'Established' && one.status === 'True');
}

/** Resolves when it is known whether the kind is served, and, if so, when `onServed` has. */
export async function followOptionalKind(options: OptionalKindOptions): Promise<void> {
  const { client, type, definition, signal, onError } = options;
  const forbidden = new AbortController();
  const serving = new Serving(options);
  const discovery = Promise.withResolvers<void>();
  const watch = new ListWatch({
    client,
    type: definitionType,
    fieldSelector: `metadata.name=${definition}`,
    cache: new Cache<boolean>(() => undefined),
    keep: (object) => isServed(object, type),
    signal: AbortSignal.any([signal, forbidden.signal]),
    onChange: (_, isKnown = false) => serving.set(isKnown),
    onError: (error) => {
      if (!(error instanceof ApiError && error.status === 403)) return onError(error);
      if (forbidden.signal.aborted) return;
      forbidden.abort();
      void pollDiscovery(options, serving, () => discovery.resolve());
    },
  });
  void watch.run();
  await Promise.race([watch.synced, discovery.promise]);
  await serving.filled;
}

/** Whether the kind is served just now, as far as its objects are watched. */
class Serving {
  readonly #options: OptionalKindOptions;
  #until: AbortController | undefined;
  /** Settled when `onServed` is. */
  filled: Promise<void> = Promise.resolve();

  constructor(options: OptionalKindOptions) {
    this.#options = options;
  }

  set(served: boolean): void {
    const { signal, onServed, onGone } = this.#options;
    if (served && this.#until === undefined) {
      this.#until = new AbortController();
      this.filled = onServed(AbortSignal.any([signal, this.#until.signal]));
    } else if (!served && this.#until !== undefined) {
      this.#until.abort();
      this.#until = undefined;
      onGone();
    }
  }
}

/** @param onKnown called each time that discovery has answered */
async function pollDiscovery(options: OptionalKindOptions, serving: Serving, onKnown: () => void): Promise<void> {
  const { signal, onError, pause = pauseUnreferenced } = options;
  let failures = 0;
  while (!signal.aborted) {
    try {
      serving.set(await isDiscovered(options));
      failures = 0;
      onKnown();
    } catch (error) {
      if (signal.aborted) return;
      onError(error);
      failures++;
    }
    await pause(failures === 0 ? discoverEveryMs : backoffMs(failures - 1, retry, 1), signal);
  }
}

async function isDiscovered({ client, type, signal }: OptionalKindOptions): Promise<boolean> {
  try {
    const answer = await client.json({ method: 'GET', path: `/apis/${type.apiVersion}`, signal });
    return discovered.parse(answer).resources.some(({ name }) => name === type.plural);
  } catch (error) {
    // The group or the version is not known.
    if (error instanceof ApiError && error.status === 404) return false;
    throw error;
  }
}

async function pauseUnreferenced(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { ref: false, signal }).catch(() => undefined);
}
