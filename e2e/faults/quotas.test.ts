// Pods in namespaces with a ResourceQuota or a LimitRange: what they want of the application's resources is enough for the whole pod.
import { KubeConfig } from '@kubernetes/client-node';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ApiError, KubeClient, path, resourceType } from '../../src/kube/index.ts';
import { isFields } from '../../src/operator/model/unstructured.ts';
import { childrenIn, appServer, facts } from '../../test/builders.ts';

const config = new KubeConfig();
config.loadFromDefault();
const client = new KubeClient(config);

const namespace = 'quotas';
const types = {
  Namespace: resourceType('v1', 'Namespace'),
  Pod: resourceType('v1', 'Pod'),
  ServiceAccount: resourceType('v1', 'ServiceAccount'),
  ResourceQuota: resourceType('v1', 'ResourceQuota'),
  LimitRange: resourceType('v1', 'LimitRange'),
};

const limit = (rest: object): object => ({ limits: [{ type: 'Container', ...rest }] });

interface Case {
  readonly quota?: Record<string, string>;
  readonly limits?: object;
  readonly spec: object;
  /** Why the pod is refused; undefined where it is made. */
  readonly refused?: RegExp;
}

const both = { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '1', memory: '256Mi' } };
const files = { proxy: { static: [{ path: '/static/', from: '/app/static' }], resources: both } };

const cases: Record<string, Case> = {
  'a quota on every share of CPU and memory': {
    quota: { 'requests.cpu': '4', 'requests.memory': '4Gi', 'limits.cpu': '8', 'limits.memory': '8Gi' },
    spec: { resources: both },
  },
  'the same quota, with an nginx and static files': {
    quota: { 'requests.cpu': '4', 'requests.memory': '4Gi', 'limits.cpu': '8', 'limits.memory': '8Gi' },
    spec: { resources: both, ...files },
  },
  'a quota on ephemeral storage': {
    quota: { 'limits.ephemeral-storage': '4Gi' },
    spec: { resources: { limits: { 'ephemeral-storage': '1Gi' } } },
  },
  'a least CPU of a container': { limits: limit({ min: { cpu: '50m' } }), spec: { resources: both } },
  'a least and a most memory of a container': {
    limits: limit({ min: { memory: '100Mi' }, max: { memory: '300Mi' } }),
    spec: { resources: both, ...files },
  },
  'a most CPU, below what nothing is limited to': { limits: limit({ max: { cpu: '1' } }), spec: { resources: both } },
  'a ratio of limit and request': {
    limits: limit({ maxLimitRequestRatio: { memory: '2' } }),
    spec: { resources: both },
  },
  'defaults for whoever says nothing': {
    quota: { 'requests.cpu': '4', 'limits.cpu': '8' },
    limits: limit({ default: { cpu: '1' }, defaultRequest: { cpu: '50m' }, min: { cpu: '50m' } }),
    spec: {},
  },
  'a quota of which the application says nothing': {
    quota: { 'limits.cpu': '8' },
    spec: { resources: { limits: { memory: '128Mi' } } },
    refused: /must specify limits\.cpu for: app,install-runtime/,
  },
};

async function post(kind: keyof typeof types, body: object, dryRun = false): Promise<void> {
  const type = types[kind];
  const at = kind === 'Namespace' ? path(type) : path(type, namespace);
  await client.json({
    method: 'POST',
    path: at,
    query: dryRun ? { dryRun: 'All' } : {},
    body: { apiVersion: type.apiVersion, kind, ...body },
  });
}

/** With the pods of nobody used up, which a controller would note. */
async function quotaOf(hard: Record<string, string>): Promise<void> {
  await post('ResourceQuota', { metadata: { name: 'quota' }, spec: { hard } });
  const used = Object.fromEntries(Object.keys(hard).map((key) => [key, '0']));
  await client.json({
    method: 'PATCH',
    path: `${path(types.ResourceQuota, namespace, 'quota')}/status`,
    body: { status: { hard, used } },
    contentType: 'application/merge-patch+json',
  });
}

/** A pod as a ReplicaSet would make it. */
async function startPod(spec: object): Promise<void> {
  const deployment = childrenIn(facts({ app: appServer(spec) })).find(({ kind }) => kind === 'Deployment')?.['spec'];
  const template = isFields(deployment) && isFields(deployment['template']) ? deployment['template'] : {};
  const metadata = isFields(template['metadata']) ? template['metadata'] : {};
  await post('Pod', { ...template, metadata: { ...metadata, name: 'shop' } }, true);
}

async function remove(kind: 'ResourceQuota' | 'LimitRange'): Promise<void> {
  await client.json({ method: 'DELETE', path: path(types[kind], namespace) });
}

/** Admission looks at its own copy of quotas and limits, which comes a moment later. */
async function eventually(look: () => Promise<void>): Promise<void> {
  const until = performance.now() + 10_000;
  for (;;) {
    try {
      await look();
      return;
    } catch (error) {
      if (performance.now() > until) throw error;
    }
  }
}

describe('a pod is made in a namespace with', { concurrency: 1 }, () => {
  before(async () => {
    await post('Namespace', { metadata: { name: namespace } });
    await post('ServiceAccount', { metadata: { name: 'shop.appserver' } });
  });
  after(() => client.close());

  for (const [name, { quota, limits, spec, refused }] of Object.entries(cases)) {
    test(refused === undefined ? name : `${name}: not, and the quota says why`, async () => {
      if (quota !== undefined) await quotaOf(quota);
      if (limits !== undefined) await post('LimitRange', { metadata: { name: 'limits' }, spec: limits });
      try {
        if (refused === undefined) return await eventually(() => startPod(spec));
        await eventually(() =>
          assert.rejects(startPod(spec), (error) => error instanceof ApiError && refused.test(error.message)),
        );
      } finally {
        await remove('ResourceQuota');
        await remove('LimitRange');
      }
    });
  }
});
