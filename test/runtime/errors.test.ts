import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { errorCodes, remedyOf, sentence, type ErrorCode } from '../../src/runtime/errors.ts';

/** What a runtime without Kubernetes has no way to come across. */
const onlyInPods: ReadonlySet<ErrorCode> = new Set(['STATIC_FILES_MISSING']);

describe('a remedy', () => {
  for (const code of errorCodes) {
    test(`${code} is a sentence in pods and without them`, () => {
      for (const surface of ['pod', 'standalone'] as const) assert.match(remedyOf(code, surface), /^[A-Z].*\.$/);
    });

    if (onlyInPods.has(code)) continue;
    test(`${code} names nothing of an AppServer or its pods where there is none`, () => {
      assert.doesNotMatch(remedyOf(code, 'standalone'), /\bspec\b|\bcontainer\b|\bimage\b|\bpod\b/);
    });

    test(`${code} names no option in a pod`, () => {
      assert.doesNotMatch(remedyOf(code, 'pod'), /(^|\s)--/);
    });
  }

  test('follows code and cause', () => {
    assert.equal(
      sentence('PORT_IN_USE', '0.0.0.0:8000 is taken.', 'standalone'),
      'PORT_IN_USE: 0.0.0.0:8000 is taken. Stop the other program, or choose another address with --listen.',
    );
  });
});
