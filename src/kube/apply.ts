// The only place that applies and removes objects: server-side apply with a named field manager, the status separately.
import type { KubeClient } from './client.ts';
import { isKubeObject, path, type KubeObject, type ResourceType } from './objects.ts';

export interface ApplyOptions {
  readonly fieldManager: string;
  /** Take over fields that others own. */
  readonly force: boolean;
  /** Called with each warning about the object. */
  readonly onWarning?: (text: string) => void;
}

const applyPatch = 'application/apply-patch+yaml';

function query({ fieldManager, force }: Pick<ApplyOptions, 'fieldManager' | 'force'>): Record<string, string> {
  return { fieldManager, force: String(force), fieldValidation: 'Strict' };
}

/** Creates or changes the object so that every field given is as given. */
export async function apply(
  client: KubeClient,
  type: ResourceType,
  object: KubeObject,
  options: ApplyOptions,
): Promise<KubeObject> {
  const { name, namespace } = object.metadata;
  const body = { ...object, apiVersion: type.apiVersion, kind: type.kind };
  const answer = await client.json({
    method: 'PATCH',
    path: path(type, namespace, name),
    query: query(options),
    body,
    contentType: applyPatch,
    ...(options.onWarning && { onWarning: options.onWarning }),
  });
  if (!isKubeObject(answer)) throw new TypeError(`the answer to applying ${type.kind} ${name} is no object`);
  return answer;
}

/**
 * Changes exactly the object that was seen: what was decided by it must not arrive late, over somebody's edit or from a process
 * that was held up on its way.
 * @throws ApiError 409 when the object has another version by now
 */
export function applyTo(
  client: KubeClient,
  type: ResourceType,
  { object, seen }: { readonly object: KubeObject; readonly seen: KubeObject },
  options: ApplyOptions,
): Promise<KubeObject> {
  const { resourceVersion } = seen.metadata;
  if (resourceVersion === undefined) throw new TypeError(`${type.kind} ${seen.metadata.name} has no version`);
  return apply(client, type, { ...object, metadata: { ...object.metadata, resourceVersion } }, options);
}

/** No object has it: etcd counts from there. */
const versionOfNone = '1';

/**
 * Creates the object, and leaves alone what has its name. Apply has no word for that, but the version of an object that is
 * not there yet is not looked at, and that of one that is has to match.
 * @throws ApiError 409 when there is an object of this name
 */
export function applyNew(
  client: KubeClient,
  type: ResourceType,
  object: KubeObject,
  options: ApplyOptions,
): Promise<KubeObject> {
  return apply(client, type, { ...object, metadata: { ...object.metadata, resourceVersion: versionOfNone } }, options);
}

/** The same for the status subresource. */
export async function applyStatus(
  client: KubeClient,
  type: ResourceType,
  target: { readonly namespace: string; readonly name: string; readonly status: unknown },
  fieldManager: string,
): Promise<KubeObject> {
  const { namespace, name, status } = target;
  const answer = await client.json({
    method: 'PATCH',
    path: `${path(type, namespace, name)}/status`,
    query: query({ fieldManager, force: true }),
    body: { apiVersion: type.apiVersion, kind: type.kind, metadata: { name, namespace }, status },
    contentType: applyPatch,
  });
  if (!isKubeObject(answer)) throw new TypeError(`the answer to the status of ${type.kind} ${name} is no object`);
  return answer;
}

export interface Removal {
  /** RFC 6901 */
  readonly pointer: string;
  /** What takes the place; undefined for nothing. */
  readonly instead?: unknown;
}

const operation = ({ pointer, instead }: Removal): object =>
  instead === undefined ? { op: 'remove', path: pointer } : { op: 'replace', path: pointer, value: instead };

/**
 * That the indexes of the removals are still those of the object as it was seen. A Deployment's status changes all the time
 * while its pods come and go, and moves nothing in its spec.
 */
function unchanged({ metadata }: KubeObject, removals: readonly Removal[]): readonly object[] {
  const { uid, generation, resourceVersion } = metadata;
  if (generation === undefined || !removals.every(({ pointer }) => pointer.startsWith('/spec/'))) {
    return [{ op: 'test', path: '/metadata/resourceVersion', value: resourceVersion }];
  }
  return [
    { op: 'test', path: '/metadata/uid', value: uid },
    { op: 'test', path: '/metadata/generation', value: generation },
  ];
}

/**
 * Takes fields out that somebody else has added; apply cannot, because it leaves alone what others own.
 * @param removals carried out last to first so that indexes stay right
 */
export async function removePaths(
  client: KubeClient,
  type: ResourceType,
  object: KubeObject,
  removals: readonly Removal[],
): Promise<KubeObject> {
  const { name, namespace } = object.metadata;
  const body = [
    ...unchanged(object, removals),
    // The last one first, in the order of the object itself: what is removed moves what comes after it.
    ...[...new Map(removals.map((one) => [one.pointer, one])).values()]
      .toSorted((a, b) => b.pointer.localeCompare(a.pointer, 'en', { numeric: true }))
      .map(operation),
  ];
  const answer = await client.json({
    method: 'PATCH',
    path: path(type, namespace, name),
    body,
    contentType: 'application/json-patch+json',
  });
  if (!isKubeObject(answer)) throw new TypeError(`the answer to patching ${type.kind} ${name} is no object`);
  return answer;
}

/**
 * Deletes exactly this object as it was seen: one that was made anew under its name, or changed meanwhile, stays.
 * @param propagationPolicy what becomes of the objects that it owns
 */
export async function remove(
  client: KubeClient,
  type: ResourceType,
  object: KubeObject,
  propagationPolicy: 'Background' | 'Orphan' = 'Background',
): Promise<void> {
  const { name, namespace, uid, resourceVersion } = object.metadata;
  await client.json({
    method: 'DELETE',
    path: path(type, namespace, name),
    body: {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      propagationPolicy,
      preconditions: { uid, resourceVersion },
    },
  });
}
