import assert from 'node:assert/strict';
import fc from 'fast-check';
import { request } from 'node:http';
import { isIPv4, isIPv6 } from 'node:net';
import { describe, test } from 'node:test';
import { encodeHost, parseAddress } from '../../../src/runtime/config/address.ts';

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

describe('an address to listen on', () => {
  const cases: Record<string, ReturnType<typeof parseAddress>> = {
    '0.0.0.0:8000': { host: '0.0.0.0', port: 8000 },
    ':8000': { host: '', port: 8000 },
    '[::1]:80': { host: '::1', port: 80 },
    '[::ffff:127.0.0.1]:80': { host: '::ffff:127.0.0.1', port: 80 },
    '127.0.0.1:0': { host: '127.0.0.1', port: 0 },
    '127.0.0.1:65535': { host: '127.0.0.1', port: 65_535 },
    'unix:/run/app.sock': { path: '/run/app.sock' },
    [`unix:/${'a'.repeat(106)}`]: { path: `/${'a'.repeat(106)}` },
    [`unix:/${'a'.repeat(107)}`]: undefined,
    [`unix:/${'\u00e4'.repeat(60)}`]: undefined,
    'unix:relative': undefined,
    'unix:/': undefined,
    '127.0.0.1:65536': undefined,
    '127.0.0.1:99999': undefined,
    'localhost:8000': undefined,
    '127.1:80': undefined,
    '256.0.0.1:80': undefined,
    '[127.0.0.1]:80': undefined,
    '::1:80': undefined,
    '[]:80': undefined,
    '[::1%lo]:80': undefined,
    '127.0.0.1': undefined,
    '127.0.0.1:': undefined,
    '127.0.0.1:-1': undefined,
    '8000': undefined,
  };
  for (const [text, want] of Object.entries(cases)) {
    test(`${text} is ${want === undefined ? 'none' : 'one'}`, () => assert.deepEqual(parseAddress(text), want));
  }

  test('has as host what Node takes for an address', () => {
    const piece = fc.constantFrom('::', ':', '0', 'ffff', 'a', '12345', '.', '1.2.3.4', '255', '256', '01', 'g');
    const host = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.array(piece, { maxLength: 9 }).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(host, (text) => {
        assert.equal(parseAddress(`[${text}]:80`) !== undefined, isIPv6(text), text);
        if (text !== '') assert.equal(parseAddress(`${text}:80`) !== undefined, isIPv4(text), text);
      }),
      { numRuns: 2_000 },
    );
  });
});
