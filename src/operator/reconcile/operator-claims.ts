// Two operators on one AppServer: one of them acts, and tells of both.
import { names, reasons } from '../../api/index.ts';
import { ApiError, apply, type EventRecorder, type KubeClient, type KubeObject } from '../../kube/index.ts';
import type { OwnedChild } from '../model/identity.ts';
import { childTypes } from '../model/kinds.ts';
import { claimsOn, severalOperators, standsBack } from '../model/operators.ts';
import type { OtherOperators } from '../observe/other-operators.ts';
import type { PresentCondition } from '../status/conditions.ts';
import type { Subject } from './subject.ts';

/** Of its own, so that the note is all that this operator has of the other one's object. */
const noteManager = `${names.fieldManager}-note`;
/** The other one may end at any time, of which nothing tells. */
const recheckMs = 30_000;

export type Standing =
  | { readonly kind: 'acts'; readonly beside: PresentCondition | undefined }
  /** Another operator acts. */
  | { readonly kind: 'left'; readonly recheckMs: number };

export interface OperatorClaimsOptions {
  readonly client: KubeClient;
  readonly otherOperators: OtherOperators;
  readonly events: EventRecorder;
  /** `namespace/name` of this operator's Lease; undefined where it takes none. */
  readonly own: string | undefined;
}

export class OperatorClaims {
  readonly #options: OperatorClaimsOptions;

  constructor(options: OperatorClaimsOptions) {
    this.#options = options;
  }

  async look(subject: Subject, children: readonly OwnedChild[]): Promise<Standing> {
    const { otherOperators, own } = this.#options;
    const { live, acting, other } = claimsOn(subject.app.metadata.name, children);
    if (live !== undefined && acting !== undefined && acting !== own) {
      if (standsBack(own, acting, await otherOperators.state(acting))) {
        if (other !== own) await this.#leave(subject, live, acting);
        return { kind: 'left', recheckMs };
      }
    }
    const isWatched = other !== undefined && other !== own && (await otherOperators.state(other)) === 'acts';
    if (own === undefined || !isWatched) return { kind: 'acts', beside: undefined };
    const message = severalOperators(own, other);
    return { kind: 'acts', beside: { type: 'OperatorConflict', reason: reasons.SeveralOperators, message } };
  }

  /** Tells those who look, and the other operator, whose status it is. */
  async #leave({ object, log }: Subject, live: OwnedChild, acting: string): Promise<void> {
    const { client, events, own } = this.#options;
    log.warn({ acting }, 'AppServer left to another operator');
    if (own === undefined) return;
    const note = severalOperators(acting, own);
    events.record(object, { type: 'Warning', reason: reasons.SeveralOperators, action: 'Reconcile', note });
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
      // Without the note, the AppServer is left alone all the same.
      if (!(error instanceof ApiError)) throw error;
      log.warn({ acting, err: error }, 'no note left for the other operator');
    }
  }
}
