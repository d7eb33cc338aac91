// What an API server can have against the children and pods of an AppServer.
import type { Condition } from '../../src/api/index.ts';
import { path, resourceType, type KubeObject, type ResourceType } from '../../src/kube/index.ts';
import { childTypes, podType } from '../../src/operator/model/kinds.ts';
import { client, destroy, eventually } from '../harness/api.ts';
import type { World } from './world.ts';

const quotaType = resourceType('v1', 'ResourceQuota');
const policyType = resourceType(
  'admissionregistration.k8s.io/v1',
  'ValidatingAdmissionPolicy',
  'validatingadmissionpolicies',
);
const bindingType = resourceType('admissionregistration.k8s.io/v1', 'ValidatingAdmissionPolicyBinding');

export const nothing: AsyncDisposable = { [Symbol.asyncDispose]: () => Promise.resolve() };

export const untilReason = (world: World, reason: string): Promise<Condition> =>
  eventually(reason, async () => {
    const ready = (await world.conditions('shop')).find(({ type }) => type === 'Ready');
    return ready?.reason === reason ? ready : undefined;
  });

export interface Template {
  readonly metadata: object;
  readonly spec: object;
}

export async function deploymentIn(world: World): Promise<KubeObject | undefined> {
  return (await world.list(childTypes.Deployment)).find(({ metadata }) => metadata.name === 'shop');
}

/** A pod of the Deployment, or what the API server has against it, as the ReplicaSet's controller would note it. */
export async function tryPod(world: World): Promise<string | undefined> {
  const deployment = await eventually('the Deployment', () => deploymentIn(world));
  const { template } = deployment['spec'] as { template: Template };
  const rejection = await world.rejection(podType, 'shop-1', template);
  const failure = {
    type: 'ReplicaFailure',
    status: rejection === undefined ? 'False' : 'True',
    reason: 'FailedCreate',
    message: rejection ?? '',
  };
  const status = { observedGeneration: deployment.metadata.generation, conditions: [failure] };
  await world.edit(childTypes.Deployment, 'shop', { status }, 'status');
  return rejection;
}

/** A quota as its controller would have it: the API server enforces what the status says. */
export async function quota(world: World, hard: Record<string, string>): Promise<void> {
  await world.put(quotaType, 'small', { spec: { hard } });
  const used = Object.fromEntries(Object.keys(hard).map((key) => [key, '0']));
  await world.edit(quotaType, 'small', { status: { hard, used } }, 'status');
}

export async function raiseQuota(world: World, hard: Record<string, string>): Promise<void> {
  await world.edit(quotaType, 'small', { spec: { hard }, status: { hard } });
  await world.edit(quotaType, 'small', { status: { hard } }, 'status');
}

export async function clusterWide(type: ResourceType, name: string, rest: object): Promise<void> {
  const { apiVersion, kind } = type;
  await client.json({ method: 'POST', path: path(type), body: { apiVersion, kind, metadata: { name }, ...rest } });
}

export interface Guarded {
  readonly group: string;
  readonly resource: string;
  readonly expression: string;
  readonly reason?: string;
}

/** A policy for the namespace, in force until disposed. */
export async function policy(world: World, { group, resource, expression, reason }: Guarded): Promise<AsyncDisposable> {
  const name = `${world.namespace}.example.com`;
  await clusterWide(policyType, name, {
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: {
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': world.namespace } },
        resourceRules: [
          { apiGroups: [group], apiVersions: ['v1'], resources: [resource], operations: ['CREATE', 'UPDATE'] },
        ],
      },
      validations: [{ expression, message: 'images come from registry.internal', ...(reason && { reason }) }],
    },
  });
  await clusterWide(bindingType, name, { spec: { policyName: name, validationActions: ['Deny'] } });
  return {
    [Symbol.asyncDispose]: async () => {
      await destroy(bindingType, undefined, name);
      await destroy(policyType, undefined, name);
    },
  };
}

export const internal = "object.spec.template.spec.containers.all(one, one.image.startsWith('registry.internal/'))";
export const internalPod = "object.spec.containers.all(one, one.image.startsWith('registry.internal/'))";

/** Of a Deployment with another image than the policies allow. */
export const probe = {
  spec: {
    selector: { matchLabels: { a: 'b' } },
    template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'a', image: 'elsewhere/a' }] } },
  },
};

export const untilGuarded = async (
  world: World,
  type: ResourceType = childTypes.Deployment,
  rest: object = probe,
): Promise<void> => {
  await eventually('the rejection of a probe', () => world.rejection(type, 'probe', rest));
};

export const isForeign = (deployment: KubeObject): boolean =>
  JSON.stringify(deployment).includes('registry.example.com/shop');
export const allowedImage = { image: 'registry.internal/shop:1' };

export const states = async (world: World): Promise<string[]> =>
  (await world.conditions('shop')).flatMap(({ type, status }) =>
    status === 'True' && type !== 'Available' ? [type] : [],
  );
