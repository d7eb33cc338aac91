// A Deployment of others that an AppServer takes the place of. Its ReplicaSet outlives it, so that its pods serve until the
// AppServer's own do, and goes then.
import { reasons } from '../../api/index.ts';
import {
  ApiError,
  isKubeObject,
  path,
  remove,
  type EventRecorder,
  type KubeClient,
  type KubeObject,
} from '../../kube/index.ts';
import { areOffered, hasAdopted, leftOf, servesByItself } from '../decide/adoption.ts';
import type { Facts } from '../model/facts.ts';
import { childTypes, replicaSetType } from '../model/kinds.ts';
import type { Subject } from './subject.ts';

/** Until every node has seen that requests go elsewhere. */
const untilUnusedMs = 15_000;

async function replicaSetsIn(client: KubeClient, namespace: string | undefined): Promise<KubeObject[]> {
  const answer = await client.json({ method: 'GET', path: path(replicaSetType, namespace) });
  const items = typeof answer === 'object' && answer !== null && 'items' in answer ? answer.items : [];
  return Array.isArray(items) ? items.filter((one) => isKubeObject(one)) : [];
}

export interface ReplacedDeploymentsOptions {
  readonly client: KubeClient;
  readonly events: EventRecorder;
  /** Milliseconds that only grow. */
  readonly uptimeMs: () => number;
}

export class ReplacedDeployments {
  readonly #options: ReplacedDeploymentsOptions;
  /** When each AppServer that has adopted something was first seen to serve; `over` once nothing is left. */
  readonly #serving = new Map<string, number | 'over'>();

  constructor(options: ReplacedDeploymentsOptions) {
    this.#options = options;
  }

  forget(key: string): void {
    this.#serving.delete(key);
  }

  /**
   * Deletes a Deployment and leaves its ReplicaSets, once these can be told from others without it.
   * @throws ApiError 409 when it is another than the one that was decided on
   */
  async orphan({ key, object, app, log }: Subject, deployment: KubeObject): Promise<void> {
    const { client, events } = this.#options;
    const { name, namespace } = deployment.metadata;
    this.#serving.delete(key);
    const replicaSets = await replicaSetsIn(client, namespace);
    if (!areOffered(replicaSets, deployment, app.metadata.name)) return;
    await remove(client, childTypes.Deployment, deployment, 'Orphan');
    log.info({ name }, 'foreign Deployment deleted, its pods kept');
    events.record(object, {
      type: 'Normal',
      reason: reasons.Pruned,
      action: 'Delete',
      note: `Deployment ${name} has another selector than the AppServer's, so it is replaced; its pods serve until the AppServer's are ready`,
    });
  }

  /**
   * Deletes the ReplicaSets that are left of it once no request goes to their pods.
   * @returns when to call again, in milliseconds; undefined for never
   */
  async clear({ key, object, app, log }: Subject, facts: Facts): Promise<number | undefined> {
    const { client, events, uptimeMs } = this.#options;
    if (!hasAdopted(facts) || !servesByItself(facts)) return undefined;
    const since = this.#serving.get(key);
    if (since === 'over') return undefined;
    if (since === undefined) this.#serving.set(key, uptimeMs());
    const left = (since ?? uptimeMs()) + untilUnusedMs - uptimeMs();
    if (left > 0) return left;
    const { name, namespace } = app.metadata;
    for (const replicaSet of leftOf(await replicaSetsIn(client, namespace), name)) {
      await remove(client, replicaSetType, replicaSet).catch((error: unknown) => {
        if (!(error instanceof ApiError && error.status === 404)) throw error;
      });
      log.info({ name: replicaSet.metadata.name }, 'ReplicaSet of a replaced Deployment deleted');
      events.record(object, {
        type: 'Normal',
        reason: reasons.Pruned,
        action: 'Delete',
        note: `ReplicaSet ${replicaSet.metadata.name} is what was left of a Deployment that the AppServer has replaced`,
      });
    }
    this.#serving.set(key, 'over');
    return undefined;
  }
}
