import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventRecorder, type KubeObject } from '../../src/kube/index.ts';
import { json, scriptedServer } from './api-server.ts';

const object: KubeObject = { apiVersion: 'v1', kind: 'Thing', metadata: { name: 'a', namespace: 'web', uid: 'u' } };

test('the same event is sent once in a while, and an object has a budget that refills', async () => {
  await using server = await scriptedServer([json(201, {})]);
  let now = 0;
  const recorder = new EventRecorder({
    client: server.client,
    controller: 'c',
    instance: 'i',
    now: () => now,
    // The answers of the last ones may come after the end of the test.
    onError: () => undefined,
  });
  const send = (note: string): void => recorder.record(object, { type: 'Normal', reason: 'Did', action: 'Do', note });
  const sent = async (count: number): Promise<void> => {
    while (server.seen.length < count) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(server.seen.length, count);
  };
  send('one');
  send('one');
  await sent(1);
  for (let i = 0; i < 40; i++) send(`note ${i}`);
  await sent(25);
  now = 60_000;
  for (let i = 0; i < 40; i++) send(`later ${i}`);
  await sent(27);
  now = 1_000_000;
  send('one');
  await sent(28);
});
