// Lines for the container's log: those of one turn of the event loop go out together, in writes that a pipe takes as one.
import { writeSync } from 'node:fs';

/** A pipe takes up to 4096 bytes as one: lines of several workers do not mix. */
const atOnce = 4_096;

export class LogLines {
  readonly #fd: number;
  #waiting = '';

  constructor(fd: number) {
    this.#fd = fd;
    process.on('exit', () => this.#flush());
  }

  /** @param line without its newline */
  write(line: string): void {
    if (this.#waiting === '') setImmediate(() => this.#flush());
    // No character of UTF-16 is more than three bytes.
    else if ((this.#waiting.length + line.length + 1) * 3 > atOnce && this.#bytesWith(line) > atOnce) this.#flush();
    this.#waiting += `${line}\n`;
  }

  #bytesWith(line: string): number {
    return Buffer.byteLength(this.#waiting) + Buffer.byteLength(line) + 1;
  }

  #flush(): void {
    const text = this.#waiting;
    this.#waiting = '';
    if (text === '') return;
    try {
      writeSync(this.#fd, text);
    } catch {
      /* a log that cannot be written must not fail the request */
    }
  }
}
