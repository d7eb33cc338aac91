// The supervisor's side of the memory shared with the workers: a request costs a worker a few stores and the supervisor
// nothing.
import type { SharedBytes } from '../host/host.ts';
import { noCounters, type Counters, type Left } from '../machine/accounting.ts';
import {
  accessLogFormats,
  header,
  headerBytes,
  records,
  row,
  rowBytes,
  type AccessLogFormat,
} from '../shared/shared-memory-layout.ts';
import { decodeUtf8 } from '../text/utf8.ts';

/** A request that a worker has begun and not ended. */
interface InHand {
  /** Method and path. */
  readonly text: string;
  /** Seconds of CLOCK_MONOTONIC. */
  readonly began: number;
  /** Not while the worker waits for the client, nor once the answer has begun. */
  readonly hasDeadline: boolean;
}

export interface Row extends Left {
  /** Whether Python runs with its global interpreter lock; undefined for what is not Python. */
  readonly gil: boolean | undefined;
  /** The longest first; at most three are known of each worker. */
  readonly inHand: readonly InHand[];
}

export interface WorkerSettings {
  readonly accessLog: AccessLogFormat;
  readonly accessLogQuery: boolean;
  readonly beatSeconds: number;
  readonly requestTimeoutSeconds: number;
}

/** All numbers are little-endian. */
const little = true;

/** No worker counts as far. Sums of such numbers are still exact. */
const most = 1e12;

/** Whoever has the memory can write anything there: what is no number, or less than before, is not believed. */
function believable(value: number, before: number): number {
  return value >= before && value <= most ? value : before;
}

function readRecords(bytes: DataView): InHand[] {
  return Array.from({ length: records.count }, (_, i) => {
    const at = records.offset + i * records.bytes;
    const length = Math.min(bytes.getUint32(at + 8, little), records.textBytes);
    const start = at + records.textOffset;
    const began = bytes.getFloat64(at, little);
    const text = decodeUtf8(new DataView(bytes.buffer, bytes.byteOffset + start, length));
    return { began: Math.abs(began), hasDeadline: began > 0, text };
  })
    .filter(({ began }) => began !== 0 && Number.isFinite(began))
    .toSorted((a, b) => a.began - b.began);
}

function gilOf(value: number): boolean | undefined {
  return value === 1 ? true : value === 2 ? false : undefined;
}

export class SharedMemory {
  readonly #bytes: SharedBytes;
  /** What was believed of each worker last. */
  readonly #last = new Map<number, Counters>();
  #rows = 0;

  /** @param bytes with room for the header and `maxRows` rows */
  constructor(bytes: SharedBytes) {
    this.#bytes = bytes;
  }

  announceDrain(): void {
    this.#write(header.draining, 4, (bytes) => bytes.setUint32(0, 1, little));
  }

  configure(settings: WorkerSettings): void {
    this.#write(header.accessLog, 4, (bytes) => bytes.setUint32(0, accessLogFormats[settings.accessLog], little));
    this.#write(header.accessLogQuery, 4, (bytes) => bytes.setUint32(0, settings.accessLogQuery ? 1 : 0, little));
    this.#write(header.beatSeconds, 16, (bytes) => {
      bytes.setFloat64(0, settings.beatSeconds, little);
      bytes.setFloat64(8, settings.requestTimeoutSeconds, little);
    });
  }

  /** A worker is about to have this row; the others look there for how much it has to do. */
  use(slot: number): void {
    if (slot < this.#rows) return;
    this.#rows = slot + 1;
    this.#write(header.rows, 4, (bytes) => bytes.setUint32(0, this.#rows, little));
  }

  /** Tells one worker that it is to end. */
  retire(slot: number): void {
    this.#write(headerBytes + slot * rowBytes + row.retiring, 8, (bytes) => bytes.setFloat64(0, 1, little));
  }

  /** Asks one worker for its stack, where its kind has no signal for it. */
  requestDump(slot: number): void {
    this.#write(headerBytes + slot * rowBytes + row.dump, 8, (bytes) => bytes.setFloat64(0, 1, little));
  }

  read(slot: number): Row {
    const bytes = this.#bytes.read(headerBytes + slot * rowBytes, rowBytes);
    const before = this.#last.get(slot) ?? noCounters;
    const numbers = (offset: number, least: readonly number[]): number[] =>
      least.map((one, i) => believable(bytes.getFloat64(offset + 8 * i, little), one));
    const [begun = 0, ended = 0, seconds = 0] = numbers(row.begun, [before.begun, before.ended, before.seconds]);
    const counters: Counters = {
      begun: Math.max(begun, ended),
      ended,
      seconds,
      buckets: numbers(row.buckets, before.buckets),
      statuses: numbers(row.statuses, before.statuses),
    };
    this.#last.set(slot, counters);
    return {
      counters,
      connections: believable(bytes.getFloat64(row.connections, little), 0),
      gil: gilOf(bytes.getFloat64(row.gil, little)),
      inHand: readRecords(bytes),
    };
  }

  clear(slot: number): void {
    this.#last.delete(slot);
    this.#write(headerBytes + slot * rowBytes, rowBytes, () => undefined);
  }

  #write(at: number, length: number, fill: (bytes: DataView) => void): void {
    const bytes = new DataView(new ArrayBuffer(length));
    fill(bytes);
    this.#bytes.write(at, bytes);
  }
}
