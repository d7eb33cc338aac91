import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, test } from 'node:test';
import { nanos, sameQuantity, wholeUnits } from '../../../src/operator/model/quantity.ts';

/** As the API server writes the one on the left. */
const canonical: Record<string, string | number> = {
  '0.7': '700m',
  '1000m': 1,
  '1024Mi': '1Gi',
  '1.5Gi': '1536Mi',
  '1e3': '1k',
  '1E3': '1k',
  '1E': '1000P',
  '.5': '500m',
  '5.': 5,
  '+1': 1,
  '-0.1': '-100m',
  '100u': '0.0001',
  '1e-3': '1m',
  '0.0000000001': '1n',
  '12e6': '12M',
};

describe('quantities', () => {
  for (const [written, stored] of Object.entries(canonical)) {
    test(`${written} and ${stored} are the same`, () => assert.ok(sameQuantity(written, stored)));
  }

  for (const text of ['', '.', 'x', '1x', '1 Gi', '1ki', '1Mi5', '0x10', '1e', 'NaN', true, {}, null, '9'.repeat(80)]) {
    test(`${JSON.stringify(text)} is none`, () => assert.equal(nanos(text), undefined));
  }

  test('each number of thousandths is the same in both forms', () => {
    for (let thousandths = 0; thousandths < 16_000; thousandths++) {
      assert.ok(sameQuantity((thousandths / 1_000).toFixed(3), `${thousandths}m`), String(thousandths));
    }
  });

  test('two are the same when they are the same number, and only then', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (a, b) => {
        assert.equal(sameQuantity(`${a}Mi`, `${b * 1024}Ki`), a === b);
        assert.equal(sameQuantity(`${a}m`, `${b}000u`), a === b);
      }),
    );
  });

  test('whole units round up', () => {
    assert.equal(wholeUnits('10Mi'), 10 * 1024 * 1024);
    assert.equal(wholeUnits('1500m'), 2);
    assert.equal(wholeUnits('many'), undefined);
  });
});
