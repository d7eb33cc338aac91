// The words that workers say over their pipe, one assignment a line, as in sd_notify(3).
import { isErrorCode } from '../errors.ts';
import type { Failure } from '../machine/state.ts';

export type Notification =
  /** The worker's program is about to run, as appserver-init says. */
  | { readonly kind: 'running' }
  | { readonly kind: 'ready' }
  /** It was, and is no more. */
  | { readonly kind: 'unready' }
  | { readonly kind: 'heartbeat' }
  /** The process that serves is another than the one that was started. */
  | { readonly kind: 'main-pid'; readonly pid: number }
  /** A fork server takes no more requests. */
  | { readonly kind: 'stopping' }
  | { readonly kind: 'status'; readonly text: string }
  | { readonly kind: 'failing'; readonly failure: Failure }
  /** What would have been a failure, had the settings not accepted it. */
  | { readonly kind: 'accepted'; readonly failure: Failure }
  | { readonly kind: 'request-timeout'; readonly request: string; readonly seconds: number };

function about(kind: 'failing' | 'accepted', value: string): Notification | undefined {
  const [, code, cause] = /^([A-Z_]+) (.*)$/.exec(value) ?? [];
  if (code === undefined || cause === undefined || !isErrorCode(code)) return undefined;
  return { kind, failure: { code, cause } };
}

/** What is not known is ignored, as the protocol asks. */
export function parseNotification(line: string): Notification | undefined {
  const equals = line.indexOf('=');
  const value = line.slice(equals + 1);
  switch (line.slice(0, Math.max(0, equals))) {
    case 'X_APPSERVER_RUNNING':
      return value === '1' ? { kind: 'running' } : undefined;
    case 'READY':
      return value === '1' ? { kind: 'ready' } : undefined;
    case 'X_APPSERVER_READY':
      return value === '0' ? { kind: 'unready' } : undefined;
    case 'WATCHDOG':
      return value === '1' ? { kind: 'heartbeat' } : undefined;
    case 'STOPPING':
      return value === '1' ? { kind: 'stopping' } : undefined;
    case 'STATUS':
      return { kind: 'status', text: value };
    case 'MAINPID': {
      const pid = Number(value);
      return Number.isInteger(pid) && pid > 1 ? { kind: 'main-pid', pid } : undefined;
    }
    case 'X_APPSERVER_ERROR':
      return about('failing', value);
    case 'X_APPSERVER_WARNING':
      return about('accepted', value);
    case 'X_APPSERVER_REQUEST_TIMEOUT': {
      const [, seconds, request] = /^([\d.]+) (.*)$/.exec(value) ?? [];
      if (seconds === undefined || request === undefined) return undefined;
      return { kind: 'request-timeout', request, seconds: Number(seconds) };
    }
    default:
      return undefined;
  }
}
