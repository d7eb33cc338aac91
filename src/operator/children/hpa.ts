import type { AppServer } from '../../api/index.ts';
import type { Child } from '../model/facts.ts';
import { childMetadata } from './metadata.ts';

function utilization(name: 'cpu' | 'memory', averageUtilization: number): object {
  return { type: 'Resource', resource: { name, target: { type: 'Utilization', averageUtilization } } };
}

/** Targets the Deployment, never the AppServer: a spec is its author's. */
export function horizontalPodAutoscaler(app: AppServer): Child | undefined {
  const { autoscaling } = app.spec;
  if (autoscaling === undefined) return undefined;
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: childMetadata(app, app.metadata.name, autoscaling),
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: app.metadata.name },
      minReplicas: autoscaling.minReplicas,
      maxReplicas: autoscaling.maxReplicas,
      metrics: [
        ...(autoscaling.cpuUtilization === 0 ? [] : [utilization('cpu', autoscaling.cpuUtilization)]),
        ...(autoscaling.memoryUtilization === undefined ? [] : [utilization('memory', autoscaling.memoryUtilization)]),
        ...(autoscaling.metrics ?? []),
      ],
      ...(autoscaling.behavior && { behavior: autoscaling.behavior }),
    },
  };
}
