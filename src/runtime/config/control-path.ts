import type { Host } from '../host/host.ts';

/** Where the control socket stands when nothing else was said: in a folder of this user alone. */
export function defaultControlPath({ env, uid }: Pick<Host, 'env' | 'uid'>): string {
  return `${env['APPSERVER_CONTROL_DIR'] ?? `/tmp/appserver-${uid}`}/control.sock`;
}
