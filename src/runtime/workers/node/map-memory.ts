import { createRequire } from 'node:module';
import { join } from 'node:path';
import { headerBytes, maxRows, rowBytes } from '../../shared-memory-layout.ts';

/** The memory shared with the supervisor; what is written to it is seen there at once. */
export function mapMemory(fd: number): ArrayBuffer {
  // The addon stands beside the bundle that this becomes part of; src/runtime/native/map-memory.c.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is what that file exports
  const map = createRequire(__filename)(join(__dirname, 'map-memory.node')) as (
    fd: number,
    length: number,
  ) => ArrayBuffer;
  return map(fd, headerBytes + maxRows * rowBytes);
}
