import { runtimeConfigMap, liveConfigMap } from './children/config-maps.ts';
import { deployment } from './children/deployment.ts';
import { horizontalPodAutoscaler } from './children/hpa.ts';
import { httpRoute } from './children/http-route.ts';
import { ingress } from './children/ingress.ts';
import { monitor } from './children/monitor.ts';
import { networkPolicy } from './children/network-policy.ts';
import { podDisruptionBudget } from './children/pdb.ts';
import { serviceAccount } from './children/service-account.ts';
import { service } from './children/service.ts';
import type { Child, Facts } from './facts.ts';
import { pinnedRelease } from './pinned-runtime.ts';

/** All children that should exist and can, in the order in which they are to be applied. */
export function desired(facts: Facts): Child[] {
  const { app } = facts;
  const children = [
    serviceAccount(app),
    runtimeConfigMap(app),
    liveConfigMap(app),
    deployment({ ...facts, release: pinnedRelease(facts) }),
    service(app),
    ingress(app),
    httpRoute(app),
    monitor(app),
    networkPolicy(app),
    horizontalPodAutoscaler(app),
    podDisruptionBudget(app),
  ];
  // What the cluster does not know cannot be made; that it is not there is told where it matters.
  return children.filter((child) => child !== undefined).filter(({ kind }) => facts.served.has(kind));
}
