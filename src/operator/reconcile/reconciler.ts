// One AppServer, from what is to what should be: gather, decide, write, report.
import type { Logger } from 'pino';
import { reasons } from '../../api/index.ts';
import type { EventRecorder, KubeClient, Outcome } from '../../kube/index.ts';
import { desired } from '../children/desired.ts';
import { podsOf } from '../children/pinned-release.ts';
import { stamped } from '../children/stamp.ts';
import { plan, type Plan, type Step, type Write } from '../decide/plan.ts';
import { observedMark } from '../decide/restart.ts';
import type { Facts } from '../model/facts.ts';
import { referencesOf, type Reference } from '../model/references.ts';
import { AppliedFields } from './applied-fields.ts';
import type { Caches } from '../observe/caches.ts';
import type { Contents } from '../observe/content-versions.ts';
import { gather, liveConfigMapIn, parseApp, type Operator } from '../observe/gather.ts';
import type { OtherOperators } from '../observe/other-operators.ts';
import { report, unreadableReport, type PresentCondition } from '../status/conditions.ts';
import { statusDue } from '../status/due.ts';
import { messageOf } from '../status/problem.ts';
import { conflictProblem } from '../status/template-conflict.ts';
import { ChildWriter, type Failure } from './child-writer.ts';
import { Conflicts } from './conflicts.ts';
import { decideRestart, isRolling, type RestartDecision } from './restart-decision.ts';
import { OperatorClaims } from './operator-claims.ts';
import { Patience } from './patience.ts';
import { ReplacedDeployments } from './replaced-deployment.ts';
import { RepairLimiter } from './repair-limiter.ts';
import type { RestartLimit, RestartTurn } from './restart-limiter.ts';
import { StatusWriter } from './status-writer.ts';
import type { Subject } from './subject.ts';
import { terminatingProblem } from './write-problem.ts';

export interface ReconcilerOptions {
  readonly client: KubeClient;
  readonly caches: Caches;
  readonly operator: Operator;
  readonly contents: Contents;
  readonly restartLimit: RestartLimit;
  readonly otherOperators: OtherOperators;
  readonly events: EventRecorder;
  /** Called with the key of an AppServer just before everything that is known about it is looked at. */
  readonly onLook: (key: string) => void;
  /** What statuses say. */
  readonly now: () => Date;
  /** Milliseconds that only grow, for what is measured. */
  readonly uptimeMs: () => number;
}

/** What stands in the way lies outside of what is watched, so it is looked at again. */
const requeueMs = 15_000;
/** So that the condition names those who have the places now; one whose turn it is does not wait for this. */
const requeueWaitingMs = 300_000;
/** What is still not as it should be after so many writes is looked at again soon. */
const unfinishedMs = 1_000;
/** Writes in one reconcile: what is written is looked at once more, so that its events need no reconcile of their own. */
const mostRounds = 3;

/** What a reconcile came to. */
interface Carried {
  /** As of the last look, which is after the last write. */
  readonly facts: Facts;
  /** What stands in the way of what should be. */
  readonly failure: Failure | undefined;
  readonly waiting: PresentCondition | undefined;
  /** When repairs that are held back are due, in milliseconds; undefined when there are none. */
  readonly waitMs: number | undefined;
  /** Whether nothing is left to be written. */
  readonly isDone: boolean;
}

/** What is to be done about what was seen. */
interface Decision extends Omit<Carried, 'isDone'>, Pick<Plan, 'prune'>, Pick<RestartDecision, 'replacing'> {
  readonly writes: readonly Write[];
}

