// The supervisor's side of the memory shared with the workers: a request costs a worker a few stores and the supervisor
// nothing.
import type { SharedBytes } from '../host/host.ts';
import {
  accessLogFormats,
  header,
  headerBytes,
  latencyBounds,
  records,
  row,
  rowBytes,
  statusClasses,
  type AccessLogFormat,
} from '../shared/shared-memory-layout.ts';
import { decodeUtf8 } from '../text/utf8.ts';

export interface Counters {
  readonly begun: number;
  readonly ended: number;
  readonly seconds: number;
  /** One entry a bucket of `latencyBounds` and one for the rest; not cumulative. */
  readonly buckets: readonly number[];
  /** One entry a class of `statusClasses`. */
  readonly statuses: readonly number[];
}

/** A request that a worker has begun and not ended. */
interface InHand {
  /** Method and path. */
  readonly text: string;
  /** Seconds of CLOCK_MONOTONIC. */
  readonly began: number;
}

export interface Row {
  readonly counters: Counters;
  /** Open now. */
  readonly connections: number;
  /** The longest first; at most three are known of each worker. */
  readonly inHand: readonly InHand[];
}

export interface WorkerSettings {
  readonly accessLog: AccessLogFormat;
  readonly beatSeconds: number;
  readonly requestTimeoutSeconds: number;
}

export const noCounters: Counters = {
  begun: 0,
  ended: 0,
  seconds: 0,
  buckets: Array.from({ length: latencyBounds.length + 1 }, () => 0),
  statuses: statusClasses.map(() => 0),
};

export function addCounters(a: Counters, b: Counters): Counters {
  return {
    begun: a.begun + b.begun,
    ended: a.ended + b.ended,
    seconds: a.seconds + b.seconds,
    buckets: a.buckets.map((count, i) => count + (b.buckets[i] ?? 0)),
    statuses: a.statuses.map((count, i) => count + (b.statuses[i] ?? 0)),
  };
}

/** All numbers are little-endian. */
const little = true;

function readRecords(bytes: DataView): InHand[] {
  return Array.from({ length: records.count }, (_, i) => {
    const at = records.offset + i * records.bytes;
    const length = Math.min(bytes.getUint32(at + 8, little), records.textBytes);
    const start = at + records.textOffset;
    const text = decodeUtf8(new DataView(bytes.buffer, bytes.byteOffset + start, length));
    return { began: bytes.getFloat64(at, little), text };
  })
    .filter(({ began }) => began > 0)
    .toSorted((a, b) => a.began - b.began);
}

export class SharedMemory {
  readonly #bytes: SharedBytes;
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
    const numbers = (offset: number, count: number): number[] =>
      Array.from({ length: count }, (_, i) => bytes.getFloat64(offset + 8 * i, little));
    const [begun = 0, ended = 0, seconds = 0] = numbers(row.begun, 3);
    const counters: Counters = {
      begun,
      ended,
      seconds,
      buckets: numbers(row.buckets, latencyBounds.length + 1),
      statuses: numbers(row.statuses, statusClasses.length),
    };
    return { counters, connections: bytes.getFloat64(row.connections, little), inHand: readRecords(bytes) };
  }

  clear(slot: number): void {
    this.#write(headerBytes + slot * rowBytes, rowBytes, () => undefined);
  }

  #write(at: number, length: number, fill: (bytes: DataView) => void): void {
    const bytes = new DataView(new ArrayBuffer(length));
    fill(bytes);
    this.#bytes.write(at, bytes);
  }
}
