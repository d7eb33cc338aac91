// Counters that workers keep in memory shared with the supervisor: a request costs a worker a few stores and the
// supervisor nothing. Node cannot map memory, but reading the file behind the mapping sees the same pages.
//
//   0     u32  1 while draining: answers carry `Connection: close`
//   4096  one row of 512 bytes a worker, all numbers little-endian u64:
//         0 requests begun, 8 requests ended, 16 sum of their times in microseconds, 24 histogram (not cumulative)
//
// The Python side is workers/python/appserver_worker.py; both name the same offsets.
import { readSync, writeSync } from 'node:fs';

const headerBytes = 4096;
const rowBytes = 512;

/** Upper bounds of the latency histogram in seconds; one more bucket takes the rest. */
export const latencyBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

export interface Counters {
  readonly begun: number;
  readonly ended: number;
  readonly seconds: number;
  /** One entry a bucket of `latencyBounds` and one for the rest; not cumulative. */
  readonly buckets: readonly number[];
}

export const noCounters: Counters = {
  begun: 0,
  ended: 0,
  seconds: 0,
  buckets: Array.from({ length: latencyBounds.length + 1 }, () => 0),
};

export function addCounters(a: Counters, b: Counters): Counters {
  return {
    begun: a.begun + b.begun,
    ended: a.ended + b.ended,
    seconds: a.seconds + b.seconds,
    buckets: a.buckets.map((count, i) => count + (b.buckets[i] ?? 0)),
  };
}

export class SharedMemory {
  readonly #fd: number;

  /** @param fd an open file of at least 4096 + 256 × 512 bytes */
  constructor(fd: number) {
    this.#fd = fd;
  }

  announceDrain(): void {
    writeSync(this.#fd, Uint8Array.of(1, 0, 0, 0), 0, 4, 0);
  }

  read(slot: number): Counters {
    const row = Buffer.alloc(rowBytes);
    readSync(this.#fd, row, 0, rowBytes, headerBytes + slot * rowBytes);
    const at = (offset: number): number => Number(row.readBigUInt64LE(offset));
    return {
      begun: at(0),
      ended: at(8),
      seconds: at(16) / 1e6,
      buckets: Array.from({ length: latencyBounds.length + 1 }, (_, i) => at(24 + 8 * i)),
    };
  }

  clear(slot: number): void {
    writeSync(this.#fd, new Uint8Array(rowBytes), 0, rowBytes, headerBytes + slot * rowBytes);
  }
}
