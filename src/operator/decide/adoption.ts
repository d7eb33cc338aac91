// What is done about an object of a child's name that the operator may adopt: its pods serve until the AppServer's own do. Pure.
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { names } from '../../api/index.ts';
import type { KubeObject } from '../../kube/objects.ts';
import type { Child, Facts } from '../model/facts.ts';
import { controllerOf } from '../model/identity.ts';
import { isSettled, rollout } from '../model/rollout.ts';

export type Adoption =
  /** It becomes the child by the next write. */
  | 'adopt'
  /** Requests reach the pods of before by it, and those of the AppServer are not ready. */
  | 'wait'
  /** It cannot become the child, whose selector is immutable: it goes, its pods stay, and the child is created. */
  | 'replace';

/** What requests pass on their way to pods. */
const onTheWay: ReadonlySet<string> = new Set(['Service', 'Ingress', 'HTTPRoute', 'NetworkPolicy']);

const selectorView = z.looseObject({
  spec: z.looseObject({ selector: z.record(z.string(), z.unknown()).optional() }).optional(),
});

const selectorOf = (object: KubeObject): unknown => selectorView.safeParse(object).data?.spec?.selector ?? {};

/** Whether every pod that the AppServer wants is ready. */
export const servesByItself = (facts: Facts): boolean => rollout(facts).wanted === 0 || isSettled(facts);

/** Whether the owner of an object offers it to the AppServer. */
export function isOffered({ metadata }: KubeObject, appServer: string): boolean {
  return metadata.annotations?.[names.adoptAnnotation] === appServer;
}

/** @param found nobody's, of the child's name, and offered or marked as a child */
export function adoptionOf(found: KubeObject, child: Child, facts: Facts): Adoption {
  // One that only lacks its owner is put right at once.
  if (!isOffered(found, facts.app.metadata.name)) return 'adopt';
  const sameSelector = isDeepStrictEqual(selectorOf(found), selectorOf(child));
  if (child.kind === 'Deployment') return sameSelector ? 'adopt' : 'replace';
  if (!onTheWay.has(child.kind) || servesByItself(facts)) return 'adopt';
  // Whatever else of it is to change, requests go where they went before.
  return child.kind === 'Service' && sameSelector ? 'adopt' : 'wait';
}

/** Whether the AppServer has adopted what leads requests to its pods, so that none reach those of before. */
export function hasAdopted({ app, children }: Facts): boolean {
  return children.some((child) => child.kind === 'Service' && isOffered(child, app.metadata.name));
}

const scaleView = z.looseObject({ spec: z.looseObject({ replicas: z.int().optional() }).optional() });

/**
 * Whether the ReplicaSets of a Deployment that is replaced are offered as it is, by which they are known once they are
 * nobody's. The Deployment's controller copies its annotations to them.
 */
export function areOffered(replicaSets: readonly KubeObject[], deployment: KubeObject, appServer: string): boolean {
  return replicaSets
    .filter((one) => controllerOf(one)?.uid === deployment.metadata.uid)
    .filter((one) => (scaleView.safeParse(one).data?.spec?.replicas ?? 1) > 0)
    .every((one) => isOffered(one, appServer));
}

/** Those that a replaced Deployment has left. */
export function leftOf(replicaSets: readonly KubeObject[], appServer: string): KubeObject[] {
  return replicaSets.filter(
    (one) =>
      controllerOf(one) === undefined && one.metadata.deletionTimestamp === undefined && isOffered(one, appServer),
  );
}
