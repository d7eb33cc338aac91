import type { AppServer } from '../../api/index.ts';
import type { KubeObject } from '../../kube/objects.ts';
import type { OwnedChild } from './identity.ts';
import type { ChildKind } from './kinds.ts';
import type { OwnRelease } from './release.ts';
import type { PodView } from './pod.ts';
import type { Reference } from './references.ts';
import type { RestartMark } from '../decide/restart.ts';
import type { WorkerView } from './worker-status.ts';

/** A child as it should be. Its kind says which of the watched kinds it is of. */
export interface Child extends KubeObject {
  readonly kind: ChildKind;
  readonly metadata: KubeObject['metadata'] & { readonly namespace: string };
}

/** ConfigMaps and Secrets that do not exist, as far as the operator watches their kinds. */
interface Missing {
  /** Pods do not start without these. */
  readonly references: readonly Reference[];
  /** Names of Secrets with which images were to be pulled. */
  readonly pullSecrets: readonly string[];
}

/** All that is known about one AppServer at one moment. */
export interface Facts {
  readonly app: AppServer;
  readonly release: OwnRelease;
  /** This operator, as what it makes names it; undefined where it takes no Lease. */
  readonly claim: string | undefined;
  readonly children: readonly OwnedChild[];
  /** Children on their way out: nothing is decided by them, and nothing is written to them. */
  readonly terminating: readonly OwnedChild[];
  readonly pods: readonly PodView[];
  /** What pods have said of their workers, by the name of the pod. */
  readonly workers: ReadonlyMap<string, WorkerView>;
  /** What pods need and what is not there. */
  readonly missing: Missing;
  /** Kinds of children that the cluster knows. */
  readonly served: ReadonlySet<ChildKind>;
  /** By which pods are replaced, or left, when what they use has changed. */
  readonly restart: RestartMark;
  readonly now: Date;
}
