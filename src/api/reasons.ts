// Every reason that a condition or an event of an AppServer can have. Stable: scripts and alerts match them.

export const reasons = {
  /** All wanted pods are ready and of the current revision. */
  Available: 'Available',
  /** Pods of the current revision are being started. */
  RollingOut: 'RollingOut',
  /** Fewer pods are ready than wanted, and nothing is known to stand in the way. */
  PodsNotReady: 'PodsNotReady',
  /** Asked for no pods. */
  ScaledToZero: 'ScaledToZero',
  /** An image cannot be pulled. */
  ImagePullFailed: 'ImagePullFailed',
  /** The runtime or the application ends again and again. */
  PodsCrashing: 'PodsCrashing',
  /** The kernel ended the container at its memory limit. */
  OutOfMemory: 'OutOfMemory',
  /** A container cannot be made: a missing ConfigMap or Secret, a bad user id. */
  ContainerConfigInvalid: 'ContainerConfigInvalid',
  /** No node has room for a pod or fits its rules. */
  Unschedulable: 'Unschedulable',
  /** Pods are refused: the namespace's quota is used up. */
  QuotaExceeded: 'QuotaExceeded',
  /** Pods are refused: the namespace's Pod Security level does not allow them. */
  PodSecurityViolated: 'PodSecurityViolated',
  /** Pods are refused for another reason. */
  PodsRefused: 'PodsRefused',
  /** Pods serve with fewer workers than they should have, because some fail again and again. */
  WorkersFailing: 'WorkersFailing',
  /** The rollout made no progress within its deadline. */
  RolloutStuck: 'RolloutStuck',
  /** The operator may not create or change a child. */
  ChildForbidden: 'ChildForbidden',
  /** The API server refuses a child as it is. */
  ChildInvalid: 'ChildInvalid',
  /** A child could not be written; tried again. */
  ChildFailed: 'ChildFailed',
  /** An object of the same name that is not the AppServer's stands in the way. */
  ChildConflict: 'ChildConflict',
  /** An object of a child's name is being deleted, and is waited for. */
  ChildTerminating: 'ChildTerminating',
  /** A field of spec.podTemplate is one that the operator sets. */
  PodTemplateConflict: 'PodTemplateConflict',
  /** The cluster does not know a kind that is asked for. */
  KindMissing: 'KindMissing',
  /** Somebody keeps changing what the operator sets. */
  Contended: 'Contended',
  /** Pods are to be replaced because of new content, and others have all the places for that. */
  RestartPlacesTaken: 'RestartPlacesTaken',
  /** Two operators watch the AppServer; one of them acts. */
  SeveralOperators: 'SeveralOperators',
  /** The stored resource does not match the schema of this operator version. */
  SpecInvalid: 'SpecInvalid',

  /** Event: a child was created. */
  Created: 'Created',
  /** Event: a child was changed because the AppServer was. */
  Updated: 'Updated',
  /** Event: a child was deleted or edited by somebody else and is as it was again. */
  Repaired: 'Repaired',
  /** Event: what pods use has other content, and they are replaced. */
  ContentChanged: 'ContentChanged',
  /** Event: a child that is no longer wanted was deleted. */
  Pruned: 'Pruned',
} as const;

export type Reason = (typeof reasons)[keyof typeof reasons];
