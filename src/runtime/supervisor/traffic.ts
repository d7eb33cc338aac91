// Whether requests still come, while the pod drains.

/** How often it is looked at, and how long they must have stopped. */
const sampleMs = 100;
const quietAfterMs = 1_000;

interface Traffic {
  /** Requests that have begun, ever. */
  readonly begun: number;
  /** Whether one is in hand or on its way. */
  readonly busy: boolean;
}

/** Tells again and again whether none has begun or been in hand for a while. Returns what ends it. */
export function watchTraffic(look: () => Traffic, tell: (quiet: boolean) => void): () => void {
  let before = -1;
  let quietSince = performance.now();
  const timer = setInterval(() => {
    const { begun, busy } = look();
    const now = performance.now();
    if (begun !== before || busy) quietSince = now;
    before = begun;
    tell(now - quietSince >= quietAfterMs);
  }, sampleMs);
  return () => clearInterval(timer);
}
