// Requests to a runtime while something is done to it.
import { setTimeout as delay } from 'node:timers/promises';
import type { Runtime } from './runtime-process.ts';

interface Load extends AsyncDisposable {
  stop(): Promise<{ sent: number; failed: string[] }>;
}

/** Requests without a pause, each on a connection of its own, until it is stopped or its test ends. */
export function underLoad(runtime: Runtime): Load {
  const state = { stopped: false, sent: 0, failed: [] as string[] };
  const loop = async (): Promise<void> => {
    while (!state.stopped) {
      state.sent++;
      try {
        const response = await fetch(runtime.url(), { headers: { connection: 'close' } });
        await response.text();
        if (response.status !== 200) state.failed.push(String(response.status));
      } catch (error) {
        state.failed.push(String(error instanceof Error ? error.cause : error));
      }
      await delay(5);
    }
  };
  const loops = [loop(), loop(), loop()];
  const stop = async (): Promise<typeof state> => {
    state.stopped = true;
    await Promise.all(loops);
    return state;
  };
  return {
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
    },
  };
}
