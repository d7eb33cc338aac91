import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { WorkerView } from '../../../src/operator/model/worker-status.ts';
import { appServer, facts, pod, type Given } from '../../builders.ts';
import { statusOf, settled } from './situations.ts';

describe('workers of the status', () => {
  const view = (changes: object = {}): WorkerView => ({
    desired: 2,
    ready: 2,
    restarts: {},
    lastFailure: undefined,
    isOfReadyPod: true,
    shortSince: undefined,
    lacking: false,
    ...changes,
  });
  const ready = [pod('a', { ready: true }), pod('b', { ready: true })];
  const auto = appServer({ workers: { count: 'auto' } });
  const before = { desired: 4, ready: 3, restarts: 7 };

  const sums: Record<string, [given: Given, workers: object]> = {
    'are those that are wanted, before any pod was asked': [{ pods: ready }, { desired: 4 }],
    'are none with auto, before any pod was asked': [{ app: auto, pods: ready }, {}],
    'are what all pods have said': [
      {
        pods: ready,
        workers: new Map([
          ['a', view()],
          ['b', view({ ready: 1, restarts: { WORKER_KILLED: 2, OTHER: 1 } })],
        ]),
      },
      { desired: 4, ready: 3, restarts: 3 },
    ],
    'are what all pods have said, with auto': [
      {
        app: auto,
        pods: ready,
        workers: new Map([
          ['a', view()],
          ['b', view({ desired: 3 })],
        ]),
      },
      { desired: 5, ready: 4, restarts: 0 },
    ],
    'stay what they were while a pod has not been asked': [
      { app: appServer({}, { status: { workers: before } }), pods: ready, workers: new Map([['a', view()]]) },
      before,
    ],
    'stay what they were while a pod was last asked before it was ready': [
      {
        app: appServer({}, { status: { workers: before } }),
        pods: ready,
        workers: new Map([
          ['a', view()],
          ['b', view({ ready: 0, isOfReadyPod: false })],
        ]),
      },
      before,
    ],
    'leave out pods that are ending': [
      { pods: [pod('a', { ready: true }), pod('b', { terminating: true })], workers: new Map([['a', view()]]) },
      { desired: 4, ready: 2, restarts: 0 },
    ],
    'are none when no pod is ready any more': [
      { app: appServer({}, { status: { workers: before } }), pods: [pod('a')] },
      { desired: 4, ready: 0, restarts: 0 },
    ],
  };
  for (const [name, [given, workers]] of Object.entries(sums)) {
    test(name, () => assert.deepEqual(statusOf(facts({ children: [settled], ...given })).workers, workers));
  }
});
