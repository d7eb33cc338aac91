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
import type { Pods } from './pod.ts';

/** All children that should exist and can, in the order in which they are to be applied. @param pods those of podsOf(facts) */
export function desired({ app, claim, served, restart: { contents } }: Facts, pods: Pods): Child[] {
  const { layout } = pods.release;
  const children = [
    serviceAccount(app, layout),
    runtimeConfigMap(app, layout),
    liveConfigMap(app, claim),
    deployment({ app, pods, contents }),
    service(app),
    ingress(app),
    httpRoute(app),
    monitor(app),
    networkPolicy(app),
    horizontalPodAutoscaler(app),
    podDisruptionBudget(app),
  ];
  // What the cluster does not know cannot be made; that it is not there is told where it matters.
  return children.filter((child) => child !== undefined).filter(({ kind }) => served.has(kind));
}
