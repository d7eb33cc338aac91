// What an init container of the application's own image runs: copies files of it to where nginx serves them.
import { cpSync } from 'node:fs';
import { catalogue, sentence } from '../errors.ts';
import { nodeHost } from '../host/node/host.ts';
import { terminationMessage, writeTerminationMessage } from '../log/termination-message.ts';

const pairs = process.argv.slice(2);
if (pairs.length === 0 || pairs.length % 2 !== 0) {
  process.stderr.write('usage: copy-files.mjs FROM TO...\n');
  process.exit(2);
}
for (let i = 0; i < pairs.length; i += 2) {
  const [from = '', to = ''] = pairs.slice(i, i + 2);
  try {
    cpSync(from, to, { recursive: true });
  } catch (error) {
    const cause = `${from} cannot be copied: ${error instanceof Error ? error.message : String(error)}`;
    const told = sentence('STATIC_FILES_MISSING', cause, 'pod');
    process.stderr.write(`${told}\n`);
    writeTerminationMessage(nodeHost(), terminationMessage(told, ''));
    process.exit(catalogue.STATIC_FILES_MISSING.exitCode);
  }
}
