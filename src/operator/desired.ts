import { runtimeConfigMap, liveConfigMap } from './children/config-maps.ts';
import { deployment } from './children/deployment.ts';
import { horizontalPodAutoscaler } from './children/hpa.ts';
import { ingress } from './children/ingress.ts';
import { networkPolicy } from './children/network-policy.ts';
import { podDisruptionBudget } from './children/pdb.ts';
import { serviceAccount } from './children/service-account.ts';
import { service } from './children/service.ts';
import type { Child, Facts } from './facts.ts';
import { pinnedRelease } from './pinned-runtime.ts';

/** All children that should exist, in the order in which they are to be applied. */
export function desired(facts: Facts): Child[] {
  const { app } = facts;
  const children = [
    serviceAccount(app),
    runtimeConfigMap(app),
    liveConfigMap(app),
    deployment(app, pinnedRelease(facts)),
    service(app),
    ingress(app),
    networkPolicy(app),
    horizontalPodAutoscaler(app),
    podDisruptionBudget(app),
  ];
  return children.filter((child) => child !== undefined);
}
