import assert from 'node:assert/strict';
import fc from 'fast-check';
import { request } from 'node:http';
import { test } from 'node:test';
import { encodeHost } from '../../../src/runtime/config/address.ts';

test('a host that is written by people can stand in a header, or is none', () => {
  assert.deepEqual(['localhost', 'a.test:80', '\u4e2d\u6587.test', 'a b', '\n'].map(encodeHost), [
    'localhost',
    'a.test:80',
    'xn--fiq228c.test',
    undefined,
    undefined,
  ]);
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const host = encodeHost(text);
      if (host !== undefined)
        request({ host: '127.0.0.1', port: 1, headers: { host } })
          .on('error', () => undefined)
          .destroy();
    }),
    { numRuns: 50 },
  );
});
