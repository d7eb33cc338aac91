// What an init container of the application's own image runs: copies files of it to where nginx serves them.
import { catalogue, sentence } from '../errors.ts';
import { nodeHost } from '../host/node/host.ts';
import { terminationMessage, writeTerminationMessage } from '../log/termination-message.ts';
import { visible } from '../text/control-characters.ts';
import { copyAnew, type Copy } from './copy-anew.ts';

const pairs = process.argv.slice(2);
if (pairs.length === 0 || pairs.length % 2 !== 0) {
  process.stderr.write('usage: copy-files.mjs FROM TO...\n');
  process.exit(2);
}
const copies = pairs.flatMap((from, i): Copy[] => (i % 2 === 0 ? [{ from, to: pairs[i + 1] ?? '' }] : []));
try {
  copyAnew(copies);
} catch (error) {
  const told = sentence('STATIC_FILES_MISSING', error instanceof Error ? error.message : String(error), 'pod');
  process.stderr.write(`${visible(told)}\n`);
  writeTerminationMessage(nodeHost(), terminationMessage(told, ''));
  process.exit(catalogue.STATIC_FILES_MISSING.exitCode);
}
