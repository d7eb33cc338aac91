const baseMs = 500;
const capMs = 30_000;

/**
 * Delay before the next start after `failures` in a row: exponential with full jitter, as in "Exponential Backoff And
 * Jitter" by Marc Brooker.
 */
export function backoffMs(failures: number, random: number): number {
  return failures === 0 ? 0 : Math.round(random * Math.min(capMs, baseMs * 2 ** (failures - 1)));
}
