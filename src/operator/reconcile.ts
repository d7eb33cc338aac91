// One AppServer, from what is to what should be.
import type { Logger } from 'pino';
import { isDeepStrictEqual } from 'node:util';
import { names, reasons, type AppServerStatus, type Reason } from '../api/index.ts';
import {
  ApiError,
  applyStatus,
  keyOf,
  remove,
  type EventRecorder,
  type KubeClient,
  type KubeObject,
  type Outcome,
} from '../kube/index.ts';
import { keepChild, lastEditor, type Caches } from './caches.ts';
import { statusOf, unreadableStatus } from './conditions.ts';
import { desired } from './desired.ts';
import type { Release } from './facts.ts';
import { gather } from './gather.ts';
import { appServerType, childTypes, isChildKind } from './kinds.ts';
import { plan, type Write } from './plan.ts';
import type { Problem } from './problems.ts';
import { stamped, writeChild, writeProblem } from './write.ts';

export interface ReconcilerOptions {
  readonly client: KubeClient;
  readonly caches: Caches;
  readonly release: Release;
  readonly events: EventRecorder;
  readonly log: Logger;
  readonly now: () => Date;
}

/** What stands in the way lies outside of what is watched, so it is looked at again. */
const recheckMs = 15_000;

const writeReasons: Record<Write['why'], Reason> = {
  created: reasons.Created,
  updated: reasons.Updated,
  repaired: reasons.Repaired,
};

interface Written {
  readonly child: KubeObject;
  readonly why: Write['why'];
  /** What was not as desired, by its path. */
  readonly fields: readonly string[];
  /** Field manager of who had changed it, as far as that is known. */
  readonly by: string | undefined;
}

const mostFields = 3;

/** `Service shop repaired: spec.ports[http].targetPort, changed by kubectl-edit` */
function note({ child, why, fields, by }: Written): string {
  const more = fields.length > mostFields ? ` and ${fields.length - mostFields} more` : '';
  const which = fields.length === 0 ? '' : `: ${fields.slice(0, mostFields).join(', ')}${more}`;
  return `${child.kind} ${child.metadata.name} ${why}${which}${by === undefined ? '' : `, changed by ${by}`}`;
}

export class Reconciler {
  readonly #options: ReconcilerOptions;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  async reconcile(key: string): Promise<Outcome> {
    const { caches, release, now } = this.#options;
    const object = caches.apps.get(key);
    // Gone, or going: its children go with it by their owner references.
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) return { kind: 'done' };
    const gathered = gather(object, caches, release, now());
    if (gathered.kind === 'invalid') {
      await this.#report(object, unreadableStatus(object, gathered.why, now()));
      return { kind: 'done' };
    }
    const { facts } = gathered;
    const wanted = desired(facts).map(stamped);
    const { writes, prune } = plan(wanted, facts);
    const failed = await this.#write(object, writes);
    for (const child of prune) await this.#prune(object, child);
    // What was written just now changes what is to be told.
    const after = gather(object, caches, release, now());
    await this.#report(object, statusOf(after.kind === 'facts' ? after.facts : facts, failed));
    if (failed === undefined) return { kind: 'done' };
    if (failed.stalled) return { kind: 'recheck', afterMs: recheckMs, why: failed.reason };
    throw new Error(failed.message);
  }

  /** Applies in order and stops at the first refusal: a Deployment without its ConfigMap would only start broken pods. */
  async #write(owner: KubeObject, writes: readonly Write[]): Promise<Problem | undefined> {
    const written: Written[] = [];
    try {
      return await this.#writeAll(writes, written);
    } finally {
      this.#recordWrites(owner, written);
    }
  }

  async #writeAll(writes: readonly Write[], written: Written[]): Promise<Problem | undefined> {
    const { client, caches, log } = this.#options;
    for (const { child, observed, found, why } of writes) {
      try {
        const answer = await writeChild(client, child, observed, found);
        caches.children[child.kind].set(keyOf(answer), keepChild(answer), answer.metadata.resourceVersion);
      } catch (error) {
        // Deleted or changed meanwhile: the watch will tell, and the next turn sees it.
        if (error instanceof ApiError && (error.status === 409 || error.status === 404)) throw error;
        const problem = writeProblem(child, error);
        if (problem === undefined) throw error;
        log.warn({ child: child.kind, name: child.metadata.name, reason: problem.reason, err: error }, 'child refused');
        return problem;
      }
      const fields = found.map((one) => one.path).filter((path) => !path.includes(names.appliedHashAnnotation));
      log.info({ child: child.kind, name: child.metadata.name, why, fields }, 'child applied');
      written.push({ child, why, fields, by: why === 'repaired' ? lastEditor(observed) : undefined });
    }
    return undefined;
  }

  /** One event a kind of reason, whatever the number of children. */
  #recordWrites(owner: KubeObject, written: readonly Written[]): void {
    for (const [why, reason] of Object.entries(writeReasons)) {
      const notes = written.flatMap((one) => (one.why === why ? [note(one)] : []));
      if (notes.length === 0) continue;
      this.#options.events.record(owner, { type: 'Normal', reason, action: 'Apply', note: notes.join('; ') });
    }
  }

  async #prune(owner: KubeObject, child: KubeObject): Promise<void> {
    const { client, events, log } = this.#options;
    if (!isChildKind(child.kind)) return;
    try {
      await remove(client, childTypes[child.kind], child);
    } catch (error) {
      // Gone, or made anew by somebody else.
      if (!(error instanceof ApiError && (error.status === 404 || error.status === 409))) throw error;
    }
    log.info({ child: child.kind, name: child.metadata.name }, 'child pruned');
    events.record(owner, {
      type: 'Normal',
      reason: reasons.Pruned,
      action: 'Delete',
      note: `${child.kind} ${child.metadata.name} is no longer wanted`,
    });
  }

  async #report(object: KubeObject, status: AppServerStatus): Promise<void> {
    const { client, caches, events } = this.#options;
    if (isDeepStrictEqual(status, object['status'])) return;
    const degraded = status.conditions?.find((one) => one.type === 'Degraded' && one.status === 'True');
    if (degraded !== undefined) {
      events.record(object, { type: 'Warning', reason: degraded.reason, action: 'Reconcile', note: degraded.message });
    }
    const { name, namespace = '' } = object.metadata;
    try {
      const answer = await applyStatus(client, appServerType, { namespace, name, status }, names.fieldManager);
      caches.apps.set(keyOf(answer), keepChild(answer), answer.metadata.resourceVersion);
    } catch (error) {
      // Deleted meanwhile.
      if (!(error instanceof ApiError && error.status === 404)) throw error;
    }
  }
}
