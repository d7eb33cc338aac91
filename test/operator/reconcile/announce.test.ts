import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Write } from '../../../src/operator/decide/plan.ts';
import type { Child } from '../../../src/operator/model/facts.ts';
import { describeWrites } from '../../../src/operator/reconcile/announce.ts';
import { appServer, facts, ownedBy } from '../../builders.ts';

const child = (kind: Child['kind'], name = 'shop'): Child => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, namespace: 'web' },
});
const write = (what: Child, why: Write['why'], paths?: readonly string[]): Write => {
  const [observed] = facts({ children: [ownedBy(appServer(), { ...what, lastEditor: 'kubectl-edit' })] }).children;
  const differences = (paths ?? []).map((path) => ({ path, steps: [], want: 'x', added: undefined }));
  return { child: what, observed: paths === undefined ? undefined : observed, differences, why };
};

const events: Record<string, readonly [writes: readonly Write[], note: string]> = {
  'all children of a new AppServer by their kinds': [
    [
      write(child('ConfigMap', 'a'), 'created'),
      write(child('ConfigMap', 'b'), 'created'),
      write(child('Deployment'), 'created'),
    ],
    'ConfigMap, Deployment',
  ],
  'what follows a change by its fields': [
    [write(child('Deployment'), 'updated', ['spec.a', 'spec.b', 'spec.c', 'spec.d'])],
    'Deployment shop (spec.a, spec.b, spec.c and 1 more)',
  ],
  'a repair by the field and who has changed it': [
    [write(child('Service'), 'repaired', ['spec.type'])],
    'Service shop (spec.type, changed by kubectl-edit)',
  ],
  'a repair of what was deleted': [[write(child('Service'), 'repaired')], 'Service shop (deleted)'],
  'no more than a few of many': [
    Array.from({ length: 6 }, (_, i) => write(child('Service', `s${i}`), 'repaired')),
    'Service s0 (deleted); Service s1 (deleted); Service s2 (deleted); Service s3 (deleted) and 2 more',
  ],
};

describe('an event tells', () => {
  for (const [name, [writes, note]] of Object.entries(events)) {
    test(name, () => assert.equal(describeWrites(writes), note));
  }
});
