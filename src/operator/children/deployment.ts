// The Deployment of an AppServer's pods.
import type { AppServer } from '../../api/index.ts';
import { isScaledOnDeployment, names } from '../../api/index.ts';
import type { Child, Facts } from '../model/facts.ts';
import { childMetadata } from './metadata.ts';
import type { Pods } from './pod.ts';

/** What a Deployment is made from. */
interface Given {
  readonly app: AppServer;
  readonly pods: Pods;
  /** For the note of what its pods were started with. */
  readonly contents: Facts['restart']['contents'];
}

/** What the first layout was written without. */
function ofLayout({ release: { layout }, hash }: Pods): Record<string, string> {
  return layout === 1 ? {} : { [names.layoutAnnotation]: String(layout), [names.templateHashAnnotation]: hash };
}

/** Without `replicas` where an autoscaler sets the number of pods on the Deployment. */
export function deployment({ app, pods, contents }: Given): Child {
  const { metadata, spec } = app;
  const { runtimeImage, proxyImage } = pods.release;
  const { maxSurge, maxUnavailable, minReadySeconds, progressDeadlineSeconds, revisionHistoryLimit } = spec.rollout;
  const { paused = false, strategy = 'RollingUpdate' } = spec.rollout;
  const isScaled = isScaledOnDeployment(spec);
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: childMetadata(app, metadata.name, spec.deployment, {
      [names.runtimeImageAnnotation]: runtimeImage,
      ...(spec.proxy && { [names.proxyImageAnnotation]: proxyImage }),
      ...(contents !== undefined && { [names.contentsAnnotation]: contents }),
      ...(isScaled && { [names.replicasAnnotation]: String(spec.replicas) }),
      ...ofLayout(pods),
    }),
    spec: {
      ...(!isScaled && { replicas: spec.replicas }),
      revisionHistoryLimit,
      progressDeadlineSeconds,
      minReadySeconds,
      // Also when it is not asked for: what somebody pauses by hand is then seen as changed.
      paused,
      selector: { matchLabels: names.selectorLabels(metadata.name) },
      strategy:
        strategy === 'Recreate' ? { type: strategy } : { type: strategy, rollingUpdate: { maxSurge, maxUnavailable } },
      template: pods.template,
    },
  };
}
