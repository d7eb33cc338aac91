// The number of replicas belongs to the autoscaler when there is one. Under server-side apply, letting go of a field that
// one alone owns resets it to its default: twenty pods would become one. So a second field manager takes the field over
// before the first lets go, and the autoscaler's writes take it from there.
import { z } from 'zod';
import { names } from '../../api/index.ts';
import { ApiError, apply, applyTo, type ApplyOptions, type KubeClient, type KubeObject } from '../../kube/index.ts';
import type { Child } from '../model/facts.ts';
import { childTypes } from '../model/kinds.ts';

const handOverManager = `${names.fieldManager}-replicas`;

const replicasView = z.looseObject({ spec: z.looseObject({ replicas: z.int().optional() }).optional() });

function withReplicas(child: KubeObject, replicas: number): KubeObject {
  const spec = typeof child['spec'] === 'object' ? child['spec'] : {};
  return { ...child, spec: { ...spec, replicas } };
}

function initialReplicas(child: Child): number | undefined {
  const text = child.metadata.annotations?.[names.replicasAnnotation];
  return text === undefined ? undefined : Number(text);
}

/** The Deployment as it is to be created: under autoscaling with the number to start with. */
export function newDeployment(child: Child): KubeObject {
  const initial = initialReplicas(child);
  return initial === undefined ? child : withReplicas(child, initial);
}

/** Applies a Deployment that exists; under autoscaling without the number of replicas, which is handed over first. */
export async function applyDeployment(
  client: KubeClient,
  child: Child,
  observed: KubeObject,
  options: ApplyOptions,
): Promise<KubeObject> {
  const initial = initialReplicas(child);
  // Also when that has been done before, which costs nothing and cannot be known for sure.
  const seen =
    initial === undefined
      ? observed
      : await takeOver(client, child, observed, replicasView.parse(observed).spec?.replicas ?? initial);
  return applyTo(client, childTypes.Deployment, { object: child, seen }, options);
}

/** Returns the Deployment as it is then. */
async function takeOver(client: KubeClient, child: Child, seen: KubeObject, replicas: number): Promise<KubeObject> {
  const { name, namespace } = child.metadata;
  const { apiVersion, kind } = childTypes.Deployment;
  try {
    // Without a version: where the number is another by now, it is somebody else's, and this is refused.
    const { uid } = seen.metadata;
    const metadata = { name, namespace, ...(uid !== undefined && { uid }) };
    const only: KubeObject = { apiVersion, kind, metadata, spec: { replicas } };
    return await apply(client, childTypes.Deployment, only, { fieldManager: handOverManager, force: false });
  } catch (error) {
    // 409: the autoscaler has set another number already, so the field is its own.
    if (!(error instanceof ApiError && error.status === 409)) throw error;
    return seen;
  }
}
