// The container's log. Whoever reads it may be slow: lines wait here and the supervisor goes on. When too many wait, the
// workers' output is left unread until they are gone, so that a worker waits as it would for any reader that is slow.
import type { Host } from '../host/host.ts';
import { byteLength } from '../text/utf8.ts';

/** A pipe takes up to so much as one: lines of the workers' own access log do not come in between. */
const maxChunk = 4_096;
const highBytes = 1_048_576;
const lowBytes = 262_144;
/** How long the end waits for a reader who has not taken what is being written. */
const endMs = 2_000;

interface Line {
  readonly text: string;
  readonly bytes: number;
}

export class LogOutput {
  readonly #host: Pick<Host, 'output' | 'clock'>;
  readonly #onFull: (full: boolean) => void;
  readonly #lines: Line[] = [];
  #bytes = 0;
  #writing = false;
  #full = false;
  /** Called when nothing is being written, once the end has come. */
  #atRest: (() => void) | undefined;

  /** @param onFull called with true when output is to be held back, and with false when no more */
  constructor(host: Pick<Host, 'output' | 'clock'>, onFull: (full: boolean) => void) {
    this.#host = host;
    this.#onFull = onFull;
  }

  /** @param text a line with its newline */
  write(text: string): void {
    const bytes = byteLength(text);
    this.#lines.push({ text, bytes });
    this.#bytes += bytes;
    if (!this.#full && this.#bytes > highBytes) this.#setFull(true);
    this.#next();
  }

  /**
   * Writes what waits, as far as the reader takes it, and calls `done`, after which the process may end. What is being written
   * then comes first: the host may not have got to it yet.
   */
  end(done: () => void): void {
    let ended = false;
    const finish = (): void => {
      if (ended) return;
      ended = true;
      for (let chunk = this.#take(); chunk !== undefined; chunk = this.#take()) this.#host.output.flush(chunk.text);
      done();
    };
    if (!this.#writing) return finish();
    this.#atRest = finish;
    this.#host.clock.after(endMs, finish);
  }

  #setFull(full: boolean): void {
    this.#full = full;
    this.#onFull(full);
  }

  /** Whole lines, as many as fit into one write. */
  #take(): Line | undefined {
    const [first] = this.#lines;
    if (first === undefined) return undefined;
    let count = 1;
    let { bytes } = first;
    for (
      let next = this.#lines[count];
      next !== undefined && bytes + next.bytes <= maxChunk;
      next = this.#lines[count]
    ) {
      bytes += next.bytes;
      count += 1;
    }
    const lines = this.#lines.splice(0, count);
    return { text: lines.map(({ text }) => text).join(''), bytes };
  }

  #next(): void {
    if (this.#writing) return;
    const chunk = this.#take();
    if (chunk === undefined) return;
    this.#writing = true;
    this.#host.output.write(chunk.text, () => {
      this.#writing = false;
      this.#bytes -= chunk.bytes;
      if (this.#atRest !== undefined) return this.#atRest();
      if (this.#full && this.#bytes < lowBytes) this.#setFull(false);
      return this.#next();
    });
  }
}
