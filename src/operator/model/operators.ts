// Which of several operators acts on an AppServer. Each names itself on the AppServer's live ConfigMap; whoever comes second
// stands back as long as the first one holds its Lease, and leaves a note there, so that the first one can tell of both.
// Who may write that ConfigMap can keep operators from acting on this AppServer, whose children he may write anyway.
import { names } from '../../api/index.ts';
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
  /** Where they stand; undefined before it is made. */
  readonly live: OwnedChild | undefined;
  /** The operator that has made the children last. */
  readonly acting: string | undefined;
  /** One that has found another acting. */
  readonly other: string | undefined;
}

/** What the AppServer's children tell of the operators that it has. */
export function claimsOn(appServer: string, children: readonly OwnedChild[]): Claims {
  const live = children.find(
    ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === names.liveConfigMap(appServer),
  );
  const { [names.operatorAnnotation]: acting, [names.otherOperatorAnnotation]: other } =
    live?.metadata.annotations ?? {};
  return { live, acting, other };
}

export type OperatorState =
  /** It holds its Lease. */
  | 'acts'
  /** There is no such Lease, or nobody has it. */
  | 'gone'
  /** This operator has no right to look. */
  | 'unreadable';

/**
 * Whether this operator leaves the AppServer to the one that acts on it. Where neither can look for the other, the one whose
 * name comes first acts, so that they do not take turns for ever.
 * @param own undefined for an operator without a Lease
 */
export function standsBack(own: string | undefined, acting: string, state: OperatorState): boolean {
  switch (state) {
    case 'acts':
      return true;
    case 'gone':
      return false;
    case 'unreadable':
      return own === undefined || acting < own;
  }
}

/** What is told of two operators on one AppServer. */
export function severalOperators(acting: string, other: string): string {
  return `The operators ${acting} and ${other} both watch this AppServer; ${acting} acts on it. Let each watch namespaces of its own (--namespace, the chart's watchNamespaces), or uninstall one of them.`;
}
