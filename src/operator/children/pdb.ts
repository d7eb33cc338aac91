import type { AppServer } from '../../api/index.ts';
import { names } from '../../api/index.ts';
import type { Child } from '../model/facts.ts';
import { childMetadata } from './metadata.ts';

/**
 * By default one pod at a time may be evicted. A maximum and not a minimum, and always for unhealthy pods, so that the budget never
 * blocks the drain of a node, a single replica included.
 */
export function podDisruptionBudget(app: AppServer): Child {
  const { maxUnavailable, minAvailable } = app.spec.disruption ?? {};
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: childMetadata(app, app.metadata.name),
    spec: {
      ...(minAvailable === undefined ? { maxUnavailable: maxUnavailable ?? 1 } : { minAvailable }),
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
      selector: { matchLabels: names.selectorLabels(app.metadata.name) },
    },
  };
}
