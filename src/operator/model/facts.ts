import type { AppServer } from '../../api/index.ts';
import type { KubeObject } from '../../kube/objects.ts';
import type { ChildKind } from './kinds.ts';
import type { PodView } from './pod.ts';
import type { RestartMark } from '../decide/restart.ts';
import type { WorkerView } from './worker-status.ts';

/** A child as it should be. Its kind says which of the watched kinds it is of. */
export interface Child extends KubeObject {
  readonly kind: ChildKind;
  readonly metadata: KubeObject['metadata'] & { readonly namespace: string };
}

/** What the operator itself brings into its decisions. */
export interface Release {
  /** Image that the init container installs the runtime from. */
  readonly runtimeImage: string;
  readonly runtimeImagePullPolicy: 'Always' | 'IfNotPresent' | 'Never' | undefined;
  /** Image of nginx, where the spec names none. */
  readonly proxyImage: string;
}

/** All that is known about one AppServer at one moment. */
export interface Facts {
  readonly app: AppServer;
  readonly release: Release;
  /** Children that bear the AppServer's uid as their controller. */
  readonly children: readonly KubeObject[];
  readonly pods: readonly PodView[];
  /** What pods have said of their workers, by the name of the pod. */
  readonly workers: ReadonlyMap<string, WorkerView>;
  /** Kinds of children that the cluster knows. */
  readonly served: ReadonlySet<ChildKind>;
  /** By which pods are replaced, or left, when what they use has changed. */
  readonly restart: RestartMark;
  readonly now: Date;
}
