// Whether another operator, named on an AppServer's child, is there, by its Lease.
import { z } from 'zod';
import { ApiError, path, resourceType, type KubeClient } from '../../kube/index.ts';
import { leaseNameOf, type OperatorState } from '../model/operators.ts';

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

interface Seen {
  readonly at: number;
  readonly state: Promise<OperatorState>;
}

export class OtherOperators {
  readonly #client: KubeClient;
  readonly #now: () => number;
  readonly #seen = new Map<string, Seen>();

  /** @param now milliseconds since 1970 */
  constructor(client: KubeClient, now: () => number) {
    this.#client = client;
    this.#now = now;
  }

  /** @param claim as an operator has written it on a child */
  state(claim: string): Promise<OperatorState> {
    // Names come from outside, and may be long.
    if (leaseNameOf(claim) === undefined) return Promise.resolve('gone');
    const known = this.#seen.get(claim);
    if (known !== undefined && this.#now() - known.at < rememberMs) return known.state;
    this.#seen.delete(claim);
    const state = this.#ask(claim);
    this.#seen.set(claim, { at: this.#now(), state });
    const [oldest] = this.#seen.keys();
    if (this.#seen.size > mostRemembered && oldest !== undefined) this.#seen.delete(oldest);
    state.catch(() => this.#seen.delete(claim));
    return state;
  }

  async #ask(claim: string): Promise<OperatorState> {
    const lease = leaseNameOf(claim);
    if (lease === undefined) return 'gone';
    try {
      const answer = await this.#client.json({ method: 'GET', path: path(leaseType, lease.namespace, lease.name) });
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
