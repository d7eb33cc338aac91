import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, test } from 'node:test';
import { encodeTarget, parseTarget } from '../../../src/runtime/http/request-target.ts';

describe('a target that is written by people', () => {
  const cases: Record<string, string> = {
    '/': '/',
    '/healthz?full=1&x=a%20b': '/healthz?full=1&x=a%20b',
    '/\u4e2d\u6587': '/%E4%B8%AD%E6%96%87',
    '/caf\u00e9?q=\u00fc': '/caf%C3%A9?q=%C3%BC',
    '/a b': '/a%20b',
    '/%zz%': '/%zz%',
    '//host/x': '//host/x',
    '/\u{1f600}': '/%F0%9F%98%80',
    '/\ud800': '/%EF%BF%BD',
    '/a\r\nX: y': '/aX:%20y',
    '/a#b': '/a%23b',
    '/a?b?c': '/a?b?c',
  };
  for (const [path, want] of Object.entries(cases)) {
    test(`${JSON.stringify(path)} is sent as ${want}`, () => assert.equal(encodeTarget(path), want));
  }

  test('can be sent, whatever it is, and is the same when it is encoded again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const target = encodeTarget(`/${text}`);
        assert.match(target, /^\/[\x21-\x7e]*$/);
        assert.equal(encodeTarget(target), target);
        assert.notEqual(parseTarget(target), undefined);
      }),
    );
  });
});

test('whatever target a stranger sends is a path, or none', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (target) => (parseTarget(target)?.path ?? '/').startsWith('/')));
});
