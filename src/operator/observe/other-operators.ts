// Whether another operator, named on an AppServer's child, is there, by its Lease.
import { z } from 'zod';
import { ApiError, path, resourceType, type KubeClient } from '../../kube/index.ts';
import { Lru } from '../model/lru.ts';
import { leaseNameOf, type LeaseName, type OperatorState } from '../model/operators.ts';

const leaseType = resourceType('coordination.k8s.io/v1', 'Lease');
const leaseView = z.looseObject({
  spec: z
    .looseObject({
      holderIdentity: z.string().default(''),
      leaseDurationSeconds: z.number().default(0),
      renewTime: z.string().default(''),
    })
    .prefault({}),
});

/** One that was looked at is not asked for again for so long. */
const rememberMs = 10_000;
/** Clocks of nodes may differ by so much. */
const skewMs = 30_000;
/** Names come from outside; the ones asked for longest ago are forgotten. */
const mostRemembered = 100;

export class OtherOperators {
  readonly #client: KubeClient;
  readonly #now: () => number;
  readonly #states: Lru<Promise<OperatorState>>;

  /** @param now milliseconds since 1970 */
  constructor(client: KubeClient, now: () => number) {
    this.#client = client;
    this.#now = now;
    this.#states = new Lru(mostRemembered, now);
  }

  /** @param claim as an operator has written it on a child */
  state(claim: string): Promise<OperatorState> {
    const lease = leaseNameOf(claim);
    // Names come from outside, and may be long.
    if (lease === undefined) return Promise.resolve('gone');
    const known = this.#states.get(claim);
    if (known !== undefined) return known;
    const state = this.#ask(lease);
    this.#states.set(claim, state, rememberMs);
    state.catch(() => this.#states.delete(claim));
    return state;
  }

  async #ask({ namespace, name }: LeaseName): Promise<OperatorState> {
    try {
      const answer = await this.#client.json({ method: 'GET', path: path(leaseType, namespace, name) });
      const { holderIdentity, leaseDurationSeconds, renewTime } = leaseView.parse(answer).spec;
      const until = Date.parse(renewTime) + leaseDurationSeconds * 1_000 + skewMs;
      return holderIdentity !== '' && this.#now() < until ? 'acts' : 'gone';
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return 'gone';
      // With rights in some namespaces alone, no Lease of another one can be read.
      if (error instanceof ApiError && error.status === 403) return 'unreadable';
      throw error;
    }
  }
}
