import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, test } from 'node:test';
import { milliseconds, names, terminationGraceSeconds } from '../../src/api/index.ts';
import { customResourceDefinition } from '../../src/api/crd.ts';
import { duration } from '../../src/api/fields.ts';
import { fieldReference } from '../../src/api/reference.ts';
import { maxNameLength } from '../../src/api/rules.ts';
import { appServer } from '../builders.ts';

describe('durations', () => {
  const cases: Record<string, number> = {
    '0s': 0,
    '250ms': 250,
    '30s': 30_000,
    '1m30s': 90_000,
    '2h': 7_200_000,
    '1h1m1s1ms': 3_661_001,
  };
  for (const [text, ms] of Object.entries(cases))
    test(`${text} is ${ms} ms`, () => assert.equal(milliseconds(text), ms));

  test('what the schema accepts is read to its end', () => {
    const part = fc.tuple(fc.integer({ min: 0, max: 99 }), fc.constantFrom('ms', 's', 'm', 'h'));
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 3 }), (parts) => {
        const text = parts.map(([number, unit]) => `${number}${unit}`).join('');
        assert.ok(duration().safeParse(text).success);
        const factors = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;
        assert.equal(
          milliseconds(text),
          parts.reduce((sum, [number, unit]) => sum + number * factors[unit], 0),
        );
      }),
    );
  });

  for (const text of ['', '30', 's', '-1s', '1.5s', '1d', '30 s']) {
    test(`"${text}" is none`, () => assert.ok(!duration().safeParse(text).success));
  }
});

describe('grace period', () => {
  const cases: Record<string, [spec: object, seconds: number]> = {
    'covers drain and graceful timeout by default': [{}, 50],
    'follows both': [{ drain: { maximum: '1m' }, workers: { gracefulTimeout: '2m' } }, 185],
    'rounds up': [{ drain: { minimum: '1ms', maximum: '1ms' }, workers: { gracefulTimeout: '0s' } }, 6],
  };
  for (const [name, [spec, seconds]] of Object.entries(cases)) {
    test(name, () => assert.equal(terminationGraceSeconds(appServer(spec).spec), seconds));
  }
});

test('every child of the longest name still has a name that fits into a label', () => {
  const app = 'a'.repeat(maxNameLength);
  for (const name of [names.liveConfigMap(app), names.runtimeConfigMap(app, '0123456789')])
    assert.ok(name.length <= 63);
});

test('the CRD fits into what kubectl apply can store in an annotation', () => {
  assert.ok(JSON.stringify(customResourceDefinition('0.0.0')).length < 256 * 1024);
});

test('every field of the reference has a class and a meaning', () => {
  const rows = fieldReference()
    .split('\n')
    .filter((line) => line.startsWith('| `spec.'));
  assert.ok(rows.length > 30);
  for (const row of rows) assert.match(row, /\| (live|roll|outside) \| \S.*\.+ \|$/);
});
