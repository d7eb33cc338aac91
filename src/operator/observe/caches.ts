// What the operator has seen last of what it watches.
import { names } from '../../api/index.ts';
import { Cache, type KubeObject, type Metadata } from '../../kube/index.ts';
import { alwaysServed, type ChildKind } from '../model/kinds.ts';
import type { PodView } from '../model/pod.ts';
import type { WorkerView } from '../model/worker-status.ts';

export interface Caches {
  readonly apps: Cache<KubeObject>;
  /** By the uid of the controlling owner. */
  readonly children: Readonly<Record<ChildKind, Cache<KubeObject>>>;
  /** By the key of the AppServer. */
  readonly pods: Cache<PodView>;
  /** What pods have said of their workers, by the key of the pod. */
  readonly workers: Map<string, WorkerView>;
  /** Kinds of children that the cluster knows, as of now. */
  readonly served: Set<ChildKind>;
}

const ownerUid = (object: KubeObject): string | undefined =>
  object.metadata.ownerReferences?.find((one) => one.controller === true)?.uid;

function childCache(): Cache<KubeObject> {
  return new Cache(ownerUid);
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

interface FieldManager {
  readonly manager?: string;
  readonly time?: string;
  readonly subresource?: string;
}

/** Field managers are most of an object's size; kept is only who was the last of others to change it. */
export function keepChild(object: KubeObject): KubeObject {
  const metadata: Metadata & { managedFields?: readonly FieldManager[] } = { ...object.metadata };
  const others = (metadata.managedFields ?? []).filter(
    ({ manager = '', subresource }) => subresource === undefined && !manager.startsWith(names.fieldManager),
  );
  delete metadata.managedFields;
  const [last] = others.toSorted((a, b) => (b.time ?? '').localeCompare(a.time ?? ''));
  return { ...object, metadata, ...(last?.manager !== undefined && { lastEditor: last.manager }) };
}

/** Field manager that was the last of others to change the object, as far as that is known. */
export function lastEditor(kept: KubeObject | undefined): string | undefined {
  return typeof kept?.['lastEditor'] === 'string' ? kept['lastEditor'] : undefined;
}
