import { join } from 'node:path';

/** Where the control socket stands when nothing else was said: in a folder of this user alone. */
export function defaultControlPath(): string {
  return join(process.env['APPSERVER_CONTROL_DIR'] ?? `/tmp/appserver-${process.getuid?.() ?? 0}`, 'control.sock');
}
