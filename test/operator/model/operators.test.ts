import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { desired } from '../../../src/operator/children/desired.ts';
import {
  claimsOn,
  leaseNameOf,
  severalOperators,
  standsBack,
  type OperatorState,
} from '../../../src/operator/model/operators.ts';
import { facts, stored } from '../../builders.ts';

describe('of two operators on one AppServer', () => {
  const cases: Record<string, { own: string | undefined; state: OperatorState; back: boolean }> = {
    'the second stands back while the first acts': { own: 'b/x', state: 'acts', back: true },
    'the second acts when the first is gone': { own: 'b/x', state: 'gone', back: false },
    'one without a Lease stands back while the other acts': { own: undefined, state: 'acts', back: true },
    'the later name stands back where it cannot look': { own: 'z/x', state: 'unreadable', back: true },
    'the earlier name acts where it cannot look': { own: 'a/x', state: 'unreadable', back: false },
    'one without a Lease stands back where it cannot look': { own: undefined, state: 'unreadable', back: true },
  };
  for (const [name, { own, state, back }] of Object.entries(cases)) {
    test(name, () => assert.equal(standsBack(own, 'm/x', state), back));
  }

  test('never both act where neither can look, and never none', () => {
    assert.notEqual(standsBack('a/x', 'b/x', 'unreadable'), standsBack('b/x', 'a/x', 'unreadable'));
  });

  test('both are named', () => assert.match(severalOperators('a/x', 'b/x'), /^The operators a\/x and b\/x both watch/));

  test('the one that made the children is known by them', () => {
    const children = desired(facts({ claim: 'a/x' })).map(stored);
    const { children: found } = facts({ children });
    assert.equal(claimsOn('shop', found).acting, 'a/x');
    assert.equal(claimsOn('other', found).acting, undefined);
  });
});

describe('the name of a Lease', () => {
  for (const text of [
    '',
    'a',
    'a/',
    '/b',
    'a/b/c',
    'A/b',
    'a/../../secrets/x',
    `a/${'b'.repeat(300)}`,
    'a b/c',
    'a/b?c=d',
  ]) {
    test(`is not ${JSON.stringify(text.slice(0, 40))}`, () => assert.equal(leaseNameOf(text), undefined));
  }

  test('is a namespace and a name', () => {
    assert.deepEqual(leaseNameOf('appserver-system/appserver-operator'), {
      namespace: 'appserver-system',
      name: 'appserver-operator',
    });
  });
});
