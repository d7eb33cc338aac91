// What belongs to an AppServer. Names, labels and owner references are written by whoever may write the object, so none of
// them is believed alone: a child is an object of the AppServer's own namespace whose controller is named by API version,
// kind, name and uid. Whoever can write such an object can write the AppServer's real children too.
import { group, kind, version } from '../../api/index.ts';
import type { KubeObject, OwnerReference } from '../../kube/objects.ts';
import type { KeptObject } from './kept-object.ts';

declare const owned: unique symbol;

/** An object that has been found to be the AppServer's. Only `childrenOf` makes them. */
export type OwnedChild = KeptObject & { readonly [owned]: true };

/** What tells one AppServer from every other, also from one of the same name before or after it. */
export interface AppServerIdentity {
  readonly metadata: {
    readonly namespace?: string | undefined;
    readonly name: string;
    readonly uid?: string | undefined;
  };
}

const apiVersion = `${group}/${version}`;

export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((one) => one.controller === true);
}

/** Index value of an AppServer: `namespace/name/uid`. */
export function identityOf({ metadata: { namespace = '', name, uid = '' } }: AppServerIdentity): string {
  return `${namespace}/${name}/${uid}`;
}

/** Index value of the AppServer that an object is controlled by; undefined for objects of anybody else. */
export function identityOfOwner(object: KubeObject): string | undefined {
  const owner = controllerOf(object);
  if (owner === undefined || owner.apiVersion !== apiVersion || owner.kind !== kind) return undefined;
  return identityOf({ metadata: { namespace: object.metadata.namespace, name: owner.name, uid: owner.uid } });
}

export function belongsTo(object: KeptObject, app: AppServerIdentity): object is OwnedChild {
  return app.metadata.uid !== undefined && identityOfOwner(object) === identityOf(app);
}

export interface Children {
  /** In the order of the objects given. */
  readonly living: readonly OwnedChild[];
  /** On their way out, held up by finalizers. They decide nothing, and their names are free once they are gone. */
  readonly terminating: readonly OwnedChild[];
}

/** Those of `objects` that are the AppServer's. */
export function childrenOf(objects: readonly KeptObject[], app: AppServerIdentity): Children {
  const own = objects.filter((object) => belongsTo(object, app));
  return {
    living: own.filter(({ metadata }) => metadata.deletionTimestamp === undefined),
    terminating: own.filter(({ metadata }) => metadata.deletionTimestamp !== undefined),
  };
}
