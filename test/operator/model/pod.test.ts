import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { podView, type PodView } from '../../../src/operator/model/pod.ts';

const view = (status: object, rest: object = {}): PodView =>
  podView({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'shop-a',
      namespace: 'web',
      labels: { 'pod-template-hash': 'abc' },
      ...{ creationTimestamp: '2026-01-02T03:04:05Z' },
    },
    spec: { containers: [{ name: 'app', image: 'x' }], readinessGates: [{ conditionType: 'lb/ready' }] },
    status,
    ...rest,
  });

const condition = (type: string, status: string, rest: object = {}): object => ({
  type,
  status,
  lastTransitionTime: '2026-01-02T03:05:00Z',
  ...rest,
});
const at = Date.parse('2026-01-02T03:05:00Z');

describe('what is kept of a pod', () => {
  const failures: Record<string, readonly [status: object, failure: PodView['failure']]> = {
    'that kubelet has evicted': [
      { phase: 'Failed', reason: 'Evicted', message: 'low on memory', conditions: [condition('Ready', 'False')] },
      { reason: 'Evicted', message: 'low on memory', at },
    ],
    'that a controller has ended': [
      {
        phase: 'Failed',
        conditions: [condition('DisruptionTarget', 'True', { reason: 'DeletionByPodGC', message: 'node not found' })],
      },
      { reason: 'DeletionByPodGC', message: 'node not found', at },
    ],
    'that its node has rejected': [
      { phase: 'Failed', reason: 'OutOfcpu', message: 'Pod was rejected: not enough cpu' },
      { reason: 'OutOfcpu', message: 'Pod was rejected: not enough cpu', at: undefined },
    ],
    'that has succeeded': [{ phase: 'Succeeded' }, undefined],
  };
  for (const [name, [status, failure]] of Object.entries(failures)) {
    test(`${name} is why it is over`, () => {
      const { over, terminating, failure: found } = view(status);
      assert.deepEqual([over, terminating, found], [true, true, failure]);
    });
  }

  test('tells its revision and its age', () => {
    const { revision, createdAt, over, failure } = view({ phase: 'Running' });
    assert.deepEqual(
      [revision, createdAt, over, failure],
      ['abc', Date.parse('2026-01-02T03:04:05Z'), false, undefined],
    );
  });

  const gates: Record<string, readonly [conditions: object[], unmet: readonly string[]]> = {
    'while containers start': [[condition('ContainersReady', 'False')], []],
    'once they are ready': [[condition('ContainersReady', 'True')], ['lb/ready']],
    'while it is false': [[condition('ContainersReady', 'True'), condition('lb/ready', 'False')], ['lb/ready']],
    'once it is met': [[condition('ContainersReady', 'True'), condition('lb/ready', 'True')], []],
  };
  for (const [name, [conditions, unmet]] of Object.entries(gates)) {
    test(`tells of a readiness gate ${name}: ${unmet.length === 0 ? 'nothing' : 'it is not met'}`, () => {
      assert.deepEqual(view({ conditions }).unmetGates, unmet);
    });
  }

  const places: Record<
    string,
    readonly [spec: object, conditions: object[], scheduling: readonly string[], ignored: boolean]
  > = {
    'is new': [{}, [], [], true],
    'has no node that fits': [{}, [condition('PodScheduled', 'False')], [], false],
    'has a scheduling gate': [
      { schedulingGates: [{ name: 'x/y' }] },
      [condition('PodScheduled', 'False')],
      ['x/y'],
      false,
    ],
    'was given a node by its creator': [{ nodeName: 'n' }, [], [], false],
  };
  for (const [name, [spec, conditions, scheduling, ignored]] of Object.entries(places)) {
    test(`a pod that ${name} ${ignored ? 'waits for a scheduler' : 'does not wait for a scheduler'}`, () => {
      const found = view({ conditions }, { spec: { containers: [{ name: 'app', image: 'x' }], ...spec } });
      assert.deepEqual([found.schedulingGates, found.ignored], [scheduling, ignored]);
    });
  }

  test('tells since when a container runs', () => {
    const containerStatuses = [
      { name: 'app', image: 'x', restartCount: 1, state: { running: { startedAt: '2026-01-02T03:05:00Z' } } },
    ];
    assert.equal(view({ containerStatuses }).containers[0]?.runningSince, at);
  });

  const states: Record<string, readonly [state: object, down: boolean]> = {
    'has just ended': [{ terminated: { exitCode: 1 } }, true],
    'is backed off': [{ waiting: { reason: 'CrashLoopBackOff' } }, true],
    'is created anew': [{ waiting: { reason: 'ContainerCreating' } }, false],
    runs: [{ running: {} }, false],
  };
  for (const [name, [state, down]] of Object.entries(states)) {
    test(`a container that ${name} is ${down ? '' : 'not '}down`, () => {
      const lastState = { terminated: { exitCode: 1 } };
      const containerStatuses = [{ name: 'app', image: 'x', restartCount: 1, state, lastState }];
      assert.equal(view({ containerStatuses }).containers[0]?.down, down);
    });
  }
});
