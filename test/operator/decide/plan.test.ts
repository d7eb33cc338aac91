import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { desired } from '../../../src/operator/children/desired.ts';
import type { Facts } from '../../../src/operator/model/facts.ts';
import { plan } from '../../../src/operator/decide/plan.ts';
import { stamped } from '../../../src/operator/children/stamp.ts';
import type { KubeObject } from '../../../src/kube/index.ts';
import { appServer, facts, pod } from '../../builders.ts';

const status = { observedGeneration: 3 };
const app = appServer({}, { status });
const wanted = desired(facts({ app })).map(stamped);

/** As the API server has a Deployment whose pods are all of its revision and ready. */
function observed(child: KubeObject): KubeObject {
  if (child.kind !== 'Deployment') return child;
  return { ...child, status: { replicas: 2, updatedReplicas: 2, readyReplicas: 2 } };
}

const complete = wanted.map(observed);

function planned(changes: Partial<Facts>): { writes: string[]; prune: string[] } {
  const { writes, prune } = plan(wanted, facts({ app, children: complete, ...changes }));
  return {
    writes: writes.map(({ child, why }) => `${child.kind} ${why}`),
    prune: prune.map(({ metadata }) => metadata.name),
  };
}

const oldConfig: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'shop-runtime-old' } };
const oldHpa: KubeObject = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'shop' },
};
/** No child has a status yet. */
const unsettled = wanted;
const without = (kind: string): KubeObject[] => complete.filter((child) => child.kind !== kind);

const cases: Record<string, { given: Partial<Facts>; writes?: string[]; prune?: string[] }> = {
  'nothing to do when all is as it should be': { given: {} },
  'everything is created for a new AppServer': {
    given: { app: appServer(), children: [] },
    writes: ['ServiceAccount', 'ConfigMap', 'ConfigMap', 'Deployment', 'Service', 'PodDisruptionBudget'].map(
      (kind) => `${kind} created`,
    ),
  },
  'a child that was there before is repaired': {
    given: { children: without('Service') },
    writes: ['Service repaired'],
  },
  'a child on its way out counts as gone': {
    given: {
      children: complete.map((child) =>
        child.kind === 'Service' ? { ...child, metadata: { ...child.metadata, deletionTimestamp: 'now' } } : child,
      ),
    },
    writes: ['Service repaired'],
  },
  'a child that somebody edited is repaired': {
    given: { children: complete.map((child) => (child.kind === 'Service' ? { ...child, spec: {} } : child)) },
    writes: ['Service repaired'],
  },
  'a child that was applied from another spec is updated': {
    given: {
      children: complete.map((child) =>
        child.kind === 'Service'
          ? { ...child, metadata: { ...child.metadata, annotations: { 'appserver.dev/applied-hash': 'other' } } }
          : child,
      ),
    },
    writes: ['Service updated'],
  },
  'what is no longer wanted is pruned': { given: { children: [...complete, oldHpa] }, prune: ['shop'] },
  'an old configuration is pruned once its pods are gone': {
    given: { children: [...complete, oldConfig] },
    prune: ['shop-runtime-old'],
  },
  'an old configuration stays while a pod mounts it': {
    given: { children: [...complete, oldConfig], pods: [pod('a', { configMaps: ['shop-runtime-old'] })] },
  },
  'an old configuration stays while a rollout is under way': {
    given: {
      children: [...unsettled, oldConfig],
    },
  },
};

describe('plan', () => {
  for (const [name, { given, writes = [], prune = [] }] of Object.entries(cases)) {
    test(name, () => assert.deepEqual(planned(given), { writes, prune }));
  }
});
