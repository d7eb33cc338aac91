import fc from 'fast-check';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { objectLine, withField } from '../../../src/runtime/text/json-object.ts';
import { hasPlainNames } from './json-names.ts';

function isObject(line: string): boolean {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

const json = fc
  .dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 5, stringUnit: 'binary' }))
  .map((value) => JSON.stringify(value));

/** JSON in which something has been put in, taken out or doubled. */
const spoiled = fc
  .tuple(
    json,
    fc.nat(),
    fc.nat({ max: 3 }),
    fc.constantFrom('', '"', '\\', '{', '}', ',', ':', '0', '-', 'e', '\t', ' '),
  )
  .map(([text, at, taken, put]) => {
    const place = at % (text.length + 1);
    return `${text.slice(0, place)}${put}${text.slice(place + taken)}`;
  });

const alphabet = fc
  .array(
    fc.constantFrom('{', '}', '[', ']', '"', ':', ',', '\\', 'u0041', 'a', '0', '1', '.', 'e', '-', 'true', ' ', '\r'),
  )
  .map((parts) => `{${parts.join('')}`);

describe('a line that is an object of JSON', () => {
  test('is one for JSON.parse, and the other way round', () => {
    fc.assert(
      fc.property(fc.oneof(json, spoiled, alphabet), (line) => {
        assert.equal(objectLine(line) !== undefined, line.startsWith('{') && !line.includes('\n') && isObject(line));
      }),
      { numRuns: 1_000 },
    );
  });

  test('has the names that JSON.parse finds, and takes one more', () => {
    fc.assert(
      fc.property(json, (line) => {
        fc.pre(hasPlainNames(line));
        const { names } = objectLine(line) ?? {};
        const parsed = JSON.parse(line) as Record<string, unknown>;
        for (const name of Object.keys(parsed)) assert.ok(names?.has(name) === true || names?.has('\\') === true, name);
        if (Object.hasOwn(parsed, 'worker')) return;
        assert.deepEqual(JSON.parse(withField(line, '"worker":3')), { worker: 3, ...parsed });
      }),
    );
  });

  const table: Record<string, readonly [line: string, is: boolean]> = {
    'an empty object': ['{}', true],
    'white space at its end, as Windows writes it': ['{"a":1} \r', true],
    'white space before it': [' {"a":1}', false],
    'one that does not end': ['{"a":[1,2}', false],
    'one behind which something stands': ['{"a":1} {"b":2}', false],
    'a name without quotes': ['{a:1}', false],
    'a comma too many': ['{"a":1,}', false],
    'a number with a zero too many': ['{"a":01}', false],
    'an escape that is none': [String.raw`{"a":"\x41"}`, false],
    'a control character in a string': ['{"a":"\u001B[31m"}', false],
    'bytes that are no UTF-8, as they are decoded': ['{"a":"\uFFFD"}', true],
    'a form feed between values': ['{"a":\f1}', false],
    'a list': ['[{"a":1}]', false],
    'so deep as no log is': [`${'{"a":'.repeat(65)}1${'}'.repeat(65)}`, false],
    'a string as long as lines get': [`{"a":"${'\u00E9\\n'.repeat(1_000_000)}"}`, true],
    'a long string that does not end': [`{"a":"${'x'.repeat(1_000_000)}`, false],
    'an object of Python': ["{'a': 1}", false],
  };
  for (const [name, [line, is]] of Object.entries(table)) {
    test(`${name}: ${is ? 'is one' : 'is none'}`, () => assert.equal(objectLine(line) !== undefined, is));
  }

  test('a name that is written with escapes may be any', () => {
    assert.ok(objectLine(String.raw`{"\u0077orker":1}`)?.names.has('\\'));
  });
});
