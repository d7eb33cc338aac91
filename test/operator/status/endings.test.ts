import { describe } from 'node:test';
import { appServer, container, pod } from '../../builders.ts';
import {
  settled,
  starting,
  endedIn,
  ended,
  withSidecar,
  moving,
  struggling,
  testCases,
  type Case,
} from './situations.ts';

const cases: Record<string, Case> = {
  'the runtime ended with a sentence': {
    given: {
      children: [starting],
      pods: [ended(4, 'Error', 'APP_NOT_FOUND: there is no module x. Correct spec.app.wsgi.\nTraceback\n')],
    },
    ready: false,
    reason: 'PodsCrashing',
    message: '1 of 1 pod: APP_NOT_FOUND: there is no module x. Correct spec.app.wsgi.',
    alsoTrue: struggling,
  },
  'a container ended without a word': {
    given: { children: [starting], pods: [ended(1, 'Error', '')] },
    ready: false,
    reason: 'PodsCrashing',
    message: '1 of 1 pod: container app exited with code 1 (Error); its log shows why.',
    alsoTrue: struggling,
  },
  'a container was ended after its startup probe had failed': {
    given: { children: [starting], pods: [ended(143, 'Error', '')] },
    ready: false,
    reason: 'PodsCrashing',
    message:
      '1 of 1 pod: container app exited with code 143 (Error): SIGTERM ended it, as after a probe that failed; its log and the events of the pod show why; if it is too slow, raise spec.resources.limits.memory, or lower spec.workers.count.',
    alsoTrue: struggling,
  },
  'the last words would take over a terminal': {
    given: {
      children: [starting],
      pods: [ended(4, 'Error', 'HOOK_FAILED: \u001B[31mred\u0007 \u009D0;x and \u202Eesrever\n')],
    },
    ready: false,
    reason: 'PodsCrashing',
    message: '1 of 1 pod: HOOK_FAILED: [31mred 0;x and esrever.',
    alsoTrue: struggling,
  },
  'a sidecar ended with words of its own': {
    given: { app: appServer(withSidecar), children: [starting], pods: [endedIn('log', 1, 'Error', 'no config\n')] },
    ready: false,
    reason: 'PodsCrashing',
    message: '1 of 1 pod: container log exited with code 1 (Error): no config; its log shows more.',
    alsoTrue: struggling,
  },
  'a container starts again after one exit': {
    given: {
      children: [starting],
      pods: [
        pod('a', { containers: [container({ restarts: 1, ended: { exitCode: 1, reason: 'Error', message: '' } })] }),
      ],
    },
    ready: false,
    reason: 'PodsNotReady',
    message: '0 of 2 pods ready.',
    alsoTrue: moving,
  },
  'a sidecar ends again and again, and with code 0': {
    given: {
      app: appServer(withSidecar),
      children: [starting],
      pods: [
        pod('a', {
          containers: [
            container({
              name: 'log',
              restarts: 4,
              waiting: { reason: 'CrashLoopBackOff', message: 'back-off 40s restarting failed container=log' },
              ended: { exitCode: 0, reason: 'Completed', message: '' },
              down: true,
            }),
          ],
        }),
      ],
    },
    ready: false,
    reason: 'PodsCrashing',
    message:
      '1 of 1 pod: container log exited with code 0 (Completed) again and again, by itself or after a probe that failed, and is to run on; its log and the events of the pod show why.',
    alsoTrue: struggling,
  },
  'an init container has ended with code 0 after two tries': {
    given: {
      app: appServer({ initContainers: [{ name: 'wait', image: 'x' }] }),
      children: [starting],
      pods: [
        pod('a', {
          containers: [
            container({
              name: 'wait',
              restarts: 2,
              ended: { exitCode: 0, reason: 'Completed', message: '' },
              down: true,
            }),
          ],
        }),
      ],
    },
    ready: false,
    reason: 'PodsNotReady',
    message: '0 of 2 pods ready.',
    alsoTrue: moving,
  },
  'containers crashed days ago, run since, and their node is lost': {
    given: {
      children: [starting],
      pods: [
        pod('a', {
          containers: [
            container({
              ready: true,
              restarts: 7,
              runningSince: Date.parse('2026-01-01T00:00:00Z'),
              ended: { exitCode: 1, reason: 'Error', message: '' },
            }),
            container({
              name: 'log',
              ready: true,
              restarts: 1,
              runningSince: Date.parse('2026-01-01T00:00:00Z'),
              ended: { exitCode: 137, reason: 'OOMKilled', message: '' },
            }),
          ],
        }),
      ],
    },
    ready: false,
    reason: 'PodsNotReady',
    message: '0 of 2 pods ready.',
    alsoTrue: moving,
  },
  'a container runs again after it was killed at its memory limit': {
    given: {
      children: [starting],
      pods: [
        pod('a', {
          containers: [
            container({
              restarts: 1,
              runningSince: Date.parse('2026-01-02T03:03:00Z'),
              ended: { exitCode: 137, reason: 'OOMKilled', message: '' },
            }),
          ],
        }),
      ],
    },
    ready: false,
    reason: 'OOMKilled',
    message:
      '1 of 1 pod: container app was killed at its memory limit; raise spec.resources.limits.memory, or lower spec.workers.count.',
    alsoTrue: struggling,
  },
  'a node was restarted, and kubelet does not know how its containers ended': {
    given: { children: [starting], pods: [ended(255, 'Unknown', '')] },
    ready: false,
    reason: 'PodsNotReady',
    message: '0 of 2 pods ready.',
    alsoTrue: moving,
  },
  'the memory limit was reached': {
    given: { children: [starting], pods: [ended(137, 'OOMKilled', '')] },
    ready: false,
    reason: 'OOMKilled',
    message:
      '1 of 1 pod: container app was killed at its memory limit; raise spec.resources.limits.memory, or lower spec.workers.count.',
    alsoTrue: struggling,
  },
  "a sidecar's memory limit was reached": {
    given: { app: appServer(withSidecar), children: [starting], pods: [endedIn('log', 137, 'OOMKilled', '')] },
    ready: false,
    reason: 'OOMKilled',
    message:
      '1 of 1 pod: container log was killed at its memory limit; raise spec.podTemplate.spec.containers[log].resources.limits.memory.',
    alsoTrue: struggling,
  },
  "the proxy's memory limit was reached": {
    given: { app: appServer({ proxy: {} }), children: [starting], pods: [endedIn('proxy', 137, 'OOMKilled', '')] },
    ready: false,
    reason: 'OOMKilled',
    message: '1 of 1 pod: container proxy was killed at its memory limit; raise spec.proxy.resources.limits.memory.',
    alsoTrue: struggling,
  },
  'a pod that is ready again is no trouble': {
    given: { children: [settled], pods: [{ ...ended(3, 'Error', 'x'), ready: true }] },
    ready: true,
    reason: 'PodsReady',
    message: '2 of 2 pods ready, 2 workers each.',
    alsoTrue: [],
  },
};

describe('conditions when a container ended:', () => testCases(cases));
