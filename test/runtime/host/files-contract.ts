import assert from 'node:assert/strict';
import { lstatSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { Files } from '../../../src/runtime/host/host.ts';

export function filesContract({ files }: { readonly files: Files }): void {
  describe('files', () => {
    const dir = mkdtempSync(join(tmpdir(), 'appserver-host-'));
    after(() => rmSync(dir, { recursive: true }));
    const path = (name: string): string => join(dir, name);

    test('text is read as it is, also that of files without a size', () => {
      const text = `caf\u00e9 \u{1f600}\n${'x'.repeat(200_000)}`;
      writeFileSync(path('text'), text);
      assert.equal(files.read(path('text')), text);
      assert.match(files.read('/proc/self/status'), /^Name:/);
      writeFileSync(path('binary'), Buffer.from([0x61, 0xff, 0x62]));
      assert.equal(files.read(path('binary')), 'a\ufffdb');
    });

    test('a file with more bytes than were asked for is refused, and one with as many is not', () => {
      writeFileSync(path('large'), 'x'.repeat(1_000));
      assert.throws(() => files.read(path('large'), 999), { code: 'EFBIG' });
      assert.equal(files.read(path('large'), 1_000).length, 1_000);
      assert.throws(() => files.read('/dev/zero', 10_000), { code: 'EFBIG' });
      writeFileSync(path('larger'), 'x'.repeat(2 ** 20 + 1));
      assert.throws(() => files.read(path('larger')), { code: 'EFBIG' });
    });

    const refused: Record<string, [act: (files: Files) => unknown, code: string]> = {
      'a file that is not there': [() => files.read(path('nothing')), 'ENOENT'],
      'a directory that is to be read': [() => files.read(dir), 'EISDIR'],
      'a file that is to be listed': [() => files.list('/proc/self/status'), 'ENOTDIR'],
      'a file to overwrite that is not there': [() => files.overwrite(path('nothing'), 'x'), 'ENOENT'],
      'a directory in what makes none': [() => files.makeDirectory('/proc/no-such-directory/x'), 'ENOENT'],
      'a directory in what is none': [() => files.makeDirectory('/proc/self/status/x'), 'ENOTDIR'],
    };
    for (const [what, [act, code]] of Object.entries(refused)) {
      test(`${what} is refused with ${code}, which the message names, too`, () =>
        assert.throws(
          () => act(files),
          (error: unknown) =>
            error instanceof Error && 'code' in error && error.code === code && error.message.includes(code),
        ));
    }

    test('what is there is told from what is not, and a link from what it leads to', () => {
      writeFileSync(path('target'), '');
      symlinkSync('target', path('link'));
      symlinkSync('nowhere', path('dangling'));
      const kinds = (name: string): unknown[] => [files.stat(path(name))?.kind, files.statLink(path(name))?.kind];
      assert.deepEqual(kinds('target'), ['file', 'file']);
      assert.deepEqual(kinds('link'), ['file', 'other']);
      assert.deepEqual(kinds('dangling'), [undefined, 'other']);
      assert.deepEqual(kinds('nothing'), [undefined, undefined]);
      assert.deepEqual(kinds('target/below'), [undefined, undefined]);
      assert.deepEqual(kinds('.'), ['directory', 'directory']);
    });

    test('a file has its owner and its permissions', () => {
      writeFileSync(path('owned'), '');
      files.setMode(path('owned'), 0o640);
      const found = files.stat(path('owned'));
      assert.deepEqual([found?.uid, found?.mode], [statSync(path('owned')).uid, 0o640]);
    });

    test('a file that has changed or is another one has another version', () => {
      writeFileSync(path('changes'), 'a');
      const first = files.stat(path('changes'))?.version;
      assert.equal(files.stat(path('changes'))?.version, first);
      writeFileSync(path('changes'), 'ab');
      const second = files.stat(path('changes'))?.version;
      assert.notEqual(second, first);
      rmSync(path('changes'));
      writeFileSync(path('changes'), 'ab');
      assert.notEqual(files.stat(path('changes'))?.version, second);
    });

    test('writing makes a file, or replaces all of it', () => {
      files.write(path('written'), 'abcdef');
      files.write(path('written'), '\u00e9');
      assert.equal(readFileSync(path('written'), 'utf8'), '\u00e9');
      assert.throws(() => files.write(path('nowhere/x'), ''), { code: 'ENOENT' });
    });

    test('overwriting replaces the beginning', () => {
      writeFileSync(path('overwritten'), 'abcdef');
      files.overwrite(path('overwritten'), '\u00e9');
      assert.equal(readFileSync(path('overwritten'), 'utf8'), '\u00e9cdef');
    });

    test('a directory is made with those above it, and may be there', () => {
      files.makeDirectory(path('a/b'), 0o700);
      files.makeDirectory(path('a/b'), 0o700);
      assert.equal(lstatSync(path('a')).mode & 0o777, 0o700);
      writeFileSync(path('a/b/c'), '');
      assert.deepEqual(files.list(path('a/b')), ['c']);
    });

    test('what is removed is gone, and may have been gone before', () => {
      writeFileSync(path('removed'), '');
      files.remove(path('removed'));
      files.remove(path('removed'));
      assert.equal(files.stat(path('removed')), undefined);
    });
  });
}
