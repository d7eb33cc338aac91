// This worker's row of the shared memory; ../../shared-memory-layout.ts describes it.
import {
  accessLogFormats,
  header,
  headerBytes,
  latencyBounds,
  records,
  row,
  rowBytes,
  type AccessLogFormat,
} from '../../shared/shared-memory-layout.ts';

export interface Begun {
  readonly at: number;
  readonly path: string;
  /** undefined when it is not logged */
  readonly query: string | undefined;
  /** Of the records that the supervisor reads, the one that this request has. */
  record: number | undefined;
}

const formats: readonly AccessLogFormat[] = ['off', 'json', 'ecs', 'text', 'colour'];

/** Seconds of CLOCK_MONOTONIC; performance.now() counts from the start of this process. */
const offset = Number(process.hrtime.bigint()) / 1e9 - performance.now() / 1e3;
export function monotonicSeconds(): number {
  return performance.now() / 1e3 + offset;
}

export class WorkerRow {
  readonly #words: Uint32Array;
  readonly #settings: Float64Array;
  readonly #numbers: Float64Array;
  readonly #bytes: Buffer;
  readonly #free = Array.from({ length: records.count }, (_, i) => i);

  constructor(memory: ArrayBuffer, slot: number) {
    const start = headerBytes + slot * rowBytes;
    this.#words = new Uint32Array(memory, 0, header.accessLogQuery / 4 + 1);
    this.#settings = new Float64Array(memory, header.beatSeconds, 2);
    this.#numbers = new Float64Array(memory, start, rowBytes / 8);
    this.#bytes = Buffer.from(memory, start, rowBytes);
  }

  get draining(): boolean {
    return this.#words[0] === 1;
  }

  get retiring(): boolean {
    return this.#numbers[row.retiring / 8] !== 0;
  }

  /** How many are open. */
  set connections(count: number) {
    this.#numbers[row.connections / 8] = count;
  }

  /** Whether the supervisor wants to see what this worker does; it is told once. */
  takeDumpRequest(): boolean {
    if (this.#numbers[row.dump / 8] === 0) return false;
    this.#numbers[row.dump / 8] = 0;
    return true;
  }

  get accessLog(): AccessLogFormat {
    const number = this.#words[1] ?? accessLogFormats.off;
    return formats[number] ?? 'off';
  }

  get accessLogQuery(): boolean {
    return this.#words[header.accessLogQuery / 4] === 1;
  }

  get beatSeconds(): number {
    return this.#settings[0] ?? 1;
  }

  // These two are called for every request, and their time counts: no closures, no calls out of JavaScript but for the time.
  begin(method: string, url: string): Begun {
    const mark = url.indexOf('?');
    const path = mark < 0 ? url : url.slice(0, mark);
    const query = mark >= 0 && this.accessLogQuery ? url.slice(mark + 1) || undefined : undefined;
    this.#add(row.begun, 1);
    const at = monotonicSeconds();
    const record = this.#free.pop();
    if (record !== undefined) {
      const start = records.offset + record * records.bytes;
      const text = `${method} ${path}`;
      const length =
        this.#writeAscii(text, start + records.textOffset) ?? this.#writeUtf8(text, start + records.textOffset);
      this.#bytes.writeUInt32LE(length, start + 8);
      this.#numbers[start / 8] = at;
    }
    return { at, path, query, record };
  }

  /** The supervisor waits for this request no more; it is still in flight. */
  release(begun: Begun): void {
    const { record } = begun;
    if (record === undefined) return;
    begun.record = undefined;
    this.#numbers[(records.offset + record * records.bytes) / 8] = 0;
    this.#free.push(record);
  }

  /** To the supervisor it began so much later. */
  postpone({ record }: Begun, seconds: number): void {
    if (record !== undefined) this.#add(records.offset + record * records.bytes, seconds);
  }

  /** @param status 0 when there was no answer @returns seconds that the request took */
  end(begun: Begun, status: number): number {
    const seconds = monotonicSeconds() - begun.at;
    this.#add(row.ended, 1);
    this.#add(row.seconds, seconds);
    let bucket = 0;
    while (seconds > (latencyBounds[bucket] ?? Infinity)) bucket++;
    this.#add(row.buckets + 8 * bucket, 1);
    if (status >= 100 && status < 600) this.#add(row.statuses + 8 * (Math.floor(status / 100) - 1), 1);
    this.release(begun);
    return seconds;
  }

  /** @returns bytes written, undefined when the text is not ASCII */
  #writeAscii(text: string, start: number): number | undefined {
    const length = Math.min(text.length, records.textBytes);
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 127) return undefined;
      this.#bytes[start + i] = code;
    }
    return length;
  }

  #writeUtf8(text: string, start: number): number {
    return this.#bytes.write(text, start, records.textBytes, 'utf8');
  }

  #add(at: number, value: number): void {
    const index = at / 8;
    this.#numbers[index] = (this.#numbers[index] ?? 0) + value;
  }
}
