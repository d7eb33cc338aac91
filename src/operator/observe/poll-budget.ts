// What polling the pods of one namespace may cost: twice what pods that are well cost, and a little for those that start.
// Whoever has pods that are always to be looked at closely, or that answer at length, makes their own polls rarer.

/** Polls a second that a namespace may always have. */
const alwaysPerSecond = 5;
/** An answer has some hundred bytes a worker. */
const bytesPerPoll = 8 * 1_024;
/** What was not used is kept for so long. */
const savedSeconds = 10;

interface Account {
  perSecond: number;
  polls: number;
  bytes: number;
  at: number;
}

export class PollBudget {
  readonly #everyMs: number;
  readonly #accounts = new Map<string, Account>();

  /** @param everyMs between two polls of a pod that is well */
  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  /** Says how many pods each namespace has; others are forgotten. @param now milliseconds that only grow */
  resize(pods: ReadonlyMap<string, number>, now: number): void {
    for (const namespace of this.#accounts.keys()) if (!pods.has(namespace)) this.#accounts.delete(namespace);
    for (const [namespace, count] of pods) {
      const perSecond = alwaysPerSecond + (2 * count * 1_000) / this.#everyMs;
      const account = this.#accounts.get(namespace);
      if (account === undefined) {
        const polls = perSecond * savedSeconds;
        this.#accounts.set(namespace, { perSecond, polls, bytes: polls * bytesPerPoll, at: now });
      } else {
        refill(account, now);
        account.perSecond = perSecond;
      }
    }
  }

  allows(namespace: string, now: number): boolean {
    const account = this.#accounts.get(namespace);
    if (account === undefined) return false;
    refill(account, now);
    return account.polls >= 1 && account.bytes > 0;
  }

  polled(namespace: string): void {
    const account = this.#accounts.get(namespace);
    if (account !== undefined) account.polls -= 1;
  }

  /** May go into debt: how long an answer is turns out only when it is there. */
  received(namespace: string, bytes: number): void {
    const account = this.#accounts.get(namespace);
    if (account !== undefined) account.bytes -= bytes;
  }
}

function refill(account: Account, now: number): void {
  const polls = (account.perSecond * (now - account.at)) / 1_000;
  const most = account.perSecond * savedSeconds;
  account.polls = Math.min(most, account.polls + polls);
  account.bytes = Math.min(most * bytesPerPoll, account.bytes + polls * bytesPerPoll);
  account.at = now;
}
