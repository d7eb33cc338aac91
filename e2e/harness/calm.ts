// Watching an AppServer for alarms while nothing is wrong.
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually, get, types } from './api.ts';
import { condition, eventsOf } from './appserver.ts';

export interface Watch extends AsyncDisposable {
  /** What was not as it should be, since the AppServer was first available. */
  readonly alarms: ReadonlySet<string>;
}

/** Looks at the AppServer all the time. */
export function watch(inNamespace: string): Watch {
  const alarms = new Set<string>();
  const over = new AbortController();
  const look = async (): Promise<void> => {
    let wasAvailable = false;
    while (!over.signal.aborted) {
      const app = await get(types.AppServer, inNamespace, 'shop');
      const available = condition(app, 'Available');
      wasAvailable ||= available?.status === 'True';
      if (wasAvailable && available?.status !== 'True') alarms.add(`not available: ${available?.message ?? ''}`);
      const degraded = condition(app, 'Degraded');
      if (degraded?.status === 'True') alarms.add(`${degraded.reason}: ${degraded.message}`);
      await delay(100);
    }
  };
  const looking = look();
  return {
    alarms,
    [Symbol.asyncDispose]: async () => {
      over.abort();
      await looking;
    },
  };
}

export async function isCalm(inNamespace: string, { alarms }: Watch): Promise<void> {
  assert.deepEqual([...alarms], []);
  const warnings = (await eventsOf(inNamespace)).filter(({ type }) => type === 'Warning');
  assert.deepEqual(warnings, []);
}

export async function untilNotReady(inNamespace: string): Promise<void> {
  await eventually('Ready is False', async () => {
    const ready = condition(await get(types.AppServer, inNamespace, 'shop'), 'Ready');
    return ready?.status === 'False' && /^(RollingOut|PodsNotReady)$/.test(ready.reason) ? true : undefined;
  });
}
