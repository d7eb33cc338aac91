// The end of the log, looked at from outside.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

const source = join(import.meta.dirname, '../../../src/runtime');

test('what is written in the end comes in its order and whole, however late the system gets to it', async () => {
  const script = `
    const { pbkdf2 } = await import('node:crypto');
    const { LogOutput } = await import(${JSON.stringify(join(source, 'log/output.ts'))});
    const { nodeHost } = await import(${JSON.stringify(join(source, 'host/node/host.ts'))});
    // All threads that files are written on have something else to do.
    for (let i = 0; i < 4; i++) pbkdf2('', '', 400_000, 64, 'sha512', () => undefined);
    const output = new LogOutput(nodeHost(), () => undefined);
    for (const line of ['first', 'second', 'third']) output.write(line + '\\n');
    output.end(() => process.exit(0));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
  assert.equal(stdout, 'first\nsecond\nthird\n');
});
