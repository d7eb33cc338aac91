import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, test } from 'node:test';
import type { KubeObject } from '../../../src/kube/index.ts';
import { parseApp } from '../../../src/operator/observe/gather.ts';
import { appServer } from '../../builders.ts';

describe('a stored AppServer', () => {
  const { apiVersion, kind, metadata, spec } = appServer();
  const { name, namespace, uid, generation } = metadata;
  const stored: KubeObject = { apiVersion, kind, metadata: { name, namespace, uid, generation }, spec };
  const status = { observedGeneration: 2, workers: { ready: 1 } };

  test('is read with its status', () => {
    const parsed = parseApp({ ...stored, status });
    assert.deepEqual(parsed.kind === 'app' && parsed.app.status, status);
  });

  test('is one whatever its status is: that is written anew', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (spoiled) => {
        assert.equal(parseApp({ ...stored, status: spoiled }).kind, 'app');
        assert.equal(parseApp({ ...stored, status: { ...status, conditions: spoiled } }).kind, 'app');
      }),
    );
    const parsed = parseApp({ ...stored, status: { ...status, workers: { restarts: 1e300 } } });
    assert.equal(parsed.kind === 'app' && parsed.app.status, undefined);
  });

  test('is none when its spec does not match', () => {
    assert.equal(parseApp({ ...stored, spec: {}, status }).kind, 'invalid');
  });
});
