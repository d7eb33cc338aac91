// The supervisor's side of the memory shared with the workers: a request costs a worker a few stores and the supervisor
// nothing. Node cannot map memory, but reading the file behind the mapping sees the same pages.
import { readSync, writeSync } from 'node:fs';
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
  /** Not while the worker waits for the client, nor once the answer has begun. */
  readonly hasDeadline: boolean;
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

function readRecords(bytes: Buffer): InHand[] {
  return Array.from({ length: records.count }, (_, i) => {
    const at = records.offset + i * records.bytes;
    const length = Math.min(bytes.readUInt32LE(at + 8), records.textBytes);
    const start = at + records.textOffset;
    const began = bytes.readDoubleLE(at);
    const text = bytes.toString('utf8', start, start + length);
    return { began: Math.abs(began), hasDeadline: began > 0, text };
  })
    .filter(({ began }) => began !== 0)
    .toSorted((a, b) => a.began - b.began);
}

export class SharedMemory {
  readonly #fd: number;
  #rows = 0;

  /** @param fd an open file with room for the header and `maxRows` rows */
  constructor(fd: number) {
    this.#fd = fd;
  }

  announceDrain(): void {
    this.#write(header.draining, 4, (bytes) => bytes.writeUInt32LE(1));
  }

  configure(settings: WorkerSettings): void {
    this.#write(header.accessLog, 4, (bytes) => bytes.writeUInt32LE(accessLogFormats[settings.accessLog]));
    this.#write(header.beatSeconds, 16, (bytes) => {
      bytes.writeDoubleLE(settings.beatSeconds, 0);
      bytes.writeDoubleLE(settings.requestTimeoutSeconds, 8);
    });
  }

  /** A worker is about to have this row; the others look there for how much it has to do. */
  use(slot: number): void {
    if (slot < this.#rows) return;
    this.#rows = slot + 1;
    this.#write(header.rows, 4, (bytes) => bytes.writeUInt32LE(this.#rows));
  }

  /** Tells one worker that it is to end. */
  retire(slot: number): void {
    this.#write(headerBytes + slot * rowBytes + row.retiring, 8, (bytes) => bytes.writeDoubleLE(1));
  }

  /** Asks one worker for its stack, where its kind has no signal for it. */
  requestDump(slot: number): void {
    this.#write(headerBytes + slot * rowBytes + row.dump, 8, (bytes) => bytes.writeDoubleLE(1));
  }

  read(slot: number): Row {
    const bytes = Buffer.alloc(rowBytes);
    readSync(this.#fd, bytes, 0, rowBytes, headerBytes + slot * rowBytes);
    const numbers = (offset: number, count: number): number[] =>
      Array.from({ length: count }, (_, i) => bytes.readDoubleLE(offset + 8 * i));
    const [begun = 0, ended = 0, seconds = 0] = numbers(row.begun, 3);
    const counters: Counters = {
      begun,
      ended,
      seconds,
      buckets: numbers(row.buckets, latencyBounds.length + 1),
      statuses: numbers(row.statuses, statusClasses.length),
    };
    return { counters, connections: bytes.readDoubleLE(row.connections), inHand: readRecords(bytes) };
  }

  clear(slot: number): void {
    writeSync(this.#fd, new Uint8Array(rowBytes), 0, rowBytes, headerBytes + slot * rowBytes);
  }

  #write(at: number, length: number, fill: (bytes: Buffer) => void): void {
    const bytes = Buffer.alloc(length);
    fill(bytes);
    writeSync(this.#fd, bytes, 0, length, at);
  }
}
