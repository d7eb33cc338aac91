import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EventRecorder, type KubeObject } from '../../src/kube/index.ts';
import { json, scriptedServer, type ScriptedServer } from './api-server.ts';
import { VirtualTimers } from './virtual-timers.ts';

const named = (uid: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: { name: 'a', namespace: 'web', uid },
});

interface Bench extends AsyncDisposable {
  readonly timers: VirtualTimers;
  readonly recorder: EventRecorder;
  readonly record: (note: string, type?: 'Normal' | 'Warning', uid?: string) => void;
  /** Waits until so many have been sent, and fails when there are more. */
  readonly sent: (count: number) => Promise<void>;
}

async function bench(): Promise<Bench> {
  const server: ScriptedServer = await scriptedServer([json(201, {})]);
  const timers = new VirtualTimers();
  const recorder = new EventRecorder({
    client: server.client,
    controller: 'c',
    instance: 'i',
    timers,
    // The answers of the last ones may come after the end of the test.
    onError: () => undefined,
  });
  return {
    timers,
    recorder,
    record: (note, type = 'Warning', uid = 'u') =>
      recorder.record(named(uid), { type, reason: 'Did', action: 'Do', note }),
    sent: async (count) => {
      while (server.seen.length < count) await new Promise((resolve) => setImmediate(resolve));
      assert.equal(server.seen.length, count);
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

describe('events', () => {
  test('the same one is sent once in a while, and an object has a budget that refills', async () => {
    await using made = await bench();
    const { record, sent, timers } = made;
    record('one');
    record('one');
    await sent(1);
    for (let i = 0; i < 40; i++) record(`note ${i}`);
    await sent(25);
    timers.advance(60_000);
    for (let i = 0; i < 40; i++) record(`later ${i}`);
    await sent(27);
    timers.advance(1_000_000);
    record('one');
    await sent(28);
  });

  test('that are no warnings are sent at a limited rate, whatever the number of objects', async () => {
    await using made = await bench();
    const { record, sent, timers } = made;
    for (let i = 0; i < 50; i++) record('created', 'Normal', `u${i}`);
    await sent(20);
    record('broken', 'Warning', 'other');
    await sent(21);
    timers.advance(1_000);
    await sent(31);
    timers.advance(60_000);
    await sent(51);
    assert.equal(timers.planned, 0);
    for (let i = 50; i < 90; i++) record('created', 'Normal', `u${i}`);
    await sent(71);
  });

  test('that wait are dropped at the end', async () => {
    await using made = await bench();
    const { record, sent, timers, recorder } = made;
    for (let i = 0; i < 50; i++) record('created', 'Normal', `u${i}`);
    recorder.close();
    timers.advance(60_000);
    await sent(20);
  });
});
