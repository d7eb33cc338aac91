/**
 * Delay before try number `failures` + 1: exponential with full jitter, as in "Exponential Backoff And Jitter" by Marc
 * Brooker.
 * @param random from 0 to 1; 1 for no jitter
 */
export function backoffMs(
  failures: number,
  { baseMs, capMs }: { baseMs: number; capMs: number },
  random: number,
): number {
  return Math.round(random * Math.min(capMs, baseMs * 2 ** Math.min(failures, 30)));
}
