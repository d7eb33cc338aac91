import Table from 'cli-table3';
import fc from 'fast-check';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { table } from '../../../src/runtime/text/table.ts';

const noLines = Object.fromEntries(
  ['top', 'bottom', 'left', 'right'].flatMap((side) =>
    ['', '-mid', '-left', '-right'].map((part) => [`${side}${part}`, '']),
  ),
);
const chars = { ...noLines, mid: '', 'mid-mid': '', middle: '  ' };

/** As cli-table3 writes it without lines and padding. */
function theirs([head = [], ...rows]: readonly (readonly (string | number)[])[]): string {
  const style = { head: [], border: [], 'padding-left': 0, 'padding-right': 0 };
  const made = new Table({ head: head.map(String), chars, style });
  made.push(...rows.map((cells) => [...cells]));
  return made.toString();
}

test('a table is that of cli-table3, byte for byte', () => {
  const cell = fc.oneof(fc.integer(), fc.string({ unit: 'grapheme-ascii', minLength: 1 }));
  const rows = fc
    .integer({ min: 1, max: 6 })
    .chain((columns) =>
      fc.array(fc.array(cell, { minLength: columns, maxLength: columns }), { minLength: 1, maxLength: 6 }),
    );
  fc.assert(fc.property(rows, (all) => assert.equal(table(all), theirs(all))));
});

test('nothing in a cell acts on a terminal or begins another line', () => {
  assert.equal(
    table([
      ['A', 'B'],
      ['\u001B[31m', 'b\nc'],
    ]),
    'A           B  \n\\u001b[31m  b c',
  );
  assert.equal(table([]), '');
});
