// Whether requests still come, while the pod drains.
import type { Clock, Timer } from '../host/host.ts';

/** How often it is looked at, and how long they must have stopped. */
const sampleMs = 100;
const quietAfterMs = 1_000;

export interface Traffic {
  /** Requests that have begun, ever. */
  readonly begun: number;
  /** Whether one is in hand or on its way. */
  readonly busy: boolean;
}

/** Tells again and again whether none has begun or been in hand for a while. Until it is cancelled. */
export function watchTraffic(clock: Clock, look: () => Traffic, tell: (quiet: boolean) => void): Timer {
  let before = -1;
  let quietSince = clock.now();
  return clock.every(sampleMs, () => {
    const { begun, busy } = look();
    const now = clock.now();
    if (begun !== before || busy) quietSince = now;
    before = begun;
    tell(now - quietSince >= quietAfterMs);
  });
}
