// Which of several operators acts on an AppServer. Each names itself on the AppServer's live ConfigMap. One that finds another
// there leaves a note beside it, and stands back as long as the first one holds its Lease and answers: with the condition of
// the AppServer that names both, which only operators can write.
import { z } from 'zod';
import { names } from '../../api/index.ts';
import type { KubeObject } from '../../kube/objects.ts';
import type { OwnedChild } from './identity.ts';

/** `namespace/name` of the Lease that an operator holds while it acts. */
export interface LeaseName {
  readonly namespace: string;
  readonly name: string;
}

const form = /^([a-z0-9][a-z0-9-]{0,62})\/([a-z0-9][a-z0-9.-]{0,252})$/;

/** Undefined for what is no such name. */
export function leaseNameOf(claim: string): LeaseName | undefined {
  const [, namespace, name] = form.exec(claim) ?? [];
  return namespace === undefined || name === undefined ? undefined : { namespace, name };
}

export interface Claims {
  /** The operator that has made the children last. */
  readonly acting: string | undefined;
  /** One that has found another acting. */
  readonly other: string | undefined;
}

/** @param live the live ConfigMap; undefined before it is made */
export function claimsOn(live: OwnedChild | undefined): Claims {
  const { [names.operatorAnnotation]: acting, [names.otherOperatorAnnotation]: other } =
    live?.metadata.annotations ?? {};
  return { acting, other };
}

export type OperatorState =
  /** It holds its Lease. */
  | 'acts'
  /** There is no such Lease, or nobody has it. */
  | 'gone'
  /** This operator has no right to look. */
  | 'unreadable';

/** What is told of two operators on one AppServer. */
export function severalOperators(acting: string, other: string): string {
  return `The operators ${acting} and ${other} both watch this AppServer; ${acting} acts on it. Let each watch namespaces of its own (--namespace, the chart's watchNamespaces), or uninstall one of them.`;
}

const answers = z.looseObject({
  conditions: z.array(
    z.looseObject({ type: z.string(), message: z.string(), observedGeneration: z.number().optional() }),
  ),
});

/** Whether the acting operator says of both that it knows of them, for the present generation of the AppServer. */
export function isAnswered(app: KubeObject, acting: string, other: string): boolean {
  const message = severalOperators(acting, other);
  const { conditions = [] } = answers.safeParse(app['status']).data ?? {};
  return conditions.some(
    (one) =>
      one.type === 'OperatorConflict' && one.message === message && one.observedGeneration === app.metadata.generation,
  );
}
