// What the operator has seen last of what it watches.
import { names, type AppServerStatus } from '../../api/index.ts';
import { Cache } from '../../kube/index.ts';
import { identityOfOwner } from '../model/identity.ts';
import type { KeptObject } from '../model/kept-object.ts';
import { alwaysServed, type ChildKind } from '../model/kinds.ts';
import type { PodView } from '../model/pod.ts';
import type { WorkerView } from '../model/worker-status.ts';

export interface Caches {
  readonly apps: Cache<KeptObject>;
  /** By the identity of the AppServer that controls them, which they bear in its own namespace alone. */
  readonly children: Readonly<Record<ChildKind, Cache<KeptObject>>>;
  /** By the key of the AppServer. */
  readonly pods: Cache<PodView>;
  /** What pods have said of their workers, by the key of the pod. */
  readonly workers: Map<string, WorkerView>;
  /** Statuses that are being written just now, by the key of the AppServer: their echo is no news. */
  readonly reported: Map<string, AppServerStatus>;
  /** Kinds of children that the cluster knows, as of now. */
  readonly served: Set<ChildKind>;
}

function childCache(): Cache<KeptObject> {
  return new Cache(identityOfOwner);
}

export function emptyCaches(): Caches {
  return {
    apps: new Cache(() => undefined),
    children: {
      ServiceAccount: childCache(),
      ConfigMap: childCache(),
      Deployment: childCache(),
      Service: childCache(),
      Ingress: childCache(),
      HTTPRoute: childCache(),
      PodMonitor: childCache(),
      ServiceMonitor: childCache(),
      NetworkPolicy: childCache(),
      HorizontalPodAutoscaler: childCache(),
      PodDisruptionBudget: childCache(),
    },
    pods: new Cache((pod) => keyOfPodsApp(pod)),
    workers: new Map(),
    reported: new Map(),
    served: new Set(alwaysServed),
  };
}

/** The AppServer that a pod belongs to by its labels. */
export function keyOfPodsApp({
  namespace,
  labels,
}: {
  namespace: string;
  labels: Readonly<Record<string, string>>;
}): string | undefined {
  const instance = labels[names.instanceLabel];
  return instance === undefined ? undefined : `${namespace}/${instance}`;
}
