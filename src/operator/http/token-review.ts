// Who asks, and whether they may: what the API server says of a bearer token, remembered for a moment.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { path, resourceType, type KubeClient } from '../../kube/index.ts';

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
const rememberMs = 60_000;
const mostRemembered = 1_000;

export type Verdict = 'allowed' | 'unknown' | 'forbidden';

export class Reviewer {
  readonly #client: KubeClient;
  readonly #now: () => number;
  readonly #known = new Map<string, { readonly verdict: Verdict; readonly until: number }>();

  constructor(client: KubeClient, now: () => number) {
    this.#client = client;
    this.#now = now;
  }

  /** Whether who bears the token may GET the path. @throws ApiError when the API server does not answer the question */
  async mayGet(authorization: string | undefined, urlPath: string): Promise<Verdict> {
    const [, token] = /^Bearer (.+)$/.exec(authorization ?? '') ?? [];
    if (token === undefined) return 'unknown';
    const key = createHash('sha256').update(`${urlPath} ${token}`).digest('hex');
    const known = this.#known.get(key);
    if (known !== undefined && known.until > this.#now()) return known.verdict;
    const verdict = await this.#ask(token, urlPath);
    if (this.#known.size >= mostRemembered) this.#known.clear();
    this.#known.set(key, { verdict, until: this.#now() + rememberMs });
    return verdict;
  }

  async #ask(token: string, urlPath: string): Promise<Verdict> {
    const { apiVersion, kind } = tokenReviews;
    const review = { apiVersion, kind, spec: { token } };
    const { status } = tokenReview.parse(
      await this.#client.json({ method: 'POST', path: path(tokenReviews), body: review }),
    );
    if (!status.authenticated) return 'unknown';
    const { username: user, ...rest } = status.user;
    const body = {
      apiVersion: accessReviews.apiVersion,
      kind: accessReviews.kind,
      spec: { user, ...rest, nonResourceAttributes: { path: urlPath, verb: 'get' } },
    };
    const answer = await this.#client.json({ method: 'POST', path: path(accessReviews), body });
    return accessReview.parse(answer).status.allowed ? 'allowed' : 'forbidden';
  }
}
