// Which objects in the demonstration's namespaces are somebody else's: a namespace goes with all that is in it.
import type { KubeObject } from '../../src/kube/index.ts';
import { isOf } from './ledger.ts';

export interface NamespaceContents {
  /** All that is in the namespace. */
  readonly objects: readonly KubeObject[];
  /** What clusters put into every namespace, taken from another one. */
  readonly elsewhere: readonly KubeObject[];
  readonly run: string;
  /** Leases and Secrets whose names begin so are the operator's own. */
  readonly operator: string;
}

/** Made by the cluster itself for what runs in a namespace, without an owner. */
const byTheCluster = new Set(['Event', 'Endpoints']);

/** Made by the operator for itself. */
const byTheOperator = new Set(['Lease', 'Secret']);

const nameOf = ({ kind, metadata }: KubeObject): string => `${kind} ${metadata.name}`;

/** Those that neither the demonstration, nor its operator, nor the cluster made. Pure. */
export function othersIn({ objects, elsewhere, run, operator }: NamespaceContents): KubeObject[] {
  const usual = new Set(elsewhere.map(nameOf));
  return objects.filter(
    (object) =>
      !isOf(object, run) &&
      !byTheCluster.has(object.kind) &&
      // It goes with its owner, which is looked at itself.
      (object.metadata.ownerReferences ?? []).length === 0 &&
      !usual.has(nameOf(object)) &&
      !(byTheOperator.has(object.kind) && `${object.metadata.name}-`.startsWith(`${operator}-`)),
  );
}
