// The test cluster's API server, as its administrator. Tests run inside the cluster's network namespace.
import { KubeConfig } from '@kubernetes/client-node';
import { setTimeout as delay } from 'node:timers/promises';
import {
  ApiError,
  isKubeObject,
  KubeClient,
  path,
  resourceType,
  type KubeObject,
  type ResourceType,
} from '../../src/kube/index.ts';

const { KUBECONFIG } = process.env;
if (KUBECONFIG === undefined) throw new Error('these tests run on the embedded cluster: use `npm test`');
export const kubeconfig: string = KUBECONFIG;

const config = new KubeConfig();
config.loadFromFile(kubeconfig);
export const client = new KubeClient(config);

/** As somebody else. */
export function clientAs(user: string): KubeClient {
  const impersonating = new KubeConfig();
  impersonating.loadFromFile(kubeconfig);
  impersonating.users = impersonating.users.map((one) => ({ ...one, impersonateUser: user }));
  return new KubeClient(impersonating);
}

export const types = {
  AppServer: resourceType('appserver.dev/v1alpha1', 'AppServer'),
  CustomResourceDefinition: resourceType('apiextensions.k8s.io/v1', 'CustomResourceDefinition'),
  Namespace: resourceType('v1', 'Namespace'),
  Node: resourceType('v1', 'Node'),
  Pod: resourceType('v1', 'Pod'),
  Service: resourceType('v1', 'Service'),
  ServiceAccount: resourceType('v1', 'ServiceAccount'),
  ConfigMap: resourceType('v1', 'ConfigMap'),
  Secret: resourceType('v1', 'Secret'),
  ResourceQuota: resourceType('v1', 'ResourceQuota'),
  Deployment: resourceType('apps/v1', 'Deployment'),
  HorizontalPodAutoscaler: resourceType('autoscaling/v2', 'HorizontalPodAutoscaler'),
  PodDisruptionBudget: resourceType('policy/v1', 'PodDisruptionBudget'),
  ClusterRole: resourceType('rbac.authorization.k8s.io/v1', 'ClusterRole'),
  ClusterRoleBinding: resourceType('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding'),
  Role: resourceType('rbac.authorization.k8s.io/v1', 'Role'),
  RoleBinding: resourceType('rbac.authorization.k8s.io/v1', 'RoleBinding'),
  Event: resourceType('events.k8s.io/v1', 'Event'),
} as const satisfies Record<string, ResourceType>;

export async function get(
  type: ResourceType,
  namespace: string | undefined,
  name: string,
): Promise<KubeObject | undefined> {
  try {
    const found = await client.json({ method: 'GET', path: path(type, namespace, name) });
    return isKubeObject(found) ? found : undefined;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

export async function list(type: ResourceType, namespace?: string): Promise<KubeObject[]> {
  const { items } = (await client.json({ method: 'GET', path: path(type, namespace) })) as { items: KubeObject[] };
  return items;
}

/** As `kubectl apply` would, by a field manager of the tests. */
export async function applyAs(type: ResourceType, object: KubeObject, fieldManager = 'e2e'): Promise<void> {
  await client.json({
    method: 'PATCH',
    path: path(type, object.metadata.namespace, object.metadata.name),
    query: { fieldManager, force: 'true', fieldValidation: 'Strict' },
    body: { ...object, apiVersion: type.apiVersion, kind: type.kind },
    contentType: 'application/apply-patch+yaml',
  });
}

/** As `kubectl edit` would. */
export async function edit(type: ResourceType, namespace: string, name: string, patch: object): Promise<void> {
  await client.json({
    method: 'PATCH',
    path: path(type, namespace, name),
    query: { fieldManager: 'kubectl-edit' },
    body: patch,
    contentType: 'application/strategic-merge-patch+json',
  });
}

/** A merge patch, which custom resources know too. */
export async function merge(type: ResourceType, namespace: string, name: string, patch: object): Promise<void> {
  await client.json({
    method: 'PATCH',
    path: path(type, namespace, name),
    query: { fieldManager: 'e2e' },
    body: patch,
    contentType: 'application/merge-patch+json',
  });
}

export async function destroy(type: ResourceType, namespace: string | undefined, name: string): Promise<void> {
  try {
    await client.json({ method: 'DELETE', path: path(type, namespace, name) });
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error;
  }
}

/** Asks until there is an answer. @throws when there is none in time, with what was seen last */
export async function eventually<T>(what: string, probe: () => Promise<T | undefined>, timeoutMs = 60_000): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  let last: Error | undefined;
  for (;;) {
    try {
      const found = await probe();
      if (found !== undefined) return found;
    } catch (error) {
      last = error instanceof Error ? error : new Error('unknown', { cause: error });
    }
    if (performance.now() > deadline) {
      throw new Error(`not within ${timeoutMs / 1000} s: ${what}${last === undefined ? '' : `; ${last.message}`}`, {
        cause: last,
      });
    }
    await delay(20);
  }
}
