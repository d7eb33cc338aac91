// Ctrl-C and its like: the first asks for an orderly end, the second for one at once.

const exitCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
export type StopSignal = keyof typeof exitCodes;
export const stopSignals: readonly StopSignal[] = ['SIGHUP', 'SIGINT', 'SIGTERM'];

/**
 * Milliseconds in which they count as one: a terminal or a process group, npm and the script in between may each pass on
 * the same one.
 */
const oneRequestMs = { SIGINT: 200, SIGTERM: 1_000 } as const;

export interface StopRequestsOptions {
  /** Milliseconds. */
  readonly now: () => number;
  readonly onFirst: () => void;
  readonly onSecond: (exitCode: number) => void;
}

export class StopRequests {
  readonly #controller = new AbortController();
  readonly #options: StopRequestsOptions;
  #first: { readonly at: number; readonly by: StopSignal } | undefined;

  constructor(options: StopRequestsOptions) {
    this.#options = options;
  }

  /** Aborted by the first request. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** As shells have it for a process that the signal ended; undefined while nobody has asked. */
  get exitCode(): number | undefined {
    return this.#first === undefined ? undefined : exitCodes[this.#first.by];
  }

  receive(by: StopSignal): void {
    const at = this.#options.now();
    if (this.#first === undefined) {
      this.#first = { at, by };
      this.#options.onFirst();
      this.#controller.abort();
      return;
    }
    // Whoever closes the terminal does not ask for haste: nobody would see what is left.
    if (by !== 'SIGHUP' && at - this.#first.at >= oneRequestMs[by]) this.#options.onSecond(exitCodes[by]);
  }
}
