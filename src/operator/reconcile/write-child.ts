// Writes one child, and turns what comes of it into a value.
import { names } from '../../api/index.ts';
import {
  ApiError,
  applyNew,
  applyTo,
  isKubeObject,
  path,
  removePaths,
  type Removal,
  type KubeClient,
  type KubeObject,
  type ResourceType,
} from '../../kube/index.ts';
import { adoptionOf, isOffered } from '../decide/adoption.ts';
import type { Write } from '../decide/plan.ts';
import type { Child, Facts } from '../model/facts.ts';
import { belongsTo, controllerOf, type AppServerIdentity } from '../model/identity.ts';
import { childTypes } from '../model/kinds.ts';
import type { Problem } from '../status/problem.ts';
import { applyDeployment, newDeployment } from './replicas.ts';
import { nameConflict, terminatingProblem, writeProblem } from './write-problem.ts';

/** What came of a write. What is no answer of the API server is thrown. */
export type Written =
  /** It is as it should be; `object` as the API server has it then. */
  | { readonly kind: 'written'; readonly object: KubeObject }
  /** What others had added to it has been taken out, and nothing else is to be done. */
  | { readonly kind: 'cleared'; readonly object: KubeObject }
  /** It is another than the one that was decided on: that is decided again. `seen` is what is there now, as far as it was read. */
  | { readonly kind: 'outdated'; readonly cause: ApiError; readonly seen?: KubeObject }
  /**
   * What has the child's name may become the child, and not yet: requests reach other pods by it, or it is about to go.
   * `replaced` is to go before the child can be created; without, time alone is waited for.
   */
  | { readonly kind: 'waiting'; readonly replaced?: KubeObject }
  | { readonly kind: 'refused'; readonly problem: Problem; readonly cause?: ApiError };

export interface WriteOptions {
  readonly client: KubeClient;
  readonly facts: Facts;
  /** Called with what the API server warns of. */
  readonly onWarning: (text: string) => void;
}

/**
 * Whether an object that exists may become the child: it is the AppServer's already; or nobody's and marked as a child
 * of an AppServer of this name, as one is whose owner reference was taken off or that was orphaned on purpose; or nobody's
 * and marked as one that may be taken over.
 */
function isOwn(found: KubeObject, child: Child, app: AppServerIdentity): boolean {
  if (controllerOf(found) !== undefined) return belongsTo(found, app);
  if (isOffered(found, app.metadata.name)) return true;
  return Object.entries(child.metadata.labels ?? {}).every(
    ([label, value]) => found.metadata.labels?.[label] === value,
  );
}

const owner = { fieldManager: names.fieldManager, force: true } as const;

/** What is there under the child's name. */
type Found =
  { readonly kind: 'own'; readonly object: KubeObject } | Exclude<Written, { readonly kind: 'written' | 'cleared' }>;

/** @returns the conflict when there is an object of this name, or seems to be */
async function createChild({ client, onWarning }: WriteOptions, child: Child): Promise<KubeObject | ApiError> {
  const object = child.kind === 'Deployment' ? newDeployment(child) : child;
  try {
    return await applyNew(client, childTypes[child.kind], object, { ...owner, onWarning });
  } catch (error) {
    if (error instanceof ApiError && error.status === 409) return error;
    throw error;
  }
}

/** Of the deletion that leaves what an object owns: the garbage collector removes it within moments. */
const orphaning = 'orphan';

/**
 * The object in the way of a creation, or the conflict where there is none: it has gone meanwhile, or the conflict is about
 * something else, a ResourceQuota that many change at once for one.
 */
async function readInTheWay(client: KubeClient, { kind, metadata }: Child, conflict: ApiError): Promise<unknown> {
  try {
    return await client.json({ method: 'GET', path: path(childTypes[kind], metadata.namespace, metadata.name) });
  } catch (error) {
    throw error instanceof ApiError && error.status === 404 ? conflict : error;
  }
}

/** What the cache does not have, because it lacks our label or is new. */
async function findOwn({ client, facts }: WriteOptions, child: Child, conflict: ApiError): Promise<Found> {
  const { app } = facts;
  const { name } = child.metadata;
  const answer = await readInTheWay(client, child, conflict);
  if (!isKubeObject(answer) || !isOwn(answer, child, app)) return { kind: 'refused', problem: nameConflict(child) };
  const object = { ...answer, kind: child.kind };
  const isListed = object.metadata.labels?.[names.managedByLabel] === names.fieldManager;
  if (isListed && belongsTo(object, app)) {
    // Made just now, by another operator perhaps. What is done about it is decided when it is known.
    const cause = new ApiError(409, 'Conflict', `${child.kind} ${name} has not been seen yet`);
    return { kind: 'outdated', seen: object, cause };
  }
  const { deletionTimestamp, finalizers = [] } = object.metadata;
  if (deletionTimestamp !== undefined) {
    if (finalizers.includes(orphaning)) return { kind: 'waiting' };
    return { kind: 'refused', problem: terminatingProblem(object) };
  }
  switch (adoptionOf(object, child, facts)) {
    case 'adopt':
      return { kind: 'own', object };
    case 'replace':
      return { kind: 'waiting', replaced: object };
    case 'wait':
      return { kind: 'waiting' };
  }
}

/** Undefined where something cannot go before what takes its place is there: it stays for the next look, after this write. */
async function withoutAdded(
  client: KubeClient,
  type: ResourceType,
  observed: KubeObject,
  added: readonly Removal[],
): Promise<KubeObject | undefined> {
  try {
    return await removePaths(client, type, observed, added);
  } catch (error) {
    if (error instanceof ApiError && error.status === 422) return undefined;
    throw error;
  }
}

/** The child as it has been created, or what there is under its name and may become it. */
async function createOrFind(options: WriteOptions, child: Child): Promise<Found | Written> {
  const answer = await createChild(options, child);
  return answer instanceof ApiError ? findOwn(options, child, answer) : { kind: 'written', object: answer };
}

async function attempt(options: WriteOptions, write: Write): Promise<Written> {
  const { client, onWarning } = options;
  const { child, differences, observed } = write;
  const type = childTypes[child.kind];
  const known =
    observed === undefined ? await createOrFind(options, child) : ({ kind: 'own', object: observed } as const);
  if (known.kind !== 'own') return known;
  const added = differences.flatMap(({ added: pointer, instead }) =>
    pointer === undefined ? [] : [{ pointer, instead }],
  );
  const left = added.length > 0 ? await withoutAdded(client, type, known.object, added) : undefined;
  // Each further write can meet a change of the status, which costs the whole repair.
  if (left !== undefined && write.why === 'repaired' && added.length === differences.length) {
    return { kind: 'cleared', object: left };
  }
  const seen = left ?? known.object;
  const how = { ...owner, onWarning };
  const object =
    child.kind === 'Deployment'
      ? await applyDeployment(client, child, seen, how)
      : await applyTo(client, type, { object: child, seen }, how);
  return { kind: 'written', object };
}

/** Makes the child as it should be. */
export async function writeChild(options: WriteOptions, write: Write): Promise<Written> {
  try {
    return await attempt(options, write);
  } catch (cause) {
    if (!(cause instanceof ApiError)) throw cause;
    // Deleted or changed meanwhile, perhaps with its namespace: the watch brings the change and the next reconcile sees it.
    if (cause.status === 409 || cause.status === 404) return { kind: 'outdated', cause };
    return { kind: 'refused', problem: writeProblem(options.facts.app, write.child, cause), cause };
  }
}
