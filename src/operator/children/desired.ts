import { runtimeConfigMap, liveConfigMap } from './config-maps.ts';
import { deployment } from './deployment.ts';
import { horizontalPodAutoscaler } from './hpa.ts';
import { httpRoute } from './http-route.ts';
import { ingress } from './ingress.ts';
import { monitor } from './monitor.ts';
import { networkPolicy } from './network-policy.ts';
import { podDisruptionBudget } from './pdb.ts';
import { serviceAccount } from './service-account.ts';
import { service } from './service.ts';
import type { Child, Facts } from '../model/facts.ts';
import { pinnedRelease } from './pinned-release.ts';

/** All children that should exist and can, in the order in which they are to be applied. */
export function desired(facts: Facts): Child[] {
  const { app } = facts;
  const release = pinnedRelease(facts);
  const children = [
    serviceAccount(app, release.layout),
    runtimeConfigMap(app, release.layout),
    liveConfigMap(app, facts.claim),
    deployment({ ...facts, release }),
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
