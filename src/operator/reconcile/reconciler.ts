// One AppServer, from what is to what should be.
import type { Logger } from 'pino';
import { isDeepStrictEqual } from 'node:util';
import { names, reasons, type AppServer, type AppServerStatus, type Reason } from '../../api/index.ts';
import {
  ApiError,
  applyStatus,
  keyOf,
  remove,
  type EventRecorder,
  type KubeClient,
  type KubeObject,
  type Outcome,
} from '../../kube/index.ts';
import { AppliedFields } from '../observe/applied-fields.ts';
import type { Caches } from '../observe/caches.ts';
import { podTemplate } from '../children/deployment.ts';
import { statusOf, unreadableStatus } from '../status/conditions.ts';
import { isSettled } from '../model/rollout.ts';
import type { Contents } from '../observe/content-versions.ts';
import { Contention } from './repair-limiter.ts';
import { desired } from '../children/desired.ts';
import type { Facts } from '../model/facts.ts';
import { stripManagedFields } from '../model/kept-object.ts';
import { gather, parseApp, type Operator } from '../observe/gather.ts';
import { appServerType, childTypes, isChildKind } from '../model/kinds.ts';
import { plan, type Step, type Write } from '../decide/plan.ts';
import { type Problem } from '../status/problems.ts';
import { isStuck } from '../model/rollout.ts';
import { referencesOf, type Reference } from '../model/references.ts';
import { recorded, restart } from '../decide/restart.ts';
import type { RestartLimit } from './restart-limiter.ts';
import { stamped } from '../children/stamp.ts';
import { touchPods } from './touch-pods.ts';
import { terminatingProblem, writeChild, writeProblem } from './write-child.ts';
import { describeWrite, fieldsOf } from './announce.ts';

export interface ReconcilerOptions {
  readonly client: KubeClient;
  readonly caches: Caches;
  readonly operator: Operator;
  readonly contents: Contents;
  readonly restartLimit: RestartLimit;
  readonly events: EventRecorder;
  /** Called with the key of an AppServer just before everything that is known about it is looked at. */
  readonly onLook: (key: string) => void;
  /** What statuses say. */
  readonly now: () => Date;
  /** Milliseconds that only grow, for what is measured. */
  readonly uptimeMs: () => number;
}

/** What stands in the way lies outside of what is watched, so it is looked at again. */
const recheckMs = 15_000;

const writeReasons: Record<Write['why'], Reason> = {
  created: reasons.Created,
  updated: reasons.Updated,
  repaired: reasons.Repaired,
};

/** Nothing is written then: the pods that there are stay as they are. */
function conflictProblem(path: string): Problem {
  return {
    reason: reasons.PodTemplateConflict,
    message: `spec.podTemplate.${path} is set by the operator itself; remove it there, and use the field of the spec that it comes from, if there is one.`,
    stalled: true,
  };
}

/** Of what running pods take over. */
const isLiveChange = ({ child, observed }: Write): boolean =>
  observed !== undefined &&
  child.kind === 'ConfigMap' &&
  child['immutable'] !== true &&
  !isDeepStrictEqual(child['data'], observed['data']);

/** What one reconcile is about. */
interface Subject {
  readonly key: string;
  readonly object: KubeObject;
  readonly app: AppServer;
  readonly log: Logger;
}

/** What a reconcile came to. */
interface Carried {
  /** As of the last look, which is after the last write. */
  readonly facts: Facts;
  /** What stands in the way of what should be. */
  readonly failure: Failure | undefined;
  /** When repairs that are held back are due; undefined when there are none. */
  readonly waitMs: number | undefined;
}

interface Failure {
  readonly problem: Problem;
  readonly cause?: unknown;
}

/** Looks in one reconcile: what it writes has defaults filled in and events of its own, and is looked at once more. */
const mostRounds = 3;

