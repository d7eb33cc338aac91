import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { absent, ContentKey } from '../../../src/operator/model/content-key.ts';

const secret = { kind: 'Secret', namespace: 'web', name: 'db' } as const;
const fields = [[['password', 'aHVudGVyMg==']], []];
const key = new ContentKey(Buffer.alloc(32, 1));

describe('a hash of a content', () => {
  test('is the same for the same content', () => {
    assert.equal(key.hash(secret, fields), new ContentKey(Buffer.alloc(32, 1)).hash(secret, fields));
  });

  const others: Record<string, string> = {
    'another key': new ContentKey(Buffer.alloc(32, 2)).hash(secret, fields),
    'another namespace': key.hash({ ...secret, namespace: 'team-b' }, fields),
    'another name': key.hash({ ...secret, name: 'other' }, fields),
    'another kind': key.hash({ ...secret, kind: 'ConfigMap' }, fields),
    'another content': key.hash(secret, [[], []]),
  };
  for (const [name, hash] of Object.entries(others)) {
    test(`is another with ${name}`, () => assert.notEqual(hash, key.hash(secret, fields)));
  }

  test('cannot be found by trying contents without the key', () => {
    const tried = [fields, ['content', 'Secret', 'web', 'db', fields], secret, JSON.stringify(fields)].flatMap((one) =>
      ['sha256', 'sha1', 'md5'].map((by) => createHash(by).update(JSON.stringify(one)).digest('hex')),
    );
    for (const one of tried) assert.ok(!one.startsWith(key.hash(secret, fields).slice(0, 16)));
  });
});

describe('a note', () => {
  const content = { hash: key.hash(secret, fields), resourceVersion: '17' };
  const note = key.note(secret, content);

  test('is read as it was written', () => {
    assert.deepEqual(key.read(secret, note), content);
    assert.deepEqual(key.read(secret, key.note(secret, absent)), absent);
  });

  test('names the key, and not by anything that the key can be guessed from', () => {
    assert.ok(note.startsWith(`${key.id}.`));
    assert.match(key.id, /^[0-9a-f]{8}$/);
    assert.notEqual(key.id, new ContentKey(Buffer.alloc(32, 2)).id);
  });

  const spoiled: Record<string, string> = {
    'the form of an earlier release': '0123456789abcdef@17',
    'its word for nothing': 'absent',
    'another version': note.replace('@17', '@18'),
    'another hash': note.replace(content.hash, 'a'.repeat(32)),
    'nothing instead of something': note.replace(content.hash, 'absent'),
    'more behind it': `${note} `,
    nothing: '',
  };
  for (const [name, text] of Object.entries(spoiled)) {
    test(`counts as none with ${name}`, () => assert.equal(key.read(secret, text), undefined));
  }

  test('counts as none at another place, and with another key', () => {
    assert.equal(key.read({ ...secret, namespace: 'team-b' }, note), undefined);
    assert.equal(new ContentKey(Buffer.alloc(32, 2)).read(secret, note), undefined);
  });
});
