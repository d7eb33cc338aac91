// What the init container runs: copies the runtime into the volume that it shares with the application's container.
import { cpSync } from 'node:fs';
import { dirname } from 'node:path';

const [target] = process.argv.slice(2);
if (target === undefined) {
  process.stderr.write('usage: install.mjs TARGET_FOLDER\n');
  process.exit(2);
}
cpSync(dirname(import.meta.dirname), target, { recursive: true, verbatimSymlinks: true });
