// docs/decisions: pages that refer to each other do so from both sides. That the index is complete is tested with all that is
// generated.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decisionIndex, decisions, parseDecision } from '../scripts/decisions.ts';

const all = decisions();
const opposite = { Supersedes: 'Superseded by', Extends: 'Extended by' } as const;

describe('decisions', () => {
  test('have each a number of their own', () => {
    assert.equal(new Set(all.map(({ number }) => number)).size, all.length);
  });

  for (const { number, relation } of all) {
    for (const [, word, other] of relation.matchAll(/\b(Supersedes|Extends) \[(\d+)\]/g)) {
      test(`${number} ${word?.toLowerCase()} ${other}, which says so, too`, () => {
        const said = all.find((one) => one.number === Number(other))?.relation ?? 'no such page';
        const expected = opposite[word === 'Extends' ? 'Extends' : 'Supersedes'];
        assert.ok(said.includes(`${expected} [${number}]`), said);
      });
    }
    for (const [, word, other] of relation.matchAll(/\b(Superseded|Extended) by \[(\d+)\]/g)) {
      test(`${number} is ${word?.toLowerCase()} by ${other}, which says so, too`, () => {
        const said = all.find((one) => one.number === Number(other))?.relation ?? 'no such page';
        assert.ok(said.includes(`${word === 'Extended' ? 'Extends' : 'Supersedes'} [${number}]`), said);
      });
    }
  }

  test('are in the index with their status', () => {
    const pages = [
      parseDecision('0001-a.md', '# 1. First\n\nSuperseded by [2](0002-b.md), but\nfor a part.\n\nText.\n'),
      parseDecision('0002-b.md', '# 2. Second\n\nSupersedes [1](0001-a.md).\n\nText.\n'),
      parseDecision('0003-c.md', '# 3. Third\n\n**Context.** Text.\n'),
    ];
    assert.deepEqual(decisionIndex(pages).trim().split('\n').slice(-3), [
      '| 1 | [First](0001-a.md) | Superseded by [2](0002-b.md), but for a part |',
      '| 2 | [Second](0002-b.md) | In force. Supersedes [1](0001-a.md) |',
      '| 3 | [Third](0003-c.md) | In force |',
    ]);
  });

  test('without a heading, or with the number of another, are refused', () => {
    assert.throws(() => parseDecision('0004-d.md', 'Text.\n'), /must begin with "# 4\. Title"/);
    assert.throws(() => parseDecision('0004-d.md', '# 5. Fifth\n'), /must begin with "# 4\. Title"/);
  });
});
