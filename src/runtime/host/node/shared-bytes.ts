import { readSync, writeSync } from 'node:fs';
import type { SharedBytes } from '../host.ts';

/** Node cannot map memory, but reading the file behind a mapping sees the same pages. */
export function shared(fd: number): SharedBytes {
  return {
    read: (at, length) => {
      const view = new DataView(new ArrayBuffer(length));
      readSync(fd, view, 0, length, at);
      return view;
    },
    write: (at, bytes) => void writeSync(fd, bytes, 0, bytes.byteLength, at),
  };
}
