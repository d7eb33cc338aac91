// For how long a pod without a node is taken for one that may get one: as long as Deployments wait for progress, by which
// kstatus judges them too. The scheduler's words: pkg/scheduler/framework/plugins/*/*.go of Kubernetes.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { statusDue } from '../../../src/operator/status/due.ts';
import { unschedulableStallsIn } from '../../../src/operator/status/scheduling.ts';
import { appServer, container, facts, pod, type Given } from '../../builders.ts';
import { starting, stalled, statusOf, struggling, stuck, withoutNode } from './situations.ts';

const full = '0/2 nodes are available: 2 Insufficient memory.';
const otherNodes = "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.";
const oneVolume =
  '0/1 nodes are available: 1 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode.';
const noVolume = "0/1 nodes are available: 1 node(s) didn't find available persistent volumes to bind.";

const fresh = (message: string, seconds = 5): Given => ({
  children: [starting],
  pods: [withoutNode(message, seconds)],
});

const trueTypes = (given: Given): string[] =>
  (statusOf(facts(given)).conditions ?? []).flatMap(({ type, status }) =>
    status === 'True' && type !== 'Available' ? [type] : [],
  );

const cases: Record<string, readonly [given: Given, alsoTrue: readonly string[]]> = {
  'full nodes may be joined by others': [fresh(full), struggling],
  'other nodes may be added': [fresh(otherNodes), struggling],
  'a taint may be of a node that has just started': [
    fresh('0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }.'),
    struggling,
  ],
  'there may be nodes in a moment': [fresh('no nodes available to schedule pods'), struggling],
  'words that nobody knows may pass': [fresh('0/1 nodes are available: 1 node(s) are asleep.'), struggling],
  'one second before the deadline it still may': [fresh(full, 599), struggling],
  'at the deadline it does not': [fresh(full, 600), stalled],
  'the deadline is that of the spec': [
    { ...fresh(full, 60), app: appServer({ rollout: { progressDeadlineSeconds: 60 } }) },
    stalled,
  ],
  'one pod of several is past the deadline': [
    { children: [starting], pods: [withoutNode(full, 5), withoutNode(full, 700, 'b')] },
    stalled,
  ],
  'the rollout itself is stuck, which has replaced such pods': [{ ...fresh(full), children: [stuck] }, stalled],
  'no node gives a volume to a second pod': [fresh(oneVolume), stalled],
  'no node brings a volume': [fresh(noVolume), stalled],
  'another node may be joined where one lacks a volume and one lacks room': [
    fresh("0/2 nodes are available: 1 Insufficient cpu, 1 node(s) didn't find available persistent volumes to bind."),
    struggling,
  ],
};

describe('of a pod without a node', () => {
  for (const [name, [given, alsoTrue]] of Object.entries(cases)) {
    test(name, () => assert.deepEqual(trueTypes(given), alsoTrue));
  }
});

describe('the status of a pod without a node', () => {
  const dues: Record<string, readonly [given: Given, dueMs: number | undefined]> = {
    'is due at the deadline': [fresh(full, 5), 595_000],
    'is due at the first deadline of several pods': [
      { children: [starting], pods: [withoutNode(full, 5), withoutNode(full, 100, 'b')] },
      500_000,
    ],
    'is due no more after it': [fresh(full, 600), undefined],
  };
  for (const [name, [given, dueMs]] of Object.entries(dues)) {
    test(name, () => assert.equal(unschedulableStallsIn(facts(given)), dueMs));
  }

  test('gives way to what is due earlier', () => {
    const about = facts(fresh(full, 5));
    const running = pod('b', { containers: [container({ runningSince: about.now.getTime() - 5_000 })] });
    assert.deepEqual(statusDue({ ...about, pods: [...about.pods, running] }), {
      afterMs: 15_000,
      why: 'PodsNotReady',
    });
  });
});
