import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Child } from '../../../src/operator/model/facts.ts';
import { Conflicts } from '../../../src/operator/reconcile/conflicts.ts';

const child = (kind: Child['kind']): Child => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name: 'shop', namespace: 'web' },
});
const deployment = child('Deployment');

describe('conflicts in a row', () => {
  const addTo = (conflicts: Conflicts, times: number): boolean[] =>
    Array.from({ length: times }, () => conflicts.add('web/shop', deployment));

  test('are reported when they go on', () => {
    assert.deepEqual(addTo(new Conflicts(), 7), [false, false, false, false, false, true, true]);
  });

  const ends: Record<string, (conflicts: Conflicts) => void> = {
    'the child has been written': (conflicts) => conflicts.written('web/shop', deployment),
    'all is as it should be': (conflicts) => conflicts.forget('web/shop'),
  };
  for (const [name, end] of Object.entries(ends)) {
    test(`count from the start once ${name}`, () => {
      const conflicts = new Conflicts();
      addTo(conflicts, 5);
      end(conflicts);
      assert.equal(conflicts.add('web/shop', deployment), false);
    });
  }

  test('count for their child and their AppServer alone', () => {
    const conflicts = new Conflicts();
    addTo(conflicts, 9);
    assert.equal(conflicts.add('web/shop', child('Service')), false);
    assert.equal(conflicts.add('web/other', deployment), false);
  });
});
