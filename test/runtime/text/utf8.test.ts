// UTF-8 by hand, compared with Node's.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'node:test';
import { byteLength, decodeUtf8, firstBytes, lastBytes } from '../../../src/runtime/text/utf8.ts';

const text = fc.string({ unit: 'binary' });
/** Likely to be almost UTF-8. */
const bytes = fc.array(
  fc.oneof(
    fc.constantFrom(0x41, 0x80, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0, 0xe2, 0xed, 0xf0, 0xf3, 0xf4, 0xf5, 0xff),
    fc.nat(255),
  ),
);

test('a text has as many bytes as Node writes for it', () => {
  fc.assert(fc.property(text, (one) => assert.equal(byteLength(one), Buffer.byteLength(one))));
  assert.equal(byteLength('a\ud800b'), Buffer.byteLength('a\ud800b'));
});

test('bytes are read as Node reads them', () => {
  fc.assert(
    fc.property(bytes, (some) => {
      const array = Uint8Array.from(some);
      assert.equal(decodeUtf8(new DataView(array.buffer)), new TextDecoder('utf-8', { ignoreBOM: true }).decode(array));
    }),
    { numRuns: 2_000 },
  );
});

test('what is cut has room, is in whole characters, and the next one would have had none', () => {
  fc.assert(
    fc.property(text, fc.nat(40), (one, room) => {
      const characters = Array.from(one);
      const first = firstBytes(one, room);
      assert.ok(Buffer.byteLength(first) <= room && one.startsWith(first));
      const next = characters[Array.from(first).length];
      assert.ok(next === undefined || Buffer.byteLength(first + next) > room);
      const last = lastBytes(one, room);
      assert.ok(Buffer.byteLength(last) <= room && one.endsWith(last));
      const before = characters.at(-Array.from(last).length - 1);
      assert.ok(before === undefined || last === one || Buffer.byteLength(before + last) > room);
    }),
    { numRuns: 1_000 },
  );
});
