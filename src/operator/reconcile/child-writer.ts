// Carries out what was decided about the children of one AppServer, and tells of it.
import { isDeepStrictEqual } from 'node:util';
import { reasons, type Reason } from '../../api/index.ts';
import { ApiError, keyOf, remove, type EventRecorder, type KubeClient, type KubeObject } from '../../kube/index.ts';
import type { Write } from '../decide/plan.ts';
import type { Facts } from '../model/facts.ts';
import type { OwnedChild } from '../model/identity.ts';
import { stripManagedFields } from '../model/kept-object.ts';
import { childTypes, isChildKind, type ChildKind } from '../model/kinds.ts';
import type { AppliedFields } from '../observe/applied-fields.ts';
import type { Caches } from '../observe/caches.ts';
import type { Problem } from '../status/problems.ts';
import { describeWrite, fieldsOf } from './announce.ts';
import type { Conflicts } from './conflicts.ts';
import type { Contention } from './repair-limiter.ts';
import type { Subject } from './subject.ts';
import { touchPods } from './touch-pods.ts';
import type { ReplacedDeployments } from './replaced-deployment.ts';
import { AdoptionWaits, pruneProblem, UnseenChild, writeChild, writeProblem } from './write-child.ts';

/** What kept a child from being as it should be. */
export interface Failure {
  readonly problem: Problem;
  /** What was thrown, if anything was. */
  readonly cause?: unknown;
}

/** What came of writes. */
export interface Written {
  readonly failure?: Failure;
  /** Whether something is left until pods are ready, or until something else has gone. */
  readonly waits: boolean;
}

const writeReasons: Record<Write['why'], Reason> = {
  created: reasons.Created,
  updated: reasons.Updated,
  repaired: reasons.Repaired,
};

/** Of what running pods take over. */
const isLiveChange = ({ child, observed }: Write): boolean =>
  observed !== undefined &&
  child.kind === 'ConfigMap' &&
  child['immutable'] !== true &&
  !isDeepStrictEqual(child['data'], observed['data']);

export interface ChildWriterOptions {
  readonly client: KubeClient;
  readonly caches: Caches;
  readonly applied: AppliedFields;
  readonly contention: Contention;
  readonly conflicts: Conflicts;
  readonly replaced: ReplacedDeployments;
  readonly events: EventRecorder;
  /** Milliseconds that only grow. */
  readonly uptimeMs: () => number;
}

export class ChildWriter {
  readonly #options: ChildWriterOptions;

  constructor(options: ChildWriterOptions) {
    this.#options = options;
  }

  /**
   * Applies in order and stops at the first refusal: a Deployment without its ConfigMap would only start broken pods. What
   * waits holds up nothing else.
   * @param onWritten called after each
   * @throws ApiError 409 or 404 when a child is another than the one that was decided on
   */
  async write(
    subject: Subject,
    { facts, writes }: { readonly facts: Facts; readonly writes: readonly Write[] },
    onWritten: (write: Write) => void,
  ): Promise<Written> {
    const { contention, uptimeMs } = this.#options;
    const written: Write[] = [];
    let waits = false;
    try {
      for (const write of writes) {
        const came = await this.#writeOne(subject, facts, write);
        if (came === 'waits') waits = true;
        else if (came === 'written') {
          written.push(write);
          onWritten(write);
        } else return { failure: came, waits };
      }
      return { waits };
    } finally {
      contention.written(subject.key, written, uptimeMs());
      this.#tell(subject, written);
    }
  }

  async #writeOne(subject: Subject, facts: Facts, write: Write): Promise<Failure | 'written' | 'waits'> {
    const { client, caches, applied, conflicts, replaced } = this.#options;
    const { key, log } = subject;
    const { child } = write;
    try {
      const answer = await writeChild(client, facts, write);
      conflicts.written(key, child);
      this.#keep(child.kind, answer);
      applied.wrote(key, child, answer);
    } catch (error) {
      if (error instanceof AdoptionWaits) {
        if (error.replaced !== undefined) await replaced.orphan(subject, error.replaced);
        return 'waits';
      }
      if (error instanceof UnseenChild) this.#keep(child.kind, error.object);
      // Deleted or changed meanwhile: the watch will tell, and the next reconcile sees it.
      if (error instanceof ApiError && error.status === 404) throw error;
      if (error instanceof ApiError && error.status === 409 && !conflicts.add(key, child)) throw error;
      const problem = writeProblem(child, error);
      if (problem === undefined) throw error;
      log.warn({ child: child.kind, name: child.metadata.name, reason: problem.reason, err: error }, 'child refused');
      return { problem, cause: error };
    }
    if (isLiveChange(write)) await touchPods(client, caches.pods.byIndex(key), child, log);
    return 'written';
  }

  #keep(kind: ChildKind, object: KubeObject): void {
    this.#options.caches.children[kind].set(keyOf(object), stripManagedFields(object), object.metadata.resourceVersion);
  }

  /** One line of the log, and one event a kind of reason, whatever the number of children. */
  #tell({ object, log }: Subject, written: readonly Write[]): void {
    if (written.length === 0) return;
    const children = written.map((one) => ({
      kind: one.child.kind,
      name: one.child.metadata.name,
      why: one.why,
      fields: fieldsOf(one),
    }));
    log.info({ children }, 'children applied');
    for (const [why, reason] of Object.entries(writeReasons)) {
      const notes = written.flatMap((one) => (one.why === why ? [describeWrite(one)] : []));
      if (notes.length === 0) continue;
      this.#options.events.record(object, { type: 'Normal', reason, action: 'Apply', note: notes.join('; ') });
    }
  }

  /** @throws ApiError 409 when the child is another than the one that was decided on */
  async prune({ object, log }: Subject, child: OwnedChild): Promise<Failure | undefined> {
    const { client, events } = this.#options;
    if (!isChildKind(child.kind)) return undefined;
    try {
      await remove(client, childTypes[child.kind], child);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status === 409) throw error;
      if (error.status === 404) return undefined;
      log.warn({ child: child.kind, name: child.metadata.name, err: error }, 'child not deleted');
      return { problem: pruneProblem(child, error), cause: error };
    }
    log.info({ child: child.kind, name: child.metadata.name }, 'child pruned');
    events.record(object, {
      type: 'Normal',
      reason: reasons.Pruned,
      action: 'Delete',
      note: `${child.kind} ${child.metadata.name} is no longer wanted`,
    });
    return undefined;
  }
}
