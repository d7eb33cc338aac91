import type { AppServer } from '../../api/index.ts';
import { names } from '../../api/index.ts';
import type { Child } from '../model/facts.ts';
import { childMetadata } from './metadata.ts';

/**
 * By default one pod at a time may be evicted. A maximum and not a minimum, and always for unhealthy pods, so that the budget never
 * blocks the drain of a node, a single replica included.
 */
export function podDisruptionBudget(app: AppServer): Child | undefined {
  const { disruption = {} } = app.spec;
  const { enabled = true, maxUnavailable, minAvailable, unhealthyPodEvictionPolicy = 'AlwaysAllow' } = disruption;
  if (!enabled) return undefined;
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: childMetadata(app, app.metadata.name, disruption),
    spec: {
      ...(minAvailable === undefined ? { maxUnavailable: maxUnavailable ?? 1 } : { minAvailable }),
      unhealthyPodEvictionPolicy,
      selector: { matchLabels: names.selectorLabels(app.metadata.name) },
    },
  };
}
