// Situations that an AppServer's pods can be in, and what its conditions say of them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AppServerStatus } from '../../../src/api/index.ts';
import type { KubeObject } from '../../../src/kube/index.ts';
import type { PodView } from '../../../src/operator/model/pod.ts';
import { report } from '../../../src/operator/status/conditions.ts';
import { appServer, container, facts, ownedBy, pod, type Given } from '../../builders.ts';

export const statusOf = (...args: Parameters<typeof report>): AppServerStatus => report(...args).status;

export function deployment(status: object, spec: object = { replicas: 2 }): KubeObject {
  return ownedBy(appServer(), {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'shop', generation: 4 },
    spec,
    status: { observedGeneration: 4, ...status },
  });
}

export const settled = deployment({ replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 });
export const starting = deployment({ replicas: 2, updatedReplicas: 2, readyReplicas: 0 });
export const halfReady = deployment({ replicas: 2, updatedReplicas: 2, readyReplicas: 1, availableReplicas: 1 });
/** One pod more, of the new revision, and the two of the old one. */
export const surging = deployment({ replicas: 3, updatedReplicas: 1, readyReplicas: 2, availableReplicas: 2 });
export const oldPods = [
  pod('old-1', { ready: true, revision: 'old', createdAt: 1 }),
  pod('old-2', { ready: true, revision: 'old', createdAt: 1 }),
];
export const refused = (message: string): KubeObject =>
  deployment({ conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message }] });
export const waitingIn = (name: string, reason: string, message: string, image?: string): PodView =>
  pod('a', { containers: [container({ name, ...(image !== undefined && { image }), waiting: { reason, message } })] });
export const waiting = (reason: string, message: string): PodView => waitingIn('app', reason, message);
export const endedIn = (name: string, exitCode: number, reason: string, message: string): PodView =>
  pod('a', { containers: [container({ name, ended: { exitCode, reason, message }, down: true })] });
export const ended = (exitCode: number, reason: string, message: string): PodView =>
  endedIn('app', exitCode, reason, message);
const now = Date.parse('2026-01-02T03:04:05.678Z');
/** @param seconds since it was created */
export const withoutNode = (message: string, seconds: number, name = 'a'): PodView =>
  pod(name, { unschedulable: message, createdAt: now - 1_000 * seconds });
/** For an hour. */
export const unschedulable = (message: string): Given => ({
  children: [starting],
  pods: [withoutNode(message, 3_600)],
});
export const evicted = (name: string, secondsAgo: number): PodView =>
  pod(name, {
    terminating: true,
    over: true,
    createdAt: now - 60_000,
    failure: { reason: 'Evicted', message: 'The node was low on resource: memory. ', at: now - 1_000 * secondsAgo },
    containers: [container({ ended: { exitCode: 137, reason: 'Error', message: '' }, down: true })],
  });
export const withSidecar = { podTemplate: { spec: { containers: [{ name: 'log', image: 'shipper:3' }] } } };
export const autoscaled = appServer({ autoscaling: { maxReplicas: 9, minReplicas: 2 } });

export const stuck = deployment({
  updatedReplicas: 2,
  replicas: 2,
  conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: 'timed out' }],
});

export interface Case {
  readonly given: Given;
  readonly ready: boolean;
  readonly reason: string;
  readonly message: string;
  /** Condition types that are True besides; Available is tested on its own. */
  readonly alsoTrue: readonly string[];
}

export const stalled = ['Degraded', 'Stalled'];
export const struggling = ['Progressing', 'Degraded', 'Reconciling'];
export const moving = ['Progressing', 'Reconciling'];
export const suspended = ['Stalled'];

/** One test a case. */
export function testCases(cases: Readonly<Record<string, Case>>): void {
  for (const [name, { given, ready, reason, message, alsoTrue }] of Object.entries(cases)) {
    test(name, () => {
      const { conditions = [] } = statusOf(facts(given));
      const found = conditions.find(({ type }) => type === 'Ready');
      assert.deepEqual([found?.status, found?.reason, found?.message], [ready ? 'True' : 'False', reason, message]);
      const others = conditions
        .filter(({ type, status }) => type !== 'Ready' && type !== 'Available' && status === 'True')
        .map(({ type }) => type);
      assert.deepEqual(others, alsoTrue);
      for (const one of conditions) assert.equal(one.observedGeneration, 3);
    });
  }
}
