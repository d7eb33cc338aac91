// What one process of the application writes, as records of the log: JSON as it is, text with the level that it says, and
// tracebacks as one.
//
// Text that says no level is `info`, on stderr too: Python's logging and the servers write everything there, so that the
// stream says nothing of how bad it is. A traceback is an `error`.
import { objectLine } from '../text/json-object.ts';
import type { Fields } from '../text/log-line.ts';
import { levelOf } from './level-words.ts';
import { LineJoiner, type Timer } from './line-joiner.ts';
import type { Logger } from './logger.ts';

export type Stream = 'stdout' | 'stderr';

export interface ApplicationOutputOptions {
  readonly log: Logger;
  readonly after: (ms: number, call: () => void) => Timer;
  /** Of each record, beside the stream. */
  readonly fields: Fields;
  /** Whether a traceback is to be left out, since it has been written already. */
  readonly isRepeated?: (traceback: string) => boolean;
}

export class ApplicationOutput {
  readonly #options: ApplicationOutputOptions;
  readonly #joiners: Readonly<Record<Stream, LineJoiner>>;

  constructor(options: ApplicationOutputOptions) {
    this.#options = options;
    this.#joiners = { stdout: this.#joiner('stdout'), stderr: this.#joiner('stderr') };
  }

  /** @param line without its newline */
  add(stream: Stream, line: string): void {
    // Records come in the order of their lines, unless a traceback is being written to the other stream.
    const other = this.#joiners[stream === 'stdout' ? 'stderr' : 'stdout'];
    if (other.isAlone) other.flush();
    const object = objectLine(line);
    if (object === undefined) return this.#joiners[stream].add(line);
    this.#joiners[stream].flush();
    const { log, fields } = this.#options;
    return log.object(object, fields, line);
  }

  /** Writes what waits for more; the process has ended. */
  flush(): void {
    this.#joiners.stdout.flush();
    this.#joiners.stderr.flush();
  }

  #joiner(stream: Stream): LineJoiner {
    const { log, after, fields, isRepeated = () => false } = this.#options;
    const own = { ...fields, stream };
    return new LineJoiner({
      after,
      onRecord: (text, isTrace) => {
        if (isTrace && isRepeated(text)) return;
        log.output(levelOf(text) ?? (isTrace ? 'error' : 'info'), own, text);
      },
    });
  }
}
