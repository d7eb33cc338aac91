// Two operators on one AppServer: one of them acts, and tells of both.
import { names, reasons } from '../../api/index.ts';
import {
  ApiError,
  apply,
  isKubeObject,
  path,
  type EventRecorder,
  type KubeClient,
  type KubeObject,
} from '../../kube/index.ts';
import { fieldOwnership } from '../decide/field-ownership.ts';
import type { OwnedChild } from '../model/identity.ts';
import { childTypes } from '../model/kinds.ts';
import { claimsOn, isAnswered, severalOperators } from '../model/operators.ts';
import type { OtherOperators } from '../observe/other-operators.ts';
import type { PresentCondition } from '../status/conditions.ts';
import type { Subject } from './subject.ts';

/** Of its own, so that the note is all that this operator has of the other one's object. */
const noteManager = `${names.fieldManager}-note`;
/** The other one may end at any time, of which nothing tells. */
const requeueMs = 30_000;
/** An operator that watches the AppServer has answered a note by then. */
const patienceMs = 60_000;

export type Standing =
  | { readonly kind: 'acts'; readonly beside: PresentCondition | undefined }
  /** Another operator acts. */
  | { readonly kind: 'left'; readonly requeueMs: number };

export interface OperatorClaimsOptions {
  readonly client: KubeClient;
  readonly otherOperators: OtherOperators;
  readonly events: EventRecorder;
  /** `namespace/name` of this operator's Lease; undefined where it takes none. */
  readonly own: string | undefined;
  /** Milliseconds that only grow. */
  readonly uptimeMs: () => number;
}

/** What is known of another operator's claim. */
interface Rival {
  /** Version of the live ConfigMap that it was found on. */
  readonly version: string | undefined;
  /** Whether an operator has written it. */
  readonly isGenuine: boolean;
  /** Since when no answer is there. */
  readonly silentSince: number;
}

type Looked = Pick<Subject, 'key' | 'object' | 'log'>;

export class OperatorClaims {
  readonly #options: OperatorClaimsOptions;
  /** By the key of the AppServer, of those that are left to another operator. */
  readonly #rivals = new Map<string, Rival>();

  constructor(options: OperatorClaimsOptions) {
    this.#options = options;
  }

  /** The AppServer is gone. */
  forget(key: string): void {
    this.#rivals.delete(key);
  }

  /** @param live the AppServer's live ConfigMap; undefined before it is made */
  async look(subject: Looked, live: OwnedChild | undefined): Promise<Standing> {
    const { otherOperators, own } = this.#options;
    const { acting, other } = claimsOn(live);
    if (live !== undefined && acting !== undefined && acting !== own) {
      if (await this.#standsBack(subject, live, acting)) {
        if (other !== own) await this.#leave(subject, live, acting);
        return { kind: 'left', requeueMs };
      }
    }
    this.#rivals.delete(subject.key);
    if (own === undefined || other === undefined || other === own || (await otherOperators.state(other)) === 'gone') {
      return { kind: 'acts', beside: undefined };
    }
    const message = severalOperators(own, other);
    return { kind: 'acts', beside: { type: 'OperatorConflict', reason: reasons.MultipleOperators, message } };
  }

  /** Whether the operator that is named as the acting one is there, and watches this AppServer still. */
  async #standsBack({ key, object }: Looked, live: OwnedChild, acting: string): Promise<boolean> {
    const { otherOperators, own, uptimeMs } = this.#options;
    if ((await otherOperators.state(acting)) === 'gone') return false;
    const now = uptimeMs();
    const before = this.#rivals.get(key);
    const version = live.metadata.resourceVersion;
    const isGenuine =
      before !== undefined && before.version === version ? before.isGenuine : await this.#isGenuine(live, acting);
    // A Lease that is held tells of the operator, not of what it watches: that its answer does.
    const answered = own !== undefined && isAnswered(object, acting, own);
    const silentSince = answered ? now : (before?.silentSince ?? now);
    this.#rivals.set(key, { version, isGenuine, silentSince });
    return isGenuine && now - silentSince < patienceMs;
  }

  /** Whether an operator has written the claim, by its field manager, and not whoever may write ConfigMaps. */
  async #isGenuine({ metadata }: OwnedChild, acting: string): Promise<boolean> {
    const { namespace, name } = metadata;
    const answer = await this.#options.client.json({
      method: 'GET',
      path: path(childTypes.ConfigMap, namespace, name),
    });
    const steps = ['metadata', 'annotations', names.operatorAnnotation];
    return isKubeObject(answer) && fieldOwnership(answer, names.fieldManager).owns(steps, acting);
  }

  /** Tells those who look, and the other operator, whose status it is. */
  async #leave({ object, log }: Looked, live: OwnedChild, acting: string): Promise<void> {
    const { client, events, own } = this.#options;
    log.warn({ acting }, 'AppServer left to another operator');
    if (own === undefined) return;
    const note = severalOperators(acting, own);
    events.record(object, { type: 'Warning', reason: reasons.MultipleOperators, action: 'Reconcile', note });
    const { namespace, name, uid } = live.metadata;
    const { apiVersion, kind } = childTypes.ConfigMap;
    const annotations = { [names.otherOperatorAnnotation]: own };
    const body: KubeObject = {
      apiVersion,
      kind,
      metadata: { ...(namespace !== undefined && { namespace }), name, ...(uid !== undefined && { uid }), annotations },
    };
    try {
      await apply(client, childTypes.ConfigMap, body, { fieldManager: noteManager, force: true });
    } catch (error) {
      // Without the note there is no answer, and this operator acts in a while.
      if (!(error instanceof ApiError)) throw error;
      log.warn({ acting, err: error }, 'other operator not notified');
    }
  }
}
