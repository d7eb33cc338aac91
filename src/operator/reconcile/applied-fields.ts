// Whose doing it is where a child is not literally as it was applied. Field managers are not kept, being most of an object's
// size, so the object is read once for each version of it that differs, and what came of it is remembered.
import type { AppServer } from '../../api/index.ts';
import { ApiError, isKubeObject, path, type KubeClient, type KubeObject } from '../../kube/index.ts';
import { markOf } from '../children/stamp.ts';
import { differences } from '../decide/difference.ts';
import { changes, drift, isMarkedByUs } from '../decide/drift.ts';
import type { Examined, Step, Write } from '../decide/plan.ts';
import type { Child } from '../model/facts.ts';
import { childrenOf, type OwnedChild } from '../model/identity.ts';
import { stripManagedFields } from '../model/kept-object.ts';
import { childTypes } from '../model/kinds.ts';

/** What is known of a child's fields. */
interface Known {
  /** When our entry was last changed by us, in seconds since 1970, or what it was when the child was first seen. */
  readonly appliedAt: number | undefined;
  /** Mark of what we have applied last; undefined when that was before this process. */
  readonly applied: string | undefined;
  /** Version of the child whose differences are all the cluster's own. */
  readonly cleared: string | undefined;
}

/** A child as it is at this moment, with its managedFields and without. */
interface Reading {
  readonly answer: KubeObject;
  readonly observed: OwnedChild;
}

export class AppliedFields {
  readonly #client: KubeClient;
  /** By the key of the AppServer and the uid of the child; only of children that are there. */
  readonly #apps = new Map<string, Map<string, Known>>();

  constructor(client: KubeClient) {
    this.#client = client;
  }

  /** Tells which children there are now: the others are forgotten. */
  seen(app: string, children: readonly OwnedChild[]): void {
    const before = this.#apps.get(app);
    const now = children.map(({ metadata: { uid = '' }, appliedAt }): [string, Known] => [
      uid,
      before?.get(uid) ?? { appliedAt, applied: undefined, cleared: undefined },
    ]);
    this.#apps.set(app, new Map(now));
  }

  /** Our own write, as it was answered: what differs in it is what the cluster has made of it. */
  wrote(app: string, child: Child, answer: KubeObject): void {
    const { differences: found, appliedAt } = drift(child, answer, undefined);
    const { uid = '', resourceVersion } = answer.metadata;
    const cleared = found.length === 0 ? resourceVersion : undefined;
    const known = this.#apps.get(app) ?? new Map<string, Known>();
    this.#apps.set(app, known.set(uid, { appliedAt, applied: markOf(child), cleared }));
  }

  /** The AppServer is gone. */
  forget(app: string): void {
    this.#apps.delete(app);
  }

  /**
   * The write that a step of the plan comes to; undefined when nobody has done anything.
   * @param key of the AppServer
   * @throws ApiError 409 when the child is another by now than the step was planned for
   */
  async write(key: string, app: AppServer, step: Step): Promise<Write | undefined> {
    if (step.kind === 'create') return { child: step.child, observed: undefined, differences: [], why: step.why };
    const { child, observed } = step;
    const known = this.#known(key, observed);
    // We have applied just this: that it does not look so is for the field managers to explain.
    const isApplied = step.kind === 'examine' || (known?.applied !== undefined && known.applied === markOf(child));
    return isApplied ? this.#examine(key, app, step) : this.#update(app, step);
  }

  async #examine(key: string, app: AppServer, { child, observed }: Examined): Promise<Write | undefined> {
    const before = this.#known(key, observed);
    if (before?.cleared !== undefined && before.cleared === observed.metadata.resourceVersion) return undefined;
    const now = await this.#read(app, child, observed);
    const { differences: found, appliedAt } = drift(child, now.answer, before?.appliedAt);
    if (found.length > 0) return { child, observed: now.observed, differences: found, why: 'repaired' };
    const { uid = '', resourceVersion } = now.answer.metadata;
    this.#apps.get(key)?.set(uid, { appliedAt, applied: before?.applied ?? markOf(child), cleared: resourceVersion });
    return undefined;
  }

  async #update(app: AppServer, { child, observed }: Examined): Promise<Write> {
    const literal = differences(child, observed);
    // The spec has been carried out before: either another version of the operator has, or somebody has put back the child of
    // an earlier spec with its mark, as kubectl rollout undo does.
    const isCarriedOut = app.status?.observedGeneration === app.metadata.generation;
    // Only what has been added has to be somebody's to be taken away.
    if (!isCarriedOut && literal.every(({ added }) => added === undefined)) {
      return { child, observed, differences: literal, why: 'updated' };
    }
    const now = await this.#read(app, child, observed);
    const why = isCarriedOut && !isMarkedByUs(now.answer) ? 'repaired' : 'updated';
    return { child, observed: now.observed, differences: changes(child, now.answer), why };
  }

  #known(key: string, { metadata }: OwnedChild): Known | undefined {
    return this.#apps.get(key)?.get(metadata.uid ?? '');
  }

  /**
   * Not for the cache: the watch is still to bring what is new in it, and is to be heard then.
   * @throws ApiError 404 or 409 when it is not the same object any more
   */
  async #read(app: AppServer, child: Child, observed: OwnedChild): Promise<Reading> {
    const { namespace, name } = child.metadata;
    const answer = await this.#client.json({ method: 'GET', path: path(childTypes[child.kind], namespace, name) });
    if (!isKubeObject(answer)) throw new TypeError(`the answer to reading ${child.kind} ${name} is no object`);
    const [now] = childrenOf([stripManagedFields(answer)], app).living;
    if (now === undefined || now.metadata.uid !== observed.metadata.uid) {
      throw new ApiError(409, 'Conflict', `${child.kind} ${name} is another than the one that was looked at`);
    }
    return { answer, observed: now };
  }
}
