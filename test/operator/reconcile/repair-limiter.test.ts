import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Difference } from '../../../src/operator/decide/difference.ts';
import { calmMs, RepairLimiter } from '../../../src/operator/reconcile/repair-limiter.ts';
import type { Child } from '../../../src/operator/model/facts.ts';
import type { Write } from '../../../src/operator/decide/plan.ts';
import { appServer, facts, ownedBy } from '../../builders.ts';

const child: Child = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'shop', namespace: 'web' } };
const [observed] = facts({ children: [ownedBy(appServer(), { ...child, lastEditor: 'mesh' })] }).children;
const differs = (field: string): Difference => ({
  path: `spec.${field}`,
  steps: ['spec', field],
  want: 'x',
  added: undefined,
});
const repair: Write = { child, observed, differences: [differs('type')], why: 'repaired' };
const update: Write = { ...repair, why: 'updated' };
const app = 'web/shop';

/** Times of the repairs, in seconds, of a child that is changed back at once for so long. */
function fought(seconds: number): number[] {
  const repairs = new RepairLimiter();
  const times: number[] = [];
  for (let ms = 0; ms < seconds * 1_000; ms += 100) {
    const { allowed } = repairs.allow(app, [repair], ms);
    repairs.written(app, allowed, ms);
    if (allowed.length > 0) times.push(ms / 1_000);
  }
  return times;
}

function inConflict(): RepairLimiter {
  const repairs = new RepairLimiter();
  for (let i = 0; i < 5; i++) {
    assert.deepEqual(repairs.allow(app, [repair], 1_000).allowed, [repair]);
    repairs.written(app, [repair], 1_000);
  }
  return repairs;
}

describe('repairs', () => {
  test('the first repairs come at once, and then ever more rarely', () => {
    assert.deepEqual(fought(70), [0, 0.1, 0.2, 0.3, 0.4, 2.4, 6.4, 14.4, 30.4, 62.4]);
  });

  test('an hour of it costs few writes', () => {
    assert.ok(fought(3_600).length < 30);
  });

  test('says how long to wait; what the AppServer itself changes does not', () => {
    assert.deepEqual(inConflict().allow(app, [repair, update], 1_500), { allowed: [update], waitMs: 1_500 });
  });

  test('tells what is changed by whom, until it has been left alone', () => {
    const repairs = inConflict();
    assert.match(
      repairs.conflict(app, 1_500)?.condition.message ?? '',
      /^Service shop \(spec\.type, changed by mesh\) is changed again after each repair; /,
    );
    assert.equal(repairs.conflict('web/other', 1_500), undefined);
    assert.equal(repairs.conflict(app, 1_000 + calmMs), undefined);
    assert.deepEqual(repairs.allow(app, [repair], 1_000 + calmMs), { allowed: [repair], waitMs: undefined });
  });

  test('another autoscaler is named, and where it belongs', () => {
    const deployment: Child = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: child.metadata };
    const scaled: Write = { ...repair, child: deployment, differences: [differs('replicas')] };
    const repairs = new RepairLimiter();
    for (let i = 0; i < 5; i++) repairs.written(app, [scaled], 1_000);
    assert.match(
      repairs.conflict(app, 1_500)?.condition.message ?? '',
      /^Deployment shop \(spec\.replicas, changed by mesh\) is changed again after each repair; let that manager scale the AppServer instead, which has a scale subresource \(kind AppServer, name shop\), or leave the number to it with spec\.scaleTarget: Deployment, or remove it/,
    );
  });

  test('what could not be written is no repair', () => {
    const repairs = new RepairLimiter();
    for (let i = 0; i < 50; i++) assert.deepEqual(repairs.allow(app, [repair], 1_000).allowed, [repair]);
  });

  test('other fields of the same child are another matter', () => {
    const repairs = inConflict();
    const other: Write = { ...repair, differences: [differs('selector')] };
    assert.deepEqual(repairs.allow(app, [other], 1_500), { allowed: [other], waitMs: undefined });
  });

  test('forgets an AppServer that is gone', () => {
    const repairs = inConflict();
    repairs.forget(app);
    assert.equal(repairs.conflict(app, 1_500), undefined);
  });

  test('keeps little in mind of one that changes another field each time', () => {
    const repairs = inConflict();
    for (let i = 0; i < 10_000; i++) {
      repairs.written(app, [{ ...repair, differences: [differs(`metadata.labels.x${i}`)] }], 1_000);
    }
    assert.equal(repairs.size, 32);
    assert.deepEqual(repairs.allow(app, [repair], 1_500).allowed, [], 'what is in conflict is not forgotten for it');
  });

  test('keeps nothing in mind of what has been left alone, however many AppServers that is', () => {
    const repairs = new RepairLimiter();
    for (let i = 0; i < 5_000; i++) repairs.written(`web/shop-${i}`, [repair], i * 1_000);
    assert.ok(repairs.size <= calmMs / 1_000, `${repairs.size}`);
    repairs.written(app, [], 5_000_000 + calmMs);
    assert.equal(repairs.size, 0);
  });
});
