import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Contents } from '../../../src/operator/observe/content-versions.ts';
import { ContentKey } from '../../../src/operator/model/content-key.ts';
import type { Reference, ReferenceKind } from '../../../src/operator/model/references.ts';
import { json, scriptedServer, type Answer, type ScriptedServer } from '../../kube/api-server.ts';

const db: Reference = { kind: 'Secret', name: 'db', optional: false };
const secret = (resourceVersion: string, password: string): Answer =>
  json(200, { metadata: { name: 'db', resourceVersion }, data: { password } });
const none = new Map<string, string>();
const place = { kind: 'Secret', namespace: 'web', name: 'db' } as const;
const key = new ContentKey(Buffer.alloc(32, 1));

function withKey(server: ScriptedServer, kinds?: ReferenceKind[]): Contents {
  const contents = new Contents(server.client, kinds);
  contents.useKey(key);
  return contents;
}

/** As the watch would. */
function see(contents: Contents, resourceVersion: string): void {
  contents.versions.Secret.set('web/db', { key: 'web/db', resourceVersion }, resourceVersion);
}

describe('contents of what pods use', () => {
  test('are read once, for all that use them', async () => {
    await using server = await scriptedServer([secret('5', 'a')]);
    const contents = withKey(server);
    see(contents, '5');
    const all = await Promise.all(['web/shop', 'web/blog', 'web/shop'].map((app) => contents.read(app, [db], none)));
    const [first] = all;
    assert.match(first?.get('Secret/db')?.note ?? '', /^[0-9a-f]{8}\.[0-9a-f]{32}\.[0-9a-f]{32}@5$/);
    for (const one of all) assert.deepEqual(one, first);
    await contents.read('web/shop', [db], none);
    assert.equal(server.seen.length, 1);
    assert.deepEqual(contents.usersOf('Secret', 'web/db'), ['web/shop', 'web/blog']);
  });

  test('are not read when they are the version that was noted', async () => {
    await using server = await scriptedServer([secret('5', 'a')]);
    const contents = withKey(server);
    see(contents, '5');
    const note = key.note(place, { hash: 'a'.repeat(32), resourceVersion: '5' });
    const found = await contents.read('web/shop', [db], new Map([['Secret/db', note]]));
    assert.deepEqual([found.get('Secret/db'), server.seen.length], [{ kind: 'same', note }, 0]);
  });

  test('are read again when there is another version, and have the same hash when only labels are other', async () => {
    await using server = await scriptedServer([secret('5', 'a'), secret('6', 'a'), secret('7', 'b')]);
    const contents = withKey(server);
    const hashes: (string | undefined)[] = [];
    for (const version of ['5', '6', '7']) {
      see(contents, version);
      // A second look reads nothing more.
      await contents.read('web/shop', [db], none);
      hashes.push((await contents.read('web/shop', [db], none)).get('Secret/db')?.note.split('.')[1]);
    }
    assert.equal(server.seen.length, 3);
    assert.equal(hashes[0], hashes[1]);
    assert.notEqual(hashes[1], hashes[2]);
  });

  test('are none of what is not there, nor of a kind that is not looked at', async () => {
    await using server = await scriptedServer([secret('5', 'a')]);
    const contents = withKey(server, ['ConfigMap']);
    see(contents, '5');
    const found = await contents.read('web/shop', [db, { ...db, kind: 'ConfigMap' }], none);
    assert.deepEqual([found.size, server.seen.length], [0, 0]);
  });

  test('are read although somebody has noted that version without having the key', async () => {
    await using server = await scriptedServer([secret('5', 'a')]);
    const contents = withKey(server);
    see(contents, '5');
    const forged = `${key.id}.${'a'.repeat(32)}.${'b'.repeat(32)}@5`;
    const found = await contents.read('web/shop', [db], new Map([['Secret/db', forged]]));
    assert.deepEqual([found.get('Secret/db')?.kind, server.seen.length], ['first', 1]);
  });

  test('are not looked at without a key, and those who use them are known all the same', async () => {
    await using server = await scriptedServer([secret('5', 'a')]);
    const contents = new Contents(server.client);
    see(contents, '5');
    assert.equal((await contents.read('web/shop', [db], none)).size, 0);
    assert.deepEqual(contents.usersOf('Secret', 'web/db'), ['web/shop']);
    contents.useKey(key);
    assert.equal((await contents.read('web/shop', [db], none)).size, 1);
  });

  test('are tried again when they could not be read', async () => {
    await using server = await scriptedServer([json(500, { message: 'broken' }), secret('5', 'a')]);
    const contents = withKey(server);
    see(contents, '5');
    await assert.rejects(contents.read('web/shop', [db], none), /broken/);
    assert.equal((await contents.read('web/shop', [db], none)).size, 1);
  });

  test('concern nobody who does not use them any more', async () => {
    await using server = await scriptedServer([secret('5', 'a')]);
    const contents = withKey(server);
    see(contents, '5');
    for (const app of ['web/shop', 'web/blog', 'web/gone']) await contents.read(app, [db], none);
    await contents.read('web/blog', [], none);
    contents.forget('web/gone');
    assert.deepEqual(contents.usersOf('Secret', 'web/db'), ['web/shop']);
  });
});
