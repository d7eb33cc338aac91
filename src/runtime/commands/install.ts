// What the init container runs: copies the runtime into the volume that it shares with the application's container, and
// writes there what nginx includes where the pod has an address of IPv6.
import { mkdirSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { dirname, join } from 'node:path';
import { copyAnew } from './copy-anew.ts';

const [target, ...listens] = process.argv.slice(2);
if (target === undefined) {
  process.stderr.write('usage: install.mjs TARGET_FOLDER [NAME=WHAT_TO_LISTEN_ON]...\n');
  process.exit(2);
}
copyAnew([{ from: dirname(import.meta.dirname), to: target }]);

/** Neither of the loopback device nor of one link: the same rule as in appserver-init. */
const hasIpv6 = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .some(({ family, internal, scopeid }) => family === 'IPv6' && !internal && scopeid === 0);

if (hasIpv6 && listens.length > 0) {
  const folder = join(target, 'nginx');
  mkdirSync(folder, { recursive: true });
  for (const one of listens) {
    const equals = one.indexOf('=');
    const [name, what] = [one.slice(0, equals), one.slice(equals + 1)];
    writeFileSync(join(folder, `${name}.conf`), `listen [::]:${what} ipv6only=on;\n`);
  }
}
