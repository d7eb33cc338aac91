// Bodies of answers, whole or by lines, never longer than there is memory for.
import type { Readable } from 'node:stream';

/** The whole body; undefined, and the connection is closed, when it has more bytes. @throws what the stream ends with */
export function readText(body: Readable, mostBytes: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  return new Promise((resolve, reject) => {
    body.on('error', reject);
    // Undici takes a connection for free one turn after its answer has ended: whoever asks again at once would open another.
    body.on('end', () => setImmediate(() => resolve(Buffer.concat(chunks).toString())));
    body.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= mostBytes) {
        chunks.push(chunk);
        return;
      }
      resolve(undefined);
      body.destroy();
    });
  });
}

export class LineTooLong extends Error {
  constructor(mostBytes: number) {
    super(`a line has more than ${mostBytes} bytes`);
    this.name = 'LineTooLong';
  }
}

const newline = 10;

/** Lines out of chunks that end anywhere, in the middle of a character too. */
export class LineSplitter {
  readonly #mostBytes: number;
  #pending: Buffer[] = [];
  #bytes = 0;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** The lines that the chunk completes. @throws LineTooLong */
  *add(chunk: Buffer): Generator<string> {
    let from = 0;
    for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, from)) {
      yield this.#complete(chunk.subarray(from, at));
      from = at + 1;
    }
    if (from < chunk.length) this.#keep(chunk.subarray(from));
  }

  #complete(rest: Buffer): string {
    this.#keep(rest);
    const line = Buffer.concat(this.#pending, this.#bytes).toString();
    this.#pending = [];
    this.#bytes = 0;
    return line;
  }

  #keep(part: Buffer): void {
    this.#bytes += part.length;
    if (this.#bytes > this.#mostBytes) throw new LineTooLong(this.#mostBytes);
    this.#pending.push(part);
  }
}
