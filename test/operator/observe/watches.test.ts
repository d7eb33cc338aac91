import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../../src/kube/index.ts';
import { appPriority, childPriority } from '../../../src/operator/observe/watches.ts';

const at = (generation?: number): KubeObject => ({
  apiVersion: 'v1',
  kind: 'X',
  metadata: { name: 'shop', ...(generation !== undefined && { generation }) },
});

const cases: Record<
  string,
  [priority: typeof appPriority, before: KubeObject | undefined, after: KubeObject | undefined]
> = {
  'normal: a new AppServer': [appPriority, undefined, at(1)],
  'urgent: a change of its spec': [appPriority, at(1), at(2)],
  'normal: a change of its status': [appPriority, at(2), at(2)],
  'normal: its end': [appPriority, at(2), undefined],
  'normal: a new child': [childPriority, undefined, at(1)],
  'urgent: a child that is edited': [childPriority, at(1), at(2)],
  'normal: a child that reports progress': [childPriority, at(2), at(2)],
  'urgent: a child without generations that is changed': [childPriority, at(), at()],
  'urgent: a child that is deleted': [childPriority, at(2), undefined],
};

for (const [name, [priority, before, after]] of Object.entries(cases)) {
  test(`is ${name}`, () => {
    assert.equal(priority(before, after), name.split(':')[0]);
  });
}
