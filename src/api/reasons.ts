// Every reason that a condition or an event of an AppServer can have. Stable: scripts and alerts match them. Where Kubernetes
// has a word for the same thing, it is that word.

export const reasons = {
  /** All desired pods are ready and of the current revision. */
  PodsReady: 'PodsReady',
  /** Pods of the current revision are being started. */
  RollingOut: 'RollingOut',
  /** Fewer pods are ready than desired, and no cause is known. */
  PodsNotReady: 'PodsNotReady',
  /** No pods are desired. */
  ScaledToZero: 'ScaledToZero',
  /** Condition Available: no more pods are missing than a rollout or an eviction may take. */
  MinimumReplicasAvailable: 'MinimumReplicasAvailable',
  /** Condition Available: more pods are missing than that. */
  MinimumReplicasUnavailable: 'MinimumReplicasUnavailable',

  /** An image cannot be pulled. */
  ImagePullFailed: 'ImagePullFailed',
  /** A container exits with an error again and again. */
  PodsCrashing: 'PodsCrashing',
  /** The kernel killed a container at its memory limit. */
  OOMKilled: 'OOMKilled',
  /** Pods fail as a whole: evicted, preempted, or rejected by their node. */
  PodsFailed: 'PodsFailed',
  /** A container cannot be created: a bad user id, for one. */
  ContainerConfigInvalid: 'ContainerConfigInvalid',
  /** Pods need a Secret that does not exist. */
  SecretNotFound: 'SecretNotFound',
  /** Pods need a ConfigMap that does not exist. */
  ConfigMapNotFound: 'ConfigMapNotFound',
  /** Pods need a key that a Secret or ConfigMap does not have. */
  KeyNotFound: 'KeyNotFound',
  /** Pods need a PersistentVolumeClaim that does not exist. */
  VolumeClaimNotFound: 'VolumeClaimNotFound',
  /** A PersistentVolumeClaim has no volume yet. */
  VolumeClaimUnbound: 'VolumeClaimUnbound',
  /** The service account of the pods does not exist. */
  ServiceAccountNotFound: 'ServiceAccountNotFound',
  /** The priority class or runtime class of the pods does not exist. */
  ClassNotFound: 'ClassNotFound',
  /** No node has the CPU, memory or other resources that a pod requests. */
  InsufficientResources: 'InsufficientResources',
  /** No node matches a pod's node selector or affinity, or tolerations are missing for the taints of those that do. */
  NoMatchingNode: 'NoMatchingNode',
  /** The scheduler finds no node for a pod for another reason. */
  Unschedulable: 'Unschedulable',
  /** The containers are ready, and a readiness gate of the pods is not. */
  ReadinessGateNotMet: 'ReadinessGateNotMet',
  /** Pods serve with fewer workers than desired, because some fail again and again. */
  WorkersFailing: 'WorkersFailing',
  /** The rollout made no progress within spec.rollout.progressDeadlineSeconds. */
  ProgressDeadlineExceeded: 'ProgressDeadlineExceeded',
  /** A change waits, because spec.rollout.paused is true. */
  RolloutPaused: 'RolloutPaused',
  /** The Deployment has been scaled to zero, and a HorizontalPodAutoscaler does not scale from there. */
  ScalingDisabled: 'ScalingDisabled',

  /** The namespace's ResourceQuota is used up. */
  QuotaExceeded: 'QuotaExceeded',
  /** The namespace's ResourceQuota requires requests or limits that a container does not have. */
  ResourcesRequired: 'ResourcesRequired',
  /** A LimitRange of the namespace rejects the resources of a container or pod. */
  LimitRangeViolated: 'LimitRangeViolated',
  /** The namespace's Pod Security level rejects the pods. */
  PodSecurityViolated: 'PodSecurityViolated',
  /** A ValidatingAdmissionPolicy, an admission webhook or another admission plugin rejects an object. */
  PolicyDenied: 'PolicyDenied',
  /** An admission webhook does not answer; retried. */
  WebhookUnavailable: 'WebhookUnavailable',
  /** The namespace is being deleted. */
  NamespaceTerminating: 'NamespaceTerminating',
  /** Pods cannot be created for another reason. */
  PodCreationFailed: 'PodCreationFailed',

  /** The operator lacks the right to write or delete an object. */
  OperatorForbidden: 'OperatorForbidden',
  /** The API server rejects an object as invalid. */
  ApplyRejected: 'ApplyRejected',
  /** A field that cannot be changed would have to be. */
  FieldImmutable: 'FieldImmutable',
  /** An object could not be written or deleted; retried. */
  ApplyFailed: 'ApplyFailed',
  /** An object of the same name exists and is not controlled by the AppServer. */
  NameConflict: 'NameConflict',
  /** An object of the same name is being deleted, and has to be gone first. */
  WaitingForDeletion: 'WaitingForDeletion',
  /** spec.podTemplate sets a field that the operator sets. */
  PodTemplateConflict: 'PodTemplateConflict',
  /** The cluster lacks the CustomResourceDefinition of a kind that the spec asks for. */
  CRDNotInstalled: 'CRDNotInstalled',
  /** Another field manager keeps changing what the operator sets. */
  FieldConflict: 'FieldConflict',
  /** Pods are to be restarted for new content, and as many AppServers as --restart-limit allows are doing so. */
  RestartLimitReached: 'RestartLimitReached',
  /** Two operators watch the AppServer; one of them acts. */
  MultipleOperators: 'MultipleOperators',
  /** The stored resource does not match the schema of this operator version. */
  SpecInvalid: 'SpecInvalid',

  /** Event: an object was created. */
  Created: 'Created',
  /** Event: an object was changed because the AppServer was. */
  Updated: 'Updated',
  /** Event: an object that others had deleted or edited is as desired again. */
  Repaired: 'Repaired',
  /** Event: a ConfigMap or Secret that pods use has new content, and they are restarted. */
  ContentChanged: 'ContentChanged',
  /** Event: an object that is no longer desired was deleted. */
  Pruned: 'Pruned',
  /** Event: the API server accepted an object with a warning. */
  APIWarning: 'APIWarning',
} as const;

export type Reason = (typeof reasons)[keyof typeof reasons];
