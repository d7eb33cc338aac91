import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { watchFile } from '../../../src/runtime/config/watch.ts';
import { nodeHost } from '../../../src/runtime/host/node/host.ts';

test('where no directory can be watched any more, the file is looked at again and again, and that is said once', () => {
  const directory = mkdtempSync(join(tmpdir(), 'appserver-watch-'));
  after(() => rmSync(directory, { recursive: true }));
  for (const version of ['1', '2']) writeFileSync(join(directory, version), '{}');
  const swap = (version: string): void => {
    symlinkSync(version, join(directory, 'next'));
    renameSync(join(directory, 'next'), join(directory, 'live.json'));
  };
  swap('1');
  const host = nodeHost();
  const looks: (() => void)[] = [];
  const said: string[] = [];
  let changes = 0;
  watchFile(
    {
      files: host.files,
      clock: {
        ...host.clock,
        every: (_, run) => {
          looks.push(run);
          return { cancel: () => undefined };
        },
      },
      watch: () => {
        throw Object.assign(new Error('EMFILE: too many open files, watch'), { code: 'EMFILE' });
      },
    },
    { directory, file: 'live.json' },
    () => changes++,
    (cause) => said.push(cause),
  );
  const seen = (): number => {
    for (const look of looks) look();
    return changes;
  };
  assert.equal(seen(), 0);
  swap('2');
  assert.equal(seen(), 1);
  assert.equal(seen(), 1);
  rmSync(join(directory, 'live.json'));
  assert.equal(seen(), 2);
  assert.deepEqual(said, ['EMFILE: too many open files, watch']);
});
