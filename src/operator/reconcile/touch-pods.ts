// Makes kubelet look at the ConfigMaps of running pods: it does so up to a minute after they have changed, and at once when
// the pod has.
import type { Logger } from 'pino';
import { names } from '../../api/index.ts';
import { inParallel, path, type KubeClient } from '../../kube/index.ts';
import { contentHash } from '../model/content-hash.ts';
import type { Child } from '../model/facts.ts';
import { podType } from '../model/kinds.ts';
import type { PodView } from '../model/pod.ts';

/** At a time for one AppServer: however many pods it has, others need the connections, too. */
const mostTouches = 16;

/** Resolves in any case: without it, kubelet looks later. */
export async function touchPods(
  client: KubeClient,
  pods: readonly PodView[],
  liveConfigMap: Child,
  log: Logger,
): Promise<void> {
  const revision = contentHash(liveConfigMap['data']);
  const body = { metadata: { annotations: { [names.liveRevisionAnnotation]: revision } } };
  const touch = async ({ namespace, name, terminating }: PodView): Promise<void> => {
    if (terminating) return;
    const contentType = 'application/merge-patch+json';
    try {
      await client.json({ method: 'PATCH', path: path(podType, namespace, name), body, contentType });
    } catch (error) {
      log.debug({ pod: name, err: error }, 'pod not annotated with the revision of the live configuration');
    }
  };
  await inParallel(mostTouches, pods, touch);
}
