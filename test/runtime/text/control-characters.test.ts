import fc from 'fast-check';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { visible } from '../../../src/runtime/text/control-characters.ts';
import { hasPlainNames } from './json-names.ts';

const table: Record<string, readonly [text: string, shown: string]> = {
  'a colour': ['\u001B[31mred', String.raw`\u001b[31mred`],
  'a colour that begins with a control character of C1': ['\u009B31mred', String.raw`\u009b31mred`],
  'the title of the window': ['\u001B]0;title\u0007', String.raw`\u001b]0;title\u0007`],
  'a carriage return over what was written': ['kind\rreal', String.raw`kind\u000dreal`],
  'text turned round': ['a\u202Etxt.exe', String.raw`a\u202etxt.exe`],
  'an isolate that never ends': ['a\u2066b', String.raw`a\u2066b`],
  'a mark of Arabic direction': ['a\u061Cb', String.raw`a\u061cb`],
  'a space of no width': ['ad\u200Bmin', String.raw`ad\u200bmin`],
  'a byte order mark': ['\uFEFFadmin', String.raw`\ufeffadmin`],
  'a separator of lines': ['a\u2028b', String.raw`a\u2028b`],
  'tags, which are pairs of UTF-16': ['a\u{E0041}b', String.raw`a\udb40\udc41b`],
  'what people write': ['naïve 日本語 שלום 👩 ½\tx\ny', 'naïve 日本語 שלום 👩 ½\tx\ny'],
};

describe('text from elsewhere', () => {
  for (const [name, [text, shown]] of Object.entries(table)) test(name, () => assert.equal(visible(text), shown));

  test('has nothing left that acts or hides, and is the same value where it is JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        const text = JSON.stringify(value, null, 2);
        fc.pre(hasPlainNames(text));
        assert.deepEqual(JSON.parse(visible(text)), JSON.parse(text));
        assert.doesNotMatch(visible(text), /[^\P{Cc}\t\n]|[\u200B-\u200F\u202A-\u202E\u2066-\u2069\uFEFF]/u);
      }),
    );
  });
});
