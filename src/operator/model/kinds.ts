import { group, kind as appServerKind, plural, version } from '../../api/index.ts';
import { resourceType } from '../../kube/objects.ts';

export const appServerType = resourceType(`${group}/${version}`, appServerKind, plural);
export const podType = resourceType('v1', 'Pod');
export const replicaSetType = resourceType('apps/v1', 'ReplicaSet');

/** In the order in which they are applied: what a pod needs comes before the Deployment. */
export const childTypes = {
  ServiceAccount: resourceType('v1', 'ServiceAccount'),
  ConfigMap: resourceType('v1', 'ConfigMap'),
  Deployment: resourceType('apps/v1', 'Deployment'),
  Service: resourceType('v1', 'Service'),
  Ingress: resourceType('networking.k8s.io/v1', 'Ingress', 'ingresses'),
  HTTPRoute: resourceType('gateway.networking.k8s.io/v1', 'HTTPRoute'),
  PodMonitor: resourceType('monitoring.coreos.com/v1', 'PodMonitor'),
  ServiceMonitor: resourceType('monitoring.coreos.com/v1', 'ServiceMonitor'),
  NetworkPolicy: resourceType('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies'),
  HorizontalPodAutoscaler: resourceType('autoscaling/v2', 'HorizontalPodAutoscaler'),
  PodDisruptionBudget: resourceType('policy/v1', 'PodDisruptionBudget'),
} as const;

export type ChildKind = keyof typeof childTypes;

/**
 * Whether writers of AppServers need rights of their own to have a child of a kind made: none (`implied`), the right to create
 * such an object themselves (`asked`), or none up to a limit that the ValidatingAdmissionPolicies draw (`limited`).
 */
export const childRights = {
  ServiceAccount: 'limited',
  ConfigMap: 'implied',
  Deployment: 'limited',
  Service: 'limited',
  Ingress: 'asked',
  HTTPRoute: 'asked',
  PodMonitor: 'asked',
  ServiceMonitor: 'asked',
  NetworkPolicy: 'asked',
  HorizontalPodAutoscaler: 'limited',
  PodDisruptionBudget: 'limited',
} as const satisfies Record<ChildKind, 'implied' | 'asked' | 'limited'>;

/** Kinds about which the policies ask something. */
export type AskedKind = {
  [Kind in ChildKind]: (typeof childRights)[Kind] extends 'implied' ? never : Kind;
}[ChildKind];

export const childKinds = Object.keys(childTypes).filter(isChildKind);

export function isChildKind(kind: string): kind is ChildKind {
  return Object.hasOwn(childTypes, kind);
}

/** Kinds that a cluster may not know, and the CustomResourceDefinitions by which it does. */
export const optionalKinds: ReadonlyMap<ChildKind, string> = new Map([
  ['HTTPRoute', 'httproutes.gateway.networking.k8s.io'],
  ['PodMonitor', 'podmonitors.monitoring.coreos.com'],
  ['ServiceMonitor', 'servicemonitors.monitoring.coreos.com'],
] as const);

export const alwaysServed: ReadonlySet<ChildKind> = new Set(childKinds.filter((kind) => !optionalKinds.has(kind)));
