// Who asks, and whether they may: what the API server says of a bearer token, remembered for a moment.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { path, resourceType, type KubeClient } from '../../kube/index.ts';
import { Lru } from '../model/lru.ts';
import { TokenBucket } from './token-bucket.ts';

const tokenReviews = resourceType('authentication.k8s.io/v1', 'TokenReview');
const accessReviews = resourceType('authorization.k8s.io/v1', 'SubjectAccessReview');

const tokenReview = z.object({
  status: z.object({
    authenticated: z.boolean().default(false),
    user: z
      .object({
        username: z.string().optional(),
        uid: z.string().optional(),
        groups: z.array(z.string()).optional(),
        extra: z.record(z.string(), z.array(z.string())).optional(),
      })
      .default({}),
  }),
});
const accessReview = z.object({ status: z.object({ allowed: z.boolean() }) });

/** A scraper comes every few seconds; what is taken from it works for so long still. */
const rememberAllowedMs = 60_000;
/** A token or a right that has just been made works soon. */
const rememberRefusedMs = 10_000;
const mostRemembered = 1_000;
/** Reviews of tokens that are not known to be good: strangers must not have the API server work for them. */
const rate = { capacity: 20, perSecond: 5 };
/** The same of one address, so that one stranger leaves reviews for a scraper whose token is new. */
const rateOfAddress = { capacity: 5, perSecond: 1 };
const mostAddresses = 1_000;
/** After which a bucket is full again, whatever was taken. */
const fullAfterMs = (rateOfAddress.capacity / rateOfAddress.perSecond) * 1_000;
/** Of one review; the scraper waits for it. */
const timeoutMs = 5_000;
/** Printable, and no longer than the longest of tokens with many groups. */
const bearer = /^Bearer ([\x21-\x7e]{1,8192})$/i;

type Settled = 'allowed' | 'unknown' | 'forbidden';

export type Verdict =
  | { readonly kind: Settled }
  /** Not asked: there was too much to ask. */
  | { readonly kind: 'busy'; readonly retryAfterMs: number };

export class Reviewer {
  readonly #client: Pick<KubeClient, 'json'>;
  /** Apart, so that refused tokens, of which anybody can make as many as he likes, put out no good one. */
  readonly #allowed: Lru<'allowed'>;
  readonly #refused: Lru<'unknown' | 'forbidden'>;
  /** Tokens that were good when they were last asked about. What they cost is bounded by their number. */
  readonly #regulars: Lru<true>;
  readonly #bucket: TokenBucket;
  readonly #ofAddress: Lru<TokenBucket>;
  readonly #now: () => number;
  readonly #underWay = new Map<string, Promise<Settled>>();

  /** @param now milliseconds that only grow */
  constructor(client: Pick<KubeClient, 'json'>, now: () => number) {
    this.#client = client;
    this.#allowed = new Lru(mostRemembered, now);
    this.#refused = new Lru(mostRemembered, now);
    this.#regulars = new Lru(mostRemembered, now);
    this.#bucket = new TokenBucket(rate, now);
    this.#ofAddress = new Lru(mostAddresses, now);
    this.#now = now;
  }

  /**
   * Whether who bears the token may GET the path.
   * @param from IP address of who asks
   * @throws ApiError when the API server does not answer the question
   */
  async mayGet(
    authorization: string | undefined,
    { path: urlPath, from }: { readonly path: string; readonly from: string },
  ): Promise<Verdict> {
    const [, token] = bearer.exec(authorization ?? '') ?? [];
    if (token === undefined) return { kind: 'unknown' };
    const key = createHash('sha256').update(`${urlPath} ${token}`).digest('base64');
    const known = this.#allowed.get(key) ?? this.#refused.get(key);
    if (known !== undefined) return { kind: known };
    const underWay = this.#underWay.get(key);
    if (underWay !== undefined) return { kind: await underWay };
    const retryAfterMs = this.#regulars.get(key) === true ? 0 : this.#wait(from);
    if (retryAfterMs > 0) return { kind: 'busy', retryAfterMs };
    const asked = this.#ask(token, urlPath).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, asked);
    const kind = await asked;
    this.#remember(key, kind);
    return { kind };
  }

  /** Takes one of the reviews that there may be, and returns 0; or the milliseconds until there is one. */
  #wait(from: string): number {
    const own = this.#ofAddress.get(from) ?? new TokenBucket(rateOfAddress, this.#now);
    this.#ofAddress.set(from, own, fullAfterMs);
    const ownMs = own.take();
    return ownMs > 0 ? ownMs : this.#bucket.take();
  }

  #remember(key: string, kind: Settled): void {
    if (kind === 'allowed') {
      this.#allowed.set(key, kind, rememberAllowedMs);
      this.#regulars.set(key, true, 10 * rememberAllowedMs);
    } else {
      this.#refused.set(key, kind, rememberRefusedMs);
      this.#regulars.delete(key);
    }
  }

  async #ask(token: string, urlPath: string): Promise<Settled> {
    const { apiVersion, kind } = tokenReviews;
    const review = { apiVersion, kind, spec: { token } };
    const { status } = tokenReview.parse(
      await this.#client.json({ method: 'POST', path: path(tokenReviews), body: review, timeoutMs }),
    );
    if (!status.authenticated) return 'unknown';
    const { username: user, ...rest } = status.user;
    const body = {
      apiVersion: accessReviews.apiVersion,
      kind: accessReviews.kind,
      spec: { user, ...rest, nonResourceAttributes: { path: urlPath, verb: 'get' } },
    };
    const answer = await this.#client.json({ method: 'POST', path: path(accessReviews), body, timeoutMs });
    return accessReview.parse(answer).status.allowed ? 'allowed' : 'forbidden';
  }
}
