// The configuration of a supervisor that runs: what of it changes is taken over, and what cannot be is said.
import type { Config, FixedConfig, LiveConfig } from '../config/config.ts';
import { RuntimeError, sentence, type ErrorCode, type Surface } from '../errors.ts';
import type { Logger } from '../log/logger.ts';

export interface SettingsOptions {
  /** With which it was started. */
  readonly config: Config;
  /** Reads it again. @throws RuntimeError */
  readonly read: () => Config;
  readonly apply: (live: LiveConfig) => void;
  readonly log: Pick<Logger, 'error'>;
  readonly surface: Surface;
}

function differing(next: FixedConfig, fixed: FixedConfig): string[] {
  const before = new Map<string, unknown>(Object.entries(fixed));
  return Object.entries(next).flatMap(([name, value]) =>
    JSON.stringify(value) === JSON.stringify(before.get(name)) ? [] : [name],
  );
}

export class SettingsInForce {
  readonly #options: SettingsOptions;
  #live: LiveConfig;
  /** What was said of the content that was read last: it is read again for many reasons, and said once. */
  #complaint = '';

  constructor(options: SettingsOptions) {
    this.#options = options;
    this.#live = options.config.live;
  }

  get live(): LiveConfig {
    return this.#live;
  }

  /** What cannot be taken over leaves in force what was before: a bad edit must not end a serving pod. */
  reread(): void {
    try {
      const { fixed, live: found } = this.#options.read();
      const live = this.#options.surface === 'pod' ? this.#inPod(found) : found;
      const names = differing(fixed, this.#options.config.fixed);
      if (names.length === 0) this.#complaint = '';
      else this.#complain('CONFIG_FIXED', `${names.join(', ')} cannot change while the runtime runs`, fixed);
      if (JSON.stringify(live) === JSON.stringify(this.#live)) return;
      this.#live = live;
      this.#options.apply(live);
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
      this.#complain(error.code, error.message);
    }
  }

  /** A pod has a grace period, which was made for the time that its workers had to finish when it was created. */
  #inPod(live: LiveConfig): LiveConfig {
    const { gracefulTimeoutMs } = this.#options.config.live.workers;
    return { ...live, workers: { ...live.workers, gracefulTimeoutMs } };
  }

  #complain(code: ErrorCode, cause: string, content?: FixedConfig): void {
    const complaint = JSON.stringify([code, cause, content]);
    if (complaint === this.#complaint) return;
    this.#complaint = complaint;
    this.#options.log.error({ code }, sentence(code, cause, this.#options.surface));
  }
}
