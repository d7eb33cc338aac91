import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { applyNew } from '../../src/kube/apply.ts';
import { warningsIn } from '../../src/kube/warnings.ts';
import { json, scriptedServer } from './api-server.ts';

describe('warnings of the API server', () => {
  const headers: Record<string, readonly [header: string | readonly string[] | undefined, texts: readonly string[]]> = {
    none: [undefined, []],
    one: ['299 - "spec.x is deprecated"', ['spec.x is deprecated']],
    'several headers': [
      ['299 - "one"', '299 - "two"'],
      ['one', 'two'],
    ],
    'several in one header': ['299 - "one, and more", 299 - "two"', ['one, and more', 'two']],
    'quotes inside': ['299 - "unknown field \\"x\\""', ['unknown field "x"']],
    'a date behind it': ['299 - "old" "Thu, 26 Nov 2026 07:00:00 GMT"', ['old']],
    'what is none': ['199 - "stale", garbage', []],
  };
  for (const [name, [header, texts]] of Object.entries(headers)) {
    test(`are read: ${name}`, () => assert.deepEqual(warningsIn(header), texts));
  }

  test('reach who has asked for them', async () => {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'web' } };
    await using server = await scriptedServer([
      (response, seen) => {
        response.setHeader('warning', ['299 - "first"', '299 - "second"']);
        json(201, object)(response, seen);
      },
    ]);
    const told: string[] = [];
    const type = { apiVersion: 'v1', kind: 'ConfigMap', plural: 'configmaps' };
    const onWarning = (text: string): void => void told.push(text);
    await applyNew(server.client, type, object, { fieldManager: 'me', force: true, onWarning });
    assert.deepEqual(told, ['first', 'second']);
  });
});
