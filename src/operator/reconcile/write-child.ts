// Writes one child, and turns a refusal into a Problem that a user can act on.
import { names, reasons } from '../../api/index.ts';
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
import type { Problem } from '../status/problems.ts';
import { applyDeployment, newDeployment } from './replicas.ts';

/** An object of the child's name exists and belongs to somebody else. */
class ForeignChild extends Error {
  constructor(child: Child) {
    super(`${child.kind} ${child.metadata.name} exists and is not this AppServer's`);
    this.name = 'ForeignChild';
  }
}

/** An object of the child's name is on its way out: what is written to it goes with it. */
class TerminatingChild extends Error {
  readonly object: KubeObject;
  constructor(object: KubeObject) {
    super(`${object.kind} ${object.metadata.name} is being deleted`);
    this.name = 'TerminatingChild';
    this.object = object;
  }
}

/** What has the child's name may become the child, and not yet: requests reach other pods by it, or it is about to go. */
export class AdoptionWaits extends Error {
  /** What is to go before the child can be created; undefined where time alone is waited for. */
  readonly replaced: KubeObject | undefined;
  constructor(child: Child, replaced?: KubeObject) {
    super(`${child.kind} ${child.metadata.name} is not adopted yet`);
    this.name = 'AdoptionWaits';
    this.replaced = replaced;
  }
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

/** @returns the conflict when there is an object of this name, or seems to be */
async function createChild(client: KubeClient, child: Child): Promise<KubeObject | ApiError> {
  const object = child.kind === 'Deployment' ? newDeployment(child) : child;
  try {
    return await applyNew(client, childTypes[child.kind], object, owner);
  } catch (error) {
    if (error instanceof ApiError && error.status === 409) return error;
    throw error;
  }
}

/** Ours, and not seen yet: made just now, by another operator perhaps. What is done about it is decided when it is known. */
export class UnseenChild extends ApiError {
  readonly object: KubeObject;
  constructor(object: KubeObject) {
    super(409, 'Conflict', `${object.kind} ${object.metadata.name} has not been seen yet`);
    this.name = 'UnseenChild';
    this.object = object;
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

/**
 * What the cache does not have, because it lacks our label.
 * @throws ForeignChild, TerminatingChild, UnseenChild or AdoptionWaits
 */
async function findOwn(
  client: KubeClient,
  { child, conflict }: { readonly child: Child; readonly conflict: ApiError },
  facts: Facts,
): Promise<KubeObject> {
  const { app } = facts;
  const found = await readInTheWay(client, child, conflict);
  if (!isKubeObject(found) || !isOwn(found, child, app)) throw new ForeignChild(child);
  const isListed = found.metadata.labels?.[names.managedByLabel] === names.fieldManager;
  if (isListed && belongsTo(found, app)) throw new UnseenChild({ ...found, kind: child.kind });
  const { deletionTimestamp, finalizers = [] } = found.metadata;
  if (deletionTimestamp !== undefined) {
    if (finalizers.includes(orphaning)) throw new AdoptionWaits(child);
    throw new TerminatingChild({ ...found, kind: child.kind });
  }
  const adoption = adoptionOf(found, child, facts);
  if (adoption === 'adopt') return found;
  throw new AdoptionWaits(child, adoption === 'replace' ? { ...found, kind: child.kind } : undefined);
}

/** What cannot go before what takes its place is there stays for the next look, which is after this write. */
async function withoutAdded(
  client: KubeClient,
  type: ResourceType,
  observed: KubeObject,
  added: readonly Removal[],
): Promise<KubeObject> {
  try {
    return await removePaths(client, type, observed, added);
  } catch (error) {
    if (error instanceof ApiError && error.status === 422) return observed;
    throw error;
  }
}

/** The child as it has been created, or what there is under its name and may become it. */
async function createOrFind(
  client: KubeClient,
  facts: Facts,
  child: Child,
): Promise<{ readonly created: KubeObject } | { readonly observed: KubeObject }> {
  const answer = await createChild(client, child);
  if (!(answer instanceof ApiError)) return { created: answer };
  return { observed: await findOwn(client, { child, conflict: answer }, facts) };
}

/** Makes the child as it should be, and returns it as the API server has it then. */
export async function writeChild(client: KubeClient, facts: Facts, write: Write): Promise<KubeObject> {
  const { child, found } = write;
  const type = childTypes[child.kind];
  const target = write.observed === undefined ? await createOrFind(client, facts, child) : { observed: write.observed };
  if ('created' in target) return target.created;
  const { observed } = target;
  const added = found.flatMap(({ added: pointer, instead }) => (pointer === undefined ? [] : [{ pointer, instead }]));
  const present = added.length > 0 ? await withoutAdded(client, type, observed, added) : observed;
  if (child.kind === 'Deployment') return applyDeployment(client, child, present);
  return applyTo(client, type, { object: child, seen: present }, owner);
}

/** What waits until an object is gone, for the AppServer's condition. */
export function terminatingProblem({ kind, metadata }: KubeObject): Problem {
  const { finalizers = [] } = metadata;
  const held = finalizers.length === 0 ? '' : `; it waits for ${finalizers.slice(0, 3).join(', ')}`;
  return {
    reason: reasons.ChildTerminating,
    message: `${kind} ${metadata.name} is being deleted, and is made anew once it is gone${held}.`,
    stalled: false,
  };
}

/** Why a child that is no longer wanted is still there. */
export function pruneProblem({ kind, metadata }: KubeObject, { status, message }: ApiError): Problem {
  const cause = message.replace(/\.$/, '');
  const what = `${kind} ${metadata.name} is no longer wanted and could not be deleted: ${cause}`;
  if (status !== 403) return { reason: reasons.ChildFailed, message: `${what}; it is tried again.`, stalled: false };
  return {
    reason: reasons.ChildForbidden,
    message: `${what}; delete it yourself, or let the operator's service account do so.`,
    stalled: true,
  };
}

/** Why a write failed, for the AppServer's condition; undefined for what passes when it is tried again. */
export function writeProblem(child: Child, error: unknown): Problem | undefined {
  const what = `${child.kind} ${child.metadata.name}`;
  if (error instanceof ForeignChild) {
    return {
      reason: reasons.ChildConflict,
      message: `${error.message}; delete or rename that ${child.kind}, annotate it with ${names.adoptAnnotation}: ${child.metadata.labels?.[names.instanceLabel] ?? ''}, or give the AppServer another name.`,
      stalled: true,
    };
  }
  if (error instanceof TerminatingChild) return terminatingProblem(error.object);
  if (!(error instanceof ApiError)) return undefined;
  const cause = error.message.replace(/\.$/, '');
  if (error.status === 403 && cause.includes('exceeded quota')) {
    return {
      reason: reasons.QuotaExceeded,
      message: `${what} is refused by the namespace's quota: ${cause}; raise the ResourceQuota.`,
      stalled: true,
    };
  }
  if (error.status === 403) {
    return {
      reason: reasons.ChildForbidden,
      message: `The operator may not write ${what}: ${cause}; give its service account this right, as the Helm chart does.`,
      stalled: true,
    };
  }
  if (error.status === 422 && cause.includes('field is immutable')) {
    return {
      reason: reasons.ChildInvalid,
      message: `${what} is refused: ${cause}; delete that ${child.kind}, and it is created anew.`,
      stalled: true,
    };
  }
  // What has no such field, or names a thing twice, is refused before it is validated, with a status of its own.
  if (error.status === 422 || error.status === 400 || cause.includes('failed to create typed patch object')) {
    return {
      reason: reasons.ChildInvalid,
      message: `${what} is refused: ${cause}; correct the field of the AppServer's spec that it comes from.`,
      stalled: true,
    };
  }
  return {
    reason: reasons.ChildFailed,
    message: `${what} could not be written: ${cause}; it is tried again.`,
    stalled: false,
  };
}