export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #contention = new Contention();
  readonly #applied: AppliedFields;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#applied = new AppliedFields(options.client, options.caches);
  }

  /** @param log with what tells this reconcile from others */
  async reconcile(key: string, log: Logger): Promise<Outcome> {
    const { caches, now } = this.#options;
    const object = caches.apps.get(key);
    // Gone, or going: its children go with it by their owner references.
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) {
      this.#forget(key);
      return { kind: 'done' };
    }
    const parsed = parseApp(object);
    if (parsed.kind === 'invalid') {
      await this.#report(object, unreadableStatus(object, parsed.why, now()));
      return { kind: 'done' };
    }
    const subject = { key, object, app: parsed.app, log };
    return this.#conclude(subject, await this.#carryOut(subject));
  }

  #forget(key: string): void {
    const { contents, restartLimit } = this.#options;
    this.#contention.forget(key);
    this.#applied.forget(key);
    contents.forget(key);
    restartLimit.done(key);
  }

  /** Writes until what is there is what should be, or something stands in the way. */
  async #carryOut(subject: Subject): Promise<Carried> {
    const { caches, operator, now, uptimeMs, onLook } = this.#options;
    const { key, app } = subject;
    for (let round = 1; ; round++) {
      onLook(key);
      const seen = gather(app, caches, operator, now());
      this.#applied.seen(key, seen.children);
      const merged = podTemplate(seen);
      if (merged.kind === 'conflict') {
        return { facts: seen, failure: { problem: conflictProblem(merged.path) }, waitMs: undefined };
      }
      const facts = await this.#decideRestart(subject, seen, referencesOf(merged.template));
      const { steps, prune, blocked } = plan(desired(facts).map(stamped), facts);
      const writes = await this.#examine(subject, steps);
      const { due, waitMs } = this.#contention.admit(key, writes, uptimeMs());
      const [held] = blocked;
      const failure = held === undefined ? undefined : { problem: terminatingProblem(held) };
      if ((due.length === 0 && prune.length === 0) || round > mostRounds) return { facts: seen, failure, waitMs };
      const failed = await this.#write(subject, due);
      for (const child of prune) await this.#prune(subject, child);
      // What was written just now changes what is to be told.
      if (failed !== undefined) return { facts: gather(app, caches, operator, now()), failure: failed, waitMs };
    }
  }

  async #examine({ key, app }: Subject, steps: readonly Step[]): Promise<Write[]> {
    const writes: Write[] = [];
    for (const step of steps) {
      const write = await this.#applied.write(key, app, step);
      if (write !== undefined) writes.push(write);
    }
    return writes;
  }

  async #conclude({ key, object }: Subject, { facts, failure, waitMs }: Carried): Promise<Outcome> {
    const contended = this.#contention.contended(key, this.#options.uptimeMs());
    await this.#report(object, statusOf(facts, failure?.problem, contended?.message));
    if (failure?.problem.reason === reasons.ChildFailed) {
      throw new Error(failure.problem.message, { cause: failure.cause });
    }
    if (failure !== undefined) return { kind: 'recheck', afterMs: recheckMs, why: failure.problem.reason };
    if (contended === undefined) return { kind: 'done' };
    return { kind: 'recheck', afterMs: waitMs ?? contended.forMs, why: reasons.Contended };
  }

  /** Whether pods are to be replaced, because what they use has changed. */
  async #decideRestart({ key, object }: Subject, facts: Facts, used: readonly Reference[]): Promise<Facts> {
    const { contents, restartLimit, events } = this.#options;
    const { restartOn, rollout } = facts.app.spec;
    const references = used.filter(({ kind }) => restartOn.includes(kind));
    const found = await contents.read(key, references, recorded(facts.restart.contents));
    const { now, later, changed } = restart(facts.restart, references, found);
    if (changed.length === 0) {
      if (isSettled(facts) || isStuck(facts)) restartLimit.done(key);
      return { ...facts, restart: now };
    }
    const may = rollout.paused === true || restartLimit.admit(key);
    const then = may ? 'pods are replaced' : 'pods are replaced once fewer other AppServers do that';
    const note = `New content of ${changed.map((id) => id.replace('/', ' ')).join(', ')}: ${then}`;
    events.record(object, { type: 'Normal', reason: reasons.ContentChanged, action: 'Restart', note });
    return { ...facts, restart: may ? now : later };
  }

  /** Applies in order and stops at the first refusal: a Deployment without its ConfigMap would only start broken pods. */
  async #write(subject: Subject, writes: readonly Write[]): Promise<Failure | undefined> {
    const written: Write[] = [];
    try {
      return await this.#writeAll(subject, writes, written);
    } finally {
      this.#contention.written(subject.key, written, this.#options.uptimeMs());
      this.#tell(subject, written);
    }
  }

  async #writeAll(
    { key, app, log }: Subject,
    writes: readonly Write[],
    written: Write[],
  ): Promise<Failure | undefined> {
    const { client, caches } = this.#options;
    for (const write of writes) {
      const { child } = write;
      try {
        const answer = await writeChild(client, app, write);
        caches.children[child.kind].set(keyOf(answer), stripManagedFields(answer), answer.metadata.resourceVersion);
        this.#applied.wrote(key, child, answer);
      } catch (error) {
        // Deleted or changed meanwhile: the watch will tell, and the next reconcile sees it.
        if (error instanceof ApiError && (error.status === 409 || error.status === 404)) throw error;
        const problem = writeProblem(child, error);
        if (problem === undefined) throw error;
        log.warn({ child: child.kind, name: child.metadata.name, reason: problem.reason, err: error }, 'child refused');
        return { problem, cause: error };
      }
      if (isLiveChange(write)) await touchPods(client, caches.pods.byIndex(key), child, log);
      written.push(write);
    }
    return undefined;
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

  async #prune({ object, log }: Subject, child: KubeObject): Promise<void> {
    const { client, events } = this.#options;
    if (!isChildKind(child.kind)) return;
    try {
      await remove(client, childTypes[child.kind], child);
    } catch (error) {
      // Gone, or made anew by somebody else.
      if (!(error instanceof ApiError && (error.status === 404 || error.status === 409))) throw error;
    }
    log.info({ child: child.kind, name: child.metadata.name }, 'child pruned');
    events.record(object, {
      type: 'Normal',
      reason: reasons.Pruned,
      action: 'Delete',
      note: `${child.kind} ${child.metadata.name} is no longer wanted`,
    });
  }

  async #report(object: KubeObject, status: AppServerStatus): Promise<void> {
    const { client, caches, events } = this.#options;
    if (isDeepStrictEqual(status, object['status'])) return;
    for (const { type, status: is, reason, message } of status.conditions ?? []) {
      if ((type !== 'Degraded' && type !== 'Contended') || is !== 'True') continue;
      events.record(object, { type: 'Warning', reason, action: 'Reconcile', note: message });
    }
    const { name, namespace = '' } = object.metadata;
    caches.reported.set(keyOf(object), status);
    try {
      const answer = await applyStatus(client, appServerType, { namespace, name, status }, names.fieldManager);
      caches.apps.set(keyOf(answer), stripManagedFields(answer), answer.metadata.resourceVersion);
    } catch (error) {
      // Deleted meanwhile.
      if (!(error instanceof ApiError && error.status === 404)) throw error;
    } finally {
      caches.reported.delete(keyOf(object));
    }
  }
}
