// The container's log. Whoever reads it may be slow: lines wait here and the supervisor goes on. When too many wait, the
// workers' output is left unread until they are gone, so that a worker waits as it would for any reader that is slow.
import type { Output } from '../host/host.ts';
import { byteLength } from '../text/utf8.ts';

/** A pipe takes up to so much as one: lines of the workers' own access log do not come in between. */
const maxChunk = 4_096;
const highBytes = 1_048_576;
const lowBytes = 262_144;

interface Line {
  readonly text: string;
  readonly bytes: number;
}

export class LogOutput {
  readonly #output: Output;
  readonly #onFull: (full: boolean) => void;
  readonly #lines: Line[] = [];
  #bytes = 0;
  #writing = false;
  #full = false;

  /** @param onFull called with true when output is to be held back, and with false when no more */
  constructor(output: Output, onFull: (full: boolean) => void) {
    this.#output = output;
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

  /** Writes what waits at once, as far as the reader takes it. */
  flush(): void {
    for (let chunk = this.#take(); chunk !== undefined; chunk = this.#take()) this.#output.flush(chunk.text);
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
    this.#output.write(chunk.text, () => {
      this.#writing = false;
      this.#bytes -= chunk.bytes;
      if (this.#full && this.#bytes < lowBytes) this.#setFull(false);
      this.#next();
    });
  }
}
