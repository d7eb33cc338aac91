// The container's log. Whoever reads it may be slow: lines wait here and the supervisor goes on. When too many wait, the
// workers' output is left unread until they are gone, so that a worker waits as it would for any reader that is slow.
import { write, writeSync } from 'node:fs';

/** A pipe takes up to so much as one: lines of the workers' own access log do not come in between. */
const maxChunk = 4_096;
const highBytes = 1_048_576;
const lowBytes = 262_144;
/** How long the end waits for a reader who has not taken what is being written. */
const endMs = 2_000;

export class LogOutput {
  readonly #fd: number;
  readonly #onFull: (full: boolean) => void;
  readonly #lines: Buffer[] = [];
  #bytes = 0;
  #writing = false;
  #full = false;
  /** Called when nothing is being written, once the end has come. */
  #atRest: (() => void) | undefined;

  /** @param onFull called with true when output is to be held back, and with false when no more */
  constructor(fd: number, onFull: (full: boolean) => void) {
    this.#fd = fd;
    this.#onFull = onFull;
  }

  /** @param line with its newline */
  write(line: string): void {
    const bytes = Buffer.from(line);
    this.#lines.push(bytes);
    this.#bytes += bytes.length;
    if (!this.#full && this.#bytes > highBytes) this.#setFull(true);
    this.#next();
  }

  /**
   * Writes what waits, as far as the reader takes it, and calls `done`, after which the process may end. What is being written
   * then comes first: it is on a thread, which would not get to it any more.
   */
  end(done: () => void): void {
    let ended = false;
    const finish = (): void => {
      if (ended) return;
      ended = true;
      this.#flush();
      done();
    };
    if (!this.#writing) return finish();
    this.#atRest = finish;
    setTimeout(finish, endMs);
  }

  #flush(): void {
    try {
      for (let chunk = this.#take(); chunk !== undefined; chunk = this.#take()) writeSync(this.#fd, chunk);
    } catch {
      /* nobody reads any more */
    }
  }

  #setFull(full: boolean): void {
    this.#full = full;
    this.#onFull(full);
  }

  /** Whole lines, as many as fit into one write. */
  #take(): Buffer | undefined {
    const [first] = this.#lines;
    if (first === undefined) return undefined;
    let count = 1;
    let size = first.length;
    for (
      let next = this.#lines[count];
      next !== undefined && size + next.length <= maxChunk;
      next = this.#lines[count]
    ) {
      size += next.length;
      count += 1;
    }
    return Buffer.concat(this.#lines.splice(0, count));
  }

  #next(): void {
    if (this.#writing) return;
    const chunk = this.#take();
    if (chunk === undefined) return;
    this.#writing = true;
    this.#send(chunk, 0);
  }

  #send(chunk: Buffer, from: number): void {
    // On a thread of its own: a pipe that is full blocks that thread and not the supervisor.
    write(this.#fd, chunk, from, chunk.length - from, null, (error, written) => {
      if (error?.code === 'EAGAIN') return void setTimeout(() => this.#send(chunk, from), 10);
      if (error === null && from + written < chunk.length) return this.#send(chunk, from + written);
      this.#writing = false;
      this.#bytes -= chunk.length;
      if (this.#atRest !== undefined) return this.#atRest();
      if (this.#full && this.#bytes < lowBytes) this.#setFull(false);
      return this.#next();
    });
  }
}
