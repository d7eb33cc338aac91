// Carries out what was decided about the children of one AppServer, and reports it in log and events.
import { isDeepStrictEqual } from 'node:util';
import { reasons, type Reason } from '../../api/index.ts';
import { ApiError, keyOf, remove, type EventRecorder, type KubeClient, type KubeObject } from '../../kube/index.ts';
import type { Write } from '../decide/plan.ts';
import type { Child, Facts } from '../model/facts.ts';
import type { OwnedChild } from '../model/identity.ts';
import { stripManagedFields } from '../model/kept-object.ts';
import { childTypes, isChildKind, type ChildKind } from '../model/kinds.ts';
import type { AppliedFields } from './applied-fields.ts';
import type { Caches } from '../observe/caches.ts';
import { quoted, type Problem } from '../status/problem.ts';
import { withUserPaths } from '../status/user-path.ts';
import { describeWrites, fieldsOf } from './announce.ts';
import type { Conflicts } from './conflicts.ts';
import type { RepairLimiter } from './repair-limiter.ts';
import type { Subject } from './subject.ts';
import { touchPods } from './touch-pods.ts';
import type { ReplacedDeployments } from './replaced-deployment.ts';
import { writeChild } from './write-child.ts';
import { pruneProblem, writeProblem } from './write-problem.ts';

/** What kept a child from being as it should be. */
export interface Failure {
  readonly problem: Problem;
  /** The API server's answer, if it was one. */
  readonly cause?: ApiError;
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
  readonly repairs: RepairLimiter;
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
    const { repairs, uptimeMs } = this.#options;
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
      repairs.written(subject.key, written, uptimeMs());
      this.#tell(subject, written);
    }
  }

  /** @throws ApiError 409 or 404 when the child is another than the one that was decided on */
  async #writeOne(subject: Subject, facts: Facts, write: Write): Promise<Failure | 'written' | 'waits'> {
    const { client, caches, applied, conflicts, replaced } = this.#options;
    const { key, app, log } = subject;
    const { child } = write;
    const onWarning = (text: string): void => this.#warn(subject, write, text);
    const written = await writeChild({ client, facts, onWarning }, write);
    switch (written.kind) {
      case 'written':
      case 'cleared':
        conflicts.written(key, child);
        this.#keep(child.kind, written.object);
        // What was taken out leaves our own entry as it was.
        if (written.kind === 'written') applied.wrote(key, child, written.object);
        if (isLiveChange(write)) await touchPods(client, caches.pods.byIndex(key), child, log);
        return 'written';
      case 'waiting':
        if (written.replaced !== undefined) await replaced.orphan(subject, written.replaced);
        return 'waits';
      case 'outdated':
        if (written.seen !== undefined) this.#keep(child.kind, written.seen);
        // The watch brings the change and the next reconcile sees it, but for a conflict that never ends.
        if (written.cause.status === 404 || !conflicts.add(key, child)) throw written.cause;
        return this.#refused(subject, child, writeProblem(app, child, written.cause), written.cause);
      case 'refused':
        return this.#refused(subject, child, written.problem, written.cause);
    }
  }

  #refused({ log }: Subject, { kind, metadata }: Child, problem: Problem, cause: ApiError | undefined): Failure {
    const { reason, state } = problem;
    const fields = { child: kind, name: metadata.name, reason, cause: cause?.message };
    // It passes by itself.
    if (state === 'waiting') log.info(fields, 'child not written');
    else log.warn(fields, 'child rejected');
    return { problem, ...(cause !== undefined && { cause }) };
  }

  /** An object that works today, and says that it will not for long: a field that is deprecated, for one. */
  #warn({ object, app }: Subject, { child }: Write, text: string): void {
    const said = quoted(withUserPaths(text, app.spec, child));
    const note = `${child.kind} ${child.metadata.name}: ${said}`;
    this.#options.events.record(object, { type: 'Warning', reason: reasons.APIWarning, action: 'Apply', note });
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
      const all = written.filter((one) => one.why === why);
      if (all.length === 0) continue;
      this.#options.events.record(object, { type: 'Normal', reason, action: 'Apply', note: describeWrites(all) });
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
      log.warn({ child: child.kind, name: child.metadata.name, cause: error.message }, 'child not deleted');
      return { problem: pruneProblem(child, error), cause: error };
    }
    log.info({ child: child.kind, name: child.metadata.name }, 'child pruned');
    events.record(object, {
      type: 'Normal',
      reason: reasons.Pruned,
      action: 'Delete',
      note: `${child.kind} ${child.metadata.name} is no longer desired`,
    });
    return undefined;
  }
}
