// What Node cannot do for a worker: src/runtime/native/node-worker.c.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { headerBytes, maxRows, rowBytes } from '../../shared/shared-memory-layout.ts';

export interface Addon {
  map(fd: number, length: number): ArrayBuffer;
  /** @throws Error where this Node does not lend its event loop */
  watch(fd: number, ready: () => void): number;
  start(watch: number): void;
  stop(watch: number): void;
  hold(watch: number, yes: boolean): void;
  unwatch(watch: number): void;
  /** Sleeps. @returns whether a connection waits afterwards */
  rest(watch: number, microseconds: number): boolean;
  /** @returns a descriptor, or what went wrong as a negative errno */
  accept(watch: number): number;
  /** Another descriptor of the same. @returns it, or what went wrong as a negative errno */
  dup(fd: number): number;
  /** As accept(), for a listening socket that is not watched. */
  take(fd: number): number;
  /** A TCP socket whose port others of this user may have too. @returns a descriptor, or a negative errno */
  socket(family: number): number;
}

/** It stands beside the bundle that this becomes part of. */
export function loadAddon(): Addon {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is what that file exports
  return createRequire(__filename)(join(__dirname, 'node-worker.node')) as Addon;
}

/** The memory shared with the supervisor and the other workers; what is written to it is seen there at once. */
export function mapMemory(fd: number): ArrayBuffer {
  return loadAddon().map(fd, headerBytes + maxRows * rowBytes);
}
