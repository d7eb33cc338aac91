// One AppServer, from what is to what should be.
import type { Logger } from 'pino';
import { isDeepStrictEqual } from 'node:util';
import { names, reasons, type AppServerStatus, type Reason } from '../../api/index.ts';
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
import { keepChild, type Caches } from '../observe/caches.ts';
import { podTemplate } from '../children/deployment.ts';
import { statusOf, unreadableStatus } from '../status/conditions.ts';
import { isSettled } from '../model/rollout.ts';
import type { Contents } from '../observe/content-versions.ts';
import { Contention } from './repair-limiter.ts';
import { desired } from '../children/desired.ts';
import type { Facts, Release } from '../model/facts.ts';
import { gather, parseApp } from '../observe/gather.ts';
import { appServerType, childTypes, isChildKind } from '../model/kinds.ts';
import { plan, type Write } from '../decide/plan.ts';
import { type Problem } from '../status/problems.ts';
import { isStuck } from '../model/rollout.ts';
import { referencesOf, type Reference } from '../model/references.ts';
import { recorded, restart } from '../decide/restart.ts';
import { restartWaiting } from '../status/restart-waiting.ts';
import type { RestartLimit, RestartTurn } from './restart-limiter.ts';
import { stamped } from '../children/stamp.ts';
import { touchPods } from './touch-pods.ts';
import { writeChild, writeProblem } from './write-child.ts';
import { describeWrite, fieldsOf } from './announce.ts';

export interface ReconcilerOptions {
  readonly client: KubeClient;
  readonly caches: Caches;
  readonly release: Release;
  readonly contents: Contents;
  readonly restartLimit: RestartLimit;
  readonly events: EventRecorder;
  /** What statuses say. */
  readonly now: () => Date;
  /** Milliseconds that only grow, for what is measured. */
  readonly uptimeMs: () => number;
}

/** What stands in the way lies outside of what is watched, so it is looked at again. */
const recheckMs = 15_000;
/** So that the condition names those who have the places now; one whose turn it is does not wait for this. */
const recheckOfWaiting: Outcome = { kind: 'recheck', afterMs: 300_000, why: reasons.RestartPlacesTaken };

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
  observed !== undefined && child.kind === 'ConfigMap' && child['immutable'] !== true;

/** What one reconcile is about. */
interface Subject {
  readonly key: string;
  readonly object: KubeObject;
  readonly log: Logger;
}

/** What new content of what pods use means for them. */
interface RestartDecision {
  readonly facts: Facts;
  /** Whether pods are replaced from now on, or still. */
  readonly replaces: boolean;
  /** Why they are not replaced yet, in a sentence. */
  readonly waiting: string | undefined;
}

export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #contention = new Contention();

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /** @param log with what tells this reconcile from others */
  reconcile(key: string, log: Logger): Promise<Outcome> {
    return this.#options.restartLimit.turn(key, (turn) => this.#reconcile(key, log, turn));
  }

  async #reconcile(key: string, log: Logger, turn: RestartTurn): Promise<Outcome> {
    const { caches, release, contents, now, uptimeMs } = this.#options;
    const object = caches.apps.get(key);
    // Gone, or going: its children go with it by their owner references.
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) {
      this.#contention.forget(key);
      contents.forget(key);
      return { kind: 'done' };
    }
    const parsed = parseApp(object);
    if (parsed.kind === 'invalid') {
      await this.#report(object, unreadableStatus(object, parsed.why, now()));
      return { kind: 'done' };
    }
    const seen = gather(parsed.app, caches, release, now());
    const merged = podTemplate(seen);
    if (merged.kind === 'conflict') {
      await this.#report(object, statusOf(seen, conflictProblem(merged.path)));
      return { kind: 'done' };
    }
    const subject = { key, object, log };
    const { facts, replaces, waiting } = await this.#decideRestart(subject, seen, referencesOf(merged.template), turn);
    const wanted = desired(facts).map(stamped);
    const { writes, prune } = plan(wanted, facts);
    const { due, waitMs } = this.#contention.admit(key, writes, uptimeMs());
    const failed = await this.#write(subject, due);
    if (failed === undefined && replaces) turn.keep();
    for (const child of prune) await this.#prune(subject, child);
    // What was written just now changes what is to be told.
    const after = gather(parsed.app, caches, release, now());
    const contended = this.#contention.contended(key, uptimeMs());
    await this.#report(object, statusOf(after, failed, contended?.message, waiting));
    if (failed !== undefined && !failed.stalled) throw new Error(failed.message);
    if (failed !== undefined) return { kind: 'recheck', afterMs: recheckMs, why: failed.reason };
    if (contended === undefined) return waiting === undefined ? { kind: 'done' } : recheckOfWaiting;
    return { kind: 'recheck', afterMs: waitMs ?? contended.forMs, why: reasons.Contended };
  }

  /** Whether pods are to be replaced, because what they use has changed. */
  async #decideRestart(
    { key, object }: Subject,
    facts: Facts,
    used: readonly Reference[],
    turn: RestartTurn,
  ): Promise<RestartDecision> {
    const { contents, events } = this.#options;
    const { restartOn, rollout } = facts.app.spec;
    const references = used.filter(({ kind }) => restartOn.includes(kind));
    const looks = await contents.read(key, references, recorded(facts.restart.contents));
    const { now, later, changed } = restart(facts.restart, references, looks);
    const paused = rollout.paused === true;
    if (changed.length === 0) {
      const replaces = !paused && !isSettled(facts) && !isStuck(facts);
      return { facts: { ...facts, restart: now }, replaces, waiting: undefined };
    }
    // A rollout that is paused replaces nothing, and needs no place.
    const place = paused ? undefined : turn.request(rollout.progressDeadlineSeconds * 1_000);
    const may = place?.kind !== 'waiting';
    const then = may ? 'pods are replaced' : 'pods are replaced once fewer other AppServers do that';
    const note = `New content of ${changed.map((id) => id.replace('/', ' ')).join(', ')}: ${then}`;
    events.record(object, { type: 'Normal', reason: reasons.ContentChanged, action: 'Restart', note });
    return {
      facts: { ...facts, restart: may ? now : later },
      replaces: place?.kind === 'granted',
      waiting: place?.kind === 'waiting' ? restartWaiting(place.holders) : undefined,
    };
  }

  /** Applies in order and stops at the first refusal: a Deployment without its ConfigMap would only start broken pods. */
  async #write(subject: Subject, writes: readonly Write[]): Promise<Problem | undefined> {
    const written: Write[] = [];
    try {
      return await this.#writeAll(subject, writes, written);
    } finally {
      this.#contention.written(subject.key, written, this.#options.uptimeMs());
      this.#tell(subject, written);
    }
  }

  async #writeAll({ key, log }: Subject, writes: readonly Write[], written: Write[]): Promise<Problem | undefined> {
    const { client, caches } = this.#options;
    for (const write of writes) {
      const { child, observed, found } = write;
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
    try {
      const answer = await applyStatus(client, appServerType, { namespace, name, status }, names.fieldManager);
      caches.apps.set(keyOf(answer), keepChild(answer), answer.metadata.resourceVersion);
    } catch (error) {
      // Deleted meanwhile.
      if (!(error instanceof ApiError && error.status === 404)) throw error;
    }
  }
}
