import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError, NoAnswer, resourceType, type KubeObject } from '../../../src/kube/index.ts';
import { appServerType } from '../../../src/operator/model/kinds.ts';
import { appPriority, childPriority, watchFailure } from '../../../src/operator/observe/watches.ts';
import { sentence } from '../../../src/operator/process/errors.ts';

const at = (generation?: number): KubeObject => ({
  apiVersion: 'v1',
  kind: 'X',
  metadata: { name: 'shop', ...(generation !== undefined && { generation }) },
});

const autoscaler = (resourceVersion: string, maxReplicas: number, currentReplicas: number): KubeObject => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'shop', resourceVersion },
  spec: { maxReplicas },
  status: { currentReplicas },
});
const configMap = (resourceVersion: string, data: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'shop-live', resourceVersion },
  data: { 'live.json': data },
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
  'urgent: an autoscaler that is edited': [childPriority, autoscaler('1', 3, 2), autoscaler('2', 9, 2)],
  'normal: an autoscaler that reports': [childPriority, autoscaler('1', 3, 2), autoscaler('2', 3, 3)],
  'urgent: a ConfigMap that is edited': [childPriority, configMap('1', '{}'), configMap('2', '{"x":1}')],
  'urgent: a child that is deleted': [childPriority, at(2), undefined],
};

for (const [name, [priority, before, after]] of Object.entries(cases)) {
  test(`is ${name}`, () => {
    assert.equal(priority(before, after), name.split(':')[0]);
  });
}

const services = resourceType('v1', 'Service');
for (const [what, type, error, says] of [
  [
    'the CRD is not installed',
    appServerType,
    new ApiError(404, 'NotFound', 'the server could not find the requested resource'),
    /^CRD_MISSING: the API server knows no appservers of appserver\.dev\/v1alpha1\. Install it: /,
  ],
  [
    'a right is missing',
    services,
    new ApiError(403, 'Forbidden', 'services is forbidden'),
    /^WATCH_FORBIDDEN: the operator may not watch services: services is forbidden\. Give the operator the rights/,
  ],
  [
    'the API server does not answer',
    services,
    new NoAnswer('connect ECONNREFUSED'),
    /^API_SERVER_UNREACHABLE: watching services: connect ECONNREFUSED\. /,
  ],
  [
    'it fails in another way',
    services,
    new ApiError(500, 'InternalError', 'etcd is away'),
    /^WATCH_FAILED: watching services: .*etcd is away\. It is tried again/,
  ],
] as const) {
  test(`a watch says so when ${what}`, () => assert.match(sentence(watchFailure(type, error)), says));
}
