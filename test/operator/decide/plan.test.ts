import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { plan } from '../../../src/operator/decide/plan.ts';
import { stamped } from '../../../src/operator/children/stamp.ts';
import type { KubeObject } from '../../../src/kube/index.ts';
import { childrenIn, appServer, facts, ownedBy, pod, stored, type Given } from '../../builders.ts';

const status = { observedGeneration: 3 };
const app = appServer({}, { status });
const wanted = childrenIn(facts({ app })).map(stamped);

/** As the API server has it; a Deployment with all pods of its revision and ready. */
function observed(child: KubeObject): KubeObject {
  const found = stored(child);
  if (child.kind !== 'Deployment') return found;
  return { ...found, status: { replicas: 2, updatedReplicas: 2, readyReplicas: 2 } };
}

const complete = wanted.map(observed);

function planned(changes: Given): { steps: string[]; prune: string[]; blocked: string[] } {
  const { steps, prune, blocked } = plan(wanted, facts({ app, children: complete, ...changes }));
  return {
    steps: steps.map((step) => `${step.child.kind} ${step.kind === 'create' ? step.why : step.kind}`),
    prune: prune.map(({ kind, metadata }) => `${kind} ${metadata.name}`),
    blocked: blocked.map(({ kind }) => kind),
  };
}

const own = (apiVersion: string, kind: string, name: string): KubeObject =>
  stored(ownedBy(app, { apiVersion, kind, metadata: { name } }));
const oldConfig = own('v1', 'ConfigMap', 'shop-runtime-old');
const oldAccount = own('v1', 'ServiceAccount', 'shop');
const oldHpa = own('autoscaling/v2', 'HorizontalPodAutoscaler', 'shop');
/** No child has a status yet. */
const unsettled = wanted.map(stored);
const without = (kind: string): KubeObject[] => complete.filter((child) => child.kind !== kind);
/** All, but for what is changed of one. */
const withChanged = (kind: string, change: (child: KubeObject) => KubeObject): KubeObject[] =>
  complete.map((child) => (child.kind === kind ? change(child) : child));
const withMetadata = (kind: string, metadata: object): KubeObject[] =>
  withChanged(kind, (child) => ({ ...child, metadata: { ...child.metadata, ...metadata } }));

const created = (kind: string): string => `${kind} created`;

const cases: Record<string, { given: Given; steps?: string[]; prune?: string[]; blocked?: string[] }> = {
  'nothing to do when all is as it should be': { given: {} },
  'everything is created for a new AppServer': {
    given: { app: appServer(), children: [] },
    steps: ['ServiceAccount', 'ConfigMap', 'ConfigMap', 'Deployment', 'Service', 'PodDisruptionBudget'].map(created),
  },
  'a child that was there before is repaired': {
    given: { children: without('Service') },
    steps: ['Service repaired'],
  },
  'a child on its way out is waited for': {
    given: { children: withMetadata('Service', { deletionTimestamp: 'now' }) },
    blocked: ['Service'],
  },
  'no Deployment is made while what its pods need is on its way out': {
    given: {
      children: withMetadata('ServiceAccount', { deletionTimestamp: 'now' }).filter(
        ({ kind }) => kind !== 'Deployment' && kind !== 'Service',
      ),
    },
    steps: ['Service repaired'],
    blocked: ['ServiceAccount'],
  },
  'a child that is not as it was applied is examined': {
    given: { children: withChanged('Service', (child) => ({ ...child, spec: {} })) },
    steps: ['Service examine'],
  },
  'a child whose field managers somebody has emptied is examined': {
    given: { children: withChanged('Service', (child) => ({ ...child, appliedAt: undefined })) },
    steps: ['Service examine'],
  },
  'a child that was applied from another spec is updated': {
    given: { children: withMetadata('Service', { annotations: { 'appserver.dev/applied-hash': 'other' } }) },
    steps: ['Service update'],
  },
  'what is no longer wanted is pruned': {
    given: { children: [...complete, oldHpa] },
    prune: ['HorizontalPodAutoscaler shop'],
  },
  'an old configuration and an old account are pruned once their pods are gone': {
    given: { children: [...complete, oldConfig, oldAccount] },
    prune: ['ConfigMap shop-runtime-old', 'ServiceAccount shop'],
  },
  'an old configuration stays while a pod mounts it': {
    given: { children: [...complete, oldConfig], pods: [pod('a', { configMaps: ['shop-runtime-old'] })] },
  },
  'an old account stays while a pod runs as it': {
    given: { children: [...complete, oldAccount], pods: [pod('a', { serviceAccount: 'shop' })] },
  },
  'an old account stays that the spec names by now': {
    given: { app: appServer({ serviceAccountName: 'shop' }, { status }), children: [...complete, oldAccount] },
  },
  'an old configuration stays while a rollout is under way': {
    given: { children: [...unsettled, oldConfig] },
  },
};

describe('plan', () => {
  for (const [name, { given, steps = [], prune = [], blocked = [] }] of Object.entries(cases)) {
    test(name, () => assert.deepEqual(planned(given), { steps, prune, blocked }));
  }
});
