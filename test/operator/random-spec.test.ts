// Whatever the schema lets through, the operator makes children of it that are what they should be.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'node:test';
import { appServerSchema } from '../../src/api/index.ts';
import { podsOf } from '../../src/operator/children/pinned-release.ts';
import { report } from '../../src/operator/status/conditions.ts';
import { differences } from '../../src/operator/decide/difference.ts';
import { plan } from '../../src/operator/decide/plan.ts';
import { stamped } from '../../src/operator/children/stamp.ts';
import { childrenIn, facts, stored } from '../builders.ts';
import { randomSpec } from './random-spec.ts';

const metadata = { name: 'shop', namespace: 'web', uid: 'uid-1', generation: 1 };

test('every spec that passes the schema has children that do not differ from themselves, and a status', () => {
  let passed = 0;
  fc.assert(
    fc.property(randomSpec, (spec) => {
      const parsed = appServerSchema.safeParse({
        apiVersion: 'appserver.dev/v1alpha1',
        kind: 'AppServer',
        metadata,
        spec,
      });
      if (!parsed.success) return;
      passed++;
      if (podsOf(facts({ app: parsed.data })).kind === 'conflict') return;
      const given = facts({ app: parsed.data });
      const wanted = childrenIn(given).map(stamped);
      for (const child of wanted) {
        assert.deepEqual(differences(child, structuredClone(child)), [], child.kind);
      }
      const after = facts({ app: parsed.data, children: wanted.map(stored) });
      assert.deepEqual(plan(wanted, after).steps, []);
      assert.ok(report(after).status.conditions?.some(({ type }) => type === 'Ready'));
    }),
    { numRuns: 2_000 },
  );
  assert.ok(passed > 1_000, `${passed} of 2000 specs pass the schema`);
});
