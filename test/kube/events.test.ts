import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ApiError, EventRecorder, type KubeObject } from '../../src/kube/index.ts';
import type { Call } from '../../src/kube/client.ts';

const object: KubeObject = { apiVersion: 'v1', kind: 'Thing', metadata: { name: 'a', namespace: 'web', uid: 'u' } };
const minute = 60_000;

interface Bench {
  readonly calls: Call[];
  readonly errors: unknown[];
  /** Sends an event, `minutes` after the beginning. */
  readonly send: (minutes: number, note: string, key?: string) => Promise<void>;
  /** What the API server answers to patches. */
  refusal: Error | undefined;
}

function bench(): Bench {
  let now = 0;
  const made: Bench = {
    calls: [],
    errors: [],
    refusal: undefined,
    send: async (minutes, note, key) => {
      now = minutes * minute;
      const event = { type: 'Warning', reason: 'Did', action: 'Do', note, ...(key !== undefined && { key }) } as const;
      recorder.record(object, event);
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
  const recorder = new EventRecorder({
    client: {
      json: (call) => {
        made.calls.push(call);
        return call.method === 'PATCH' && made.refusal !== undefined
          ? Promise.reject(made.refusal)
          : Promise.resolve({});
      },
    },
    controller: 'c',
    instance: 'i',
    now: () => now,
    date: () => new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 678) + now),
    onError: (error) => made.errors.push(error),
  });
  return made;
}

const methods = ({ calls }: Bench): string[] => calls.map(({ method }) => method);

const nameIn = (call: Call | undefined): string => (call?.body as KubeObject | undefined)?.metadata.name ?? '';

describe('an event', () => {
  test('has the fields that kubectl describe sorts and counts by, and those of events.k8s.io', async () => {
    const made = bench();
    await made.send(0, 'x'.repeat(5_000));
    const [{ path, body } = { path: '', body: {} }] = made.calls;
    assert.equal(path, '/api/v1/namespaces/web/events');
    const { metadata, ...rest } = body as KubeObject;
    assert.match(metadata.name, /^a\.[0-9a-f]{16}$/);
    assert.deepEqual(rest, {
      apiVersion: 'v1',
      kind: 'Event',
      type: 'Warning',
      reason: 'Did',
      message: 'x'.repeat(1_024),
      firstTimestamp: '2026-01-02T03:04:05Z',
      lastTimestamp: '2026-01-02T03:04:05Z',
      count: 1,
      source: { component: 'c' },
      involvedObject: { apiVersion: 'v1', kind: 'Thing', namespace: 'web', name: 'a', uid: 'u' },
      eventTime: '2026-01-02T03:04:05.678000Z',
      action: 'Do',
      reportingComponent: 'c',
      reportingInstance: 'i',
    });
  });

  test('that comes again within ten minutes is not sent, and after that is counted on the first one', async () => {
    const made = bench();
    for (const minutes of [0, 1, 9, 10, 15]) await made.send(minutes, 'one');
    assert.deepEqual(methods(made), ['POST', 'PATCH']);
    const [first, again] = made.calls;
    assert.equal(again?.path, `/api/v1/namespaces/web/events/${nameIn(first)}`);
    assert.deepEqual(again?.body, { count: 2, lastTimestamp: '2026-01-02T03:14:05Z', message: 'one' });
  });

  test('of the same cause in other words is the same one', async () => {
    const made = bench();
    await made.send(0, '1 of 2 pods', 'cause');
    await made.send(1, '2 of 2 pods', 'cause');
    await made.send(2, '2 of 2 pods', 'another cause');
    assert.equal(made.calls.length, 2);
  });

  test('that the API server has deleted meanwhile is sent anew', async () => {
    const made = bench();
    await made.send(0, 'one');
    made.refusal = new ApiError(404, 'NotFound', 'events "a" not found');
    await made.send(20, 'one');
    assert.deepEqual(methods(made), ['POST', 'PATCH', 'POST']);
    assert.deepEqual(made.errors, []);
  });

  test('that was not heard of for an hour is a new one', async () => {
    const made = bench();
    await made.send(0, 'one');
    await made.send(60, 'one');
    assert.deepEqual(methods(made), ['POST', 'POST']);
  });

  test('is not sent when its object has used up its budget, which refills', async () => {
    const made = bench();
    for (let i = 0; i < 40; i++) await made.send(0, `note ${i}`);
    assert.equal(made.calls.length, 25);
    for (let i = 0; i < 40; i++) await made.send(1, `later ${i}`);
    assert.equal(made.calls.length, 27);
  });
});
