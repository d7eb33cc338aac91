// Ids for requests that come without one.
import { randomFillSync } from 'node:crypto';

const bytes = 16;
const pool = Buffer.alloc(256 * bytes);
let used = pool.length;

/** 32 hexadecimal digits. Asking for randomness costs more than an id, so it is asked for 256 at once. */
export function requestId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytes;
  return pool.toString('hex', used - bytes, used);
}
