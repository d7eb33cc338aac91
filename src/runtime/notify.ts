// The words that workers say over their pipe, one assignment a line, as in sd_notify(3).
import { isErrorCode } from './errors.ts';
import type { Event } from './state.ts';

/**
 * `READY=1`, `WATCHDOG=1`, and `X_APPSERVER_ERROR=CODE cause` before a worker ends for a reason it knows. What is not
 * known is ignored, as the protocol asks.
 */
export function parseNotification(id: number, line: string): Event | undefined {
  if (line === 'READY=1') return { kind: 'ready', id };
  if (line === 'WATCHDOG=1') return { kind: 'heartbeat', id };
  const [, code, cause] = /^X_APPSERVER_ERROR=([A-Z_]+) (.*)$/.exec(line) ?? [];
  if (code !== undefined && cause !== undefined && isErrorCode(code)) {
    return { kind: 'failing', id, failure: { code, cause } };
  }
  return undefined;
}