export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #repairs = new RepairLimiter();
  readonly #conflicts = new Conflicts();
  readonly #patience = new Patience();
  readonly #applied: AppliedFields;
  readonly #children: ChildWriter;
  readonly #replaced: ReplacedDeployments;
  readonly #statuses: StatusWriter;
  readonly #claims: OperatorClaims;

  constructor(options: ReconcilerOptions) {
    const { client } = options;
    this.#options = options;
    this.#applied = new AppliedFields(client);
    this.#replaced = new ReplacedDeployments(options);
    this.#children = new ChildWriter({
      ...options,
      applied: this.#applied,
      repairs: this.#repairs,
      conflicts: this.#conflicts,
      replaced: this.#replaced,
    });
    this.#statuses = new StatusWriter(options);
    this.#claims = new OperatorClaims({ ...options, own: options.operator.claim });
  }

  /** @param log with what tells this reconcile from others */
  reconcile(key: string, log: Logger): Promise<Outcome> {
    return this.#options.restartLimit.turn(key, (turn) => this.#reconcile(key, log, turn));
  }

  /** Rollouts for new content that were under way before this operator led have their places again. */
  resumeRestarts(): void {
    const { caches, restartLimit } = this.#options;
    restartLimit.resume(caches.apps.keys().filter((key) => this.#isRestarting(key)));
  }

  #isRestarting(key: string): boolean {
    const { caches, operator, now } = this.#options;
    const object = caches.apps.get(key);
    if (object === undefined || observedMark(caches.children.Deployment.get(key)).mark === undefined) return false;
    const parsed = parseApp(object);
    return parsed.kind === 'app' && isRolling(gather(parsed.app, caches, operator, now()));
  }

  async #reconcile(key: string, log: Logger, turn: RestartTurn): Promise<Outcome> {
    const { caches, now } = this.#options;
    const object = caches.apps.get(key);
    // Gone, or going: its children go with it by their owner references.
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) {
      this.#forget(key);
      return { kind: 'done' };
    }
    // Before anything is written, a status included: another operator may have another schema.
    const claims = await this.#claims.look({ key, object, log }, liveConfigMapIn(caches, object));
    if (claims.kind === 'left') return { kind: 'requeue', afterMs: claims.requeueMs, why: reasons.MultipleOperators };
    const parsed = parseApp(object);
    if (parsed.kind === 'invalid') {
      await this.#statuses.write(object, unreadableReport(object, parsed.why, now()));
      return { kind: 'done' };
    }
    const subject = { key, object, app: parsed.app, log };
    return this.#conclude(subject, await this.#carryOut(subject, turn), claims.beside);
  }

  #forget(key: string): void {
    this.#repairs.forget(key);
    this.#applied.forget(key);
    this.#conflicts.forget(key);
    this.#patience.forget(key);
    this.#claims.forget(key);
    this.#replaced.forget(key);
    this.#options.contents.forget(key);
  }

  #gather({ app }: Subject): Facts {
    const { caches, operator, now } = this.#options;
    return gather(app, caches, operator, now());
  }

  #look(subject: Subject): Facts {
    const { caches, onLook } = this.#options;
    const { key, object } = subject;
    // What has come for another spec than this reconcile is about has not been looked at.
    if (caches.apps.get(key) === object) onLook(key);
    const facts = this.#gather(subject);
    this.#applied.seen(key, facts.children);
    return facts;
  }

  /** Writes until what is there is what should be, or something stands in the way. */
  async #carryOut(subject: Subject, turn: RestartTurn): Promise<Carried> {
    for (let round = 1; ; round++) {
      const decision = await this.#decide(subject, turn);
      const { writes, prune, replacing } = decision;
      const isDone = writes.length === 0 && prune.length === 0;
      // Whatever comes after it: its pods are being replaced.
      if (replacing === 'goes on') turn.keep();
      if (isDone) this.#conflicts.forget(subject.key);
      if (isDone || round > mostRounds) return { ...decision, isDone };
      const written = await this.#children.write(subject, decision, ({ child }) => {
        if (replacing === 'begins' && child.kind === 'Deployment') turn.keep();
      });
      let { failure } = written;
      for (const child of prune) failure ??= await this.#children.prune(subject, child);
      // What was written just now changes what is to be told, and nothing is decided by it yet.
      if (failure !== undefined) {
        const { missing } = decision.facts;
        return { ...decision, facts: { ...this.#gather(subject), missing }, failure, isDone: false };
      }
      if (written.waits) return { ...decision, isDone: false };
    }
  }

  async #decide(subject: Subject, turn: RestartTurn): Promise<Decision> {
    const { key } = subject;
    const looked = this.#look(subject);
    const idle = { writes: [], prune: [], replacing: 'no', waiting: undefined, waitMs: undefined } as const;
    const present = podsOf(looked);
    if (present.kind === 'conflict') {
      return { ...idle, facts: looked, failure: { problem: conflictProblem(present.path) } };
    }
    const used = referencesOf(present.template);
    const seen = { ...looked, missing: this.#missing(subject, used) };
    const { facts, replacing, waiting } = await decideRestart(this.#options, subject, { facts: seen, used }, turn);
    const pods = facts.restart.mark === present.mark ? present : podsOf(facts);
    if (pods.kind === 'conflict') {
      return { ...idle, facts: seen, failure: { problem: conflictProblem(pods.path) } };
    }
    const { steps, prune, blocked } = plan(desired(facts, pods).map(stamped), facts);
    const found = await this.#examine(subject, steps);
    const { allowed: writes, waitMs } = this.#repairs.allow(key, found, this.#options.uptimeMs());
    const [held] = blocked;
    const failure = held === undefined ? undefined : { problem: terminatingProblem(held) };
    return { facts: seen, writes, prune, replacing, waiting, waitMs, failure };
  }

  #missing({ key, app }: Subject, used: readonly Reference[]): Facts['missing'] {
    const { contents } = this.#options;
    const pullSecrets = (app.spec.imagePullSecrets ?? []).map(({ name }): Reference => ({
      kind: 'Secret',
      name,
      optional: false,
    }));
    return {
      references: contents.missing(key, used),
      pullSecrets: contents.missing(key, pullSecrets).map(({ name }) => name),
    };
  }

  async #examine({ key, app }: Subject, steps: readonly Step[]): Promise<Write[]> {
    const writes: Write[] = [];
    for (const step of steps) {
      const write = await this.#applied.write(key, app, step);
      if (write !== undefined) writes.push(write);
    }
    return writes;
  }

  async #conclude(
    subject: Subject,
    { facts, failure, waiting, waitMs, isDone }: Carried,
    beside: PresentCondition | undefined,
  ): Promise<Outcome> {
    const { key, object } = subject;
    const conflict = this.#repairs.conflict(key, this.#options.uptimeMs());
    const present = [conflict?.condition, waiting, beside].filter((one) => one !== undefined);
    await this.#statuses.write(object, report(facts, failure?.problem, present));
    // What may succeed is tried again soon, and ever more rarely.
    if (failure?.problem.state === 'failing') throw new Error(messageOf(failure.problem), { cause: failure.cause });
    if (failure !== undefined) {
      return { kind: 'requeue', afterMs: this.#patience.next(key), why: failure.problem.reason };
    }
    this.#patience.forget(key);
    if (conflict !== undefined) {
      return { kind: 'requeue', afterMs: waitMs ?? conflict.forMs, why: reasons.FieldConflict };
    }
    if (!isDone) return { kind: 'requeue', afterMs: unfinishedMs, why: reasons.Updated };
    const clearMs = await this.#replaced.clear(subject, facts);
    if (clearMs !== undefined) return { kind: 'requeue', afterMs: clearMs, why: reasons.Pruned };
    if (beside !== undefined) return { kind: 'requeue', afterMs: requeueMs, why: beside.reason };
    if (waiting !== undefined) return { kind: 'requeue', afterMs: requeueWaitingMs, why: waiting.reason };
    const due = statusDue(facts);
    if (due !== undefined) return { kind: 'requeue', ...due };
    return { kind: 'done' };
  }
}
