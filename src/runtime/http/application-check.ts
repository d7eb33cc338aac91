// Asks the application itself whether it can serve, where that is wished for: workers may be well while what they need is
// not. Only an answer counts: one that does not come in time means that all workers are busy, which is no reason to send
// everybody to the other pods, where it would be the same.
import { endpoint } from '../config/address.ts';
import type { ApplicationCheckSettings } from '../config/config.ts';
import type { Clock, Endpoint, Http } from '../host/host.ts';
import type { Check } from '../status/report.ts';
import { encodeTarget } from './request-target.ts';

/** Status of the answer; undefined when none came in time. */
export type Ask = () => Promise<number | undefined>;

type Verdict =
  | { readonly kind: 'unasked' }
  | { readonly kind: 'passing'; readonly failures: number }
  | { readonly kind: 'failing'; readonly status: number };

const timeoutMs = 2_000;
/** Until it passes for the first time, or again. */
const impatientMs = 1_000;

/** Where the runtime itself reaches what listens there. */
function reachable(at: Endpoint): Endpoint {
  if ('path' in at) return at;
  const host = at.host === '::' ? '::1' : ['', '0.0.0.0'].includes(at.host) ? '127.0.0.1' : at.host;
  return { host, port: at.port };
}

/** @param address where the runtime listens: HOST:PORT, [HOST]:PORT or unix:PATH */
export function askOverHttp(http: Http, address: string, { path, host }: ApplicationCheckSettings): Ask {
  const at = reachable(endpoint(address));
  const headers = { host, 'user-agent': 'appserver-check' };
  const call = { method: 'GET', target: encodeTarget(path), headers, timeoutMs, maxBodyBytes: 0 } as const;
  return () =>
    http.call(at, call).then(
      ({ status }) => status,
      () => undefined,
    );
}

/** What one more answer makes of it. */
function judge(before: Verdict, status: number | undefined, failureThreshold: number): Verdict {
  if (status === undefined) return before;
  if (status < 400) return { kind: 'passing', failures: 0 };
  const failures = before.kind === 'passing' ? before.failures + 1 : failureThreshold;
  return failures < failureThreshold ? { kind: 'passing', failures } : { kind: 'failing', status };
}

export class ApplicationCheck {
  readonly #settings: ApplicationCheckSettings;
  readonly #ask: Ask;
  /** Whether there is anybody to ask. */
  readonly #serves: () => boolean;
  #verdict: Verdict = { kind: 'unasked' };

  constructor(settings: ApplicationCheckSettings, ask: Ask, serves: () => boolean) {
    this.#settings = settings;
    this.#ask = ask;
    this.#serves = serves;
  }

  /** Asks for ever. */
  start(clock: Clock): void {
    void this.askOnce().then((waitMs) => clock.after(waitMs, () => this.start(clock)));
  }

  /** Returns the milliseconds until it is to be asked again. */
  async askOnce(): Promise<number> {
    const { intervalMs, failureThreshold } = this.#settings;
    // A request that cannot even be made is one without an answer.
    if (this.#serves())
      this.#verdict = judge(this.#verdict, await this.#ask().catch(() => undefined), failureThreshold);
    return this.#verdict.kind === 'passing' ? intervalMs : Math.min(intervalMs, impatientMs);
  }

  get check(): Check {
    const { path } = this.#settings;
    const verdict = this.#verdict;
    switch (verdict.kind) {
      case 'unasked':
        return { name: 'application', ok: false, why: `no answer to GET ${path} yet` };
      case 'passing':
        return { name: 'application', ok: true, why: '' };
      case 'failing':
        return { name: 'application', ok: false, why: `GET ${path} was answered with ${verdict.status}` };
    }
  }
}
