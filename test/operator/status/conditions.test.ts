import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { KubeObject } from '../../../src/kube/index.ts';
import type { WorkerView } from '../../../src/operator/model/worker-status.ts';
import { statusSchema } from '../../../src/api/index.ts';
import { report, unreadableReport } from '../../../src/operator/status/conditions.ts';
import { restartWaiting } from '../../../src/operator/status/restart-waiting.ts';
import { appServer, facts, pod } from '../../builders.ts';
import {
  statusOf,
  deployment,
  settled,
  starting,
  surging,
  oldPods,
  evicted,
  autoscaled,
  moving,
  stalled,
  struggling,
  suspended,
  stuck,
  testCases,
  type Case,
  ended,
  waiting,
} from './situations.ts';

const cases: Record<string, Case> = {
  'all pods are ready': {
    given: { children: [settled] },
    ready: true,
    reason: 'PodsReady',
    message: '2 of 2 pods ready, 2 workers each.',
    alsoTrue: [],
  },
  'all pods are ready, as many as the autoscaler wants': {
    given: { app: autoscaled, children: [settled] },
    ready: true,
    reason: 'PodsReady',
    message:
      '2 of 2 pods ready, 2 workers each. The autoscaler sets their number; spec.replicas is only the initial one.',
    alsoTrue: [],
  },
  'all pods are ready, as many as an autoscaler of others wants': {
    given: { app: appServer({ scaleTarget: 'Deployment' }), children: [settled] },
    ready: true,
    reason: 'PodsReady',
    message:
      '2 of 2 pods ready, 2 workers each. The autoscaler sets their number; spec.replicas is only the initial one.',
    alsoTrue: [],
  },
  'the Gateway API is missing': {
    given: { app: appServer({ httpRoute: { parentRefs: [{ name: 'x' }] } }), children: [settled], served: new Set() },
    ready: false,
    reason: 'CRDNotInstalled',
    message:
      'spec.httpRoute requires the Gateway API, whose CustomResourceDefinitions are not installed in this cluster; install them, or use spec.ingress.',
    alsoTrue: stalled,
  },
  'no pods are wanted': {
    given: { app: appServer({ replicas: 0 }), children: [deployment({}, { replicas: 0 })] },
    ready: true,
    reason: 'ScaledToZero',
    message: 'No pods are desired, as spec.replicas is 0.',
    alsoTrue: [],
  },
  'an autoscaled Deployment was scaled to zero': {
    given: { app: autoscaled, children: [deployment({}, { replicas: 0 })] },
    ready: false,
    reason: 'ScalingDisabled',
    message:
      'The Deployment has been scaled to zero, which disables its HorizontalPodAutoscaler; scale it up with kubectl scale deployment shop -n web --replicas=2.',
    alsoTrue: stalled,
  },
  'nothing exists yet': {
    given: {},
    ready: false,
    reason: 'RollingOut',
    message: '0 of 2 pods updated, 0 ready.',
    alsoTrue: moving,
  },
  'pods are starting': {
    given: { children: [starting] },
    ready: false,
    reason: 'PodsNotReady',
    message: '0 of 2 pods ready.',
    alsoTrue: moving,
  },
  'a rollout is under way': {
    given: { children: [surging], pods: [...oldPods, pod('new', { revision: 'new', createdAt: 2 })] },
    ready: false,
    reason: 'RollingOut',
    message: '1 of 2 pods updated, 2 ready. 2 pods of the previous revision still serve.',
    alsoTrue: moving,
  },
  'the change has not been seen by the Deployment controller': {
    given: { children: [deployment({ observedGeneration: 3, replicas: 2, updatedReplicas: 2, readyReplicas: 2 })] },
    ready: false,
    reason: 'PodsNotReady',
    message: '2 of 2 pods ready.',
    alsoTrue: moving,
  },
  'a rollout is paused with a change': {
    given: {
      app: appServer({ rollout: { paused: true } }),
      children: [deployment({ replicas: 2, updatedReplicas: 0, readyReplicas: 2, availableReplicas: 2 })],
      pods: oldPods,
    },
    ready: false,
    reason: 'RolloutPaused',
    message:
      'A change of the pods waits, as spec.rollout.paused is true: 0 of 2 pods have it; remove spec.rollout.paused to roll it out. 2 pods of the previous revision still serve.',
    alsoTrue: suspended,
  },
  'a rollout is paused without a change': {
    given: { app: appServer({ rollout: { paused: true } }), children: [settled] },
    ready: true,
    reason: 'PodsReady',
    message: '2 of 2 pods ready, 2 workers each. Rollouts are paused.',
    alsoTrue: [],
  },
  'pods that are over lie about': {
    given: { children: [settled], pods: [evicted('x', 5), evicted('y', 4), evicted('z', 3), ...oldPods] },
    ready: true,
    reason: 'PodsReady',
    message: '2 of 2 pods ready, 2 workers each.',
    alsoTrue: [],
  },
  'no check of a pod overrules a Deployment that is complete': {
    given: {
      children: [settled],
      pods: [...oldPods, { ...ended(1, 'Error', 'x'), name: 'stray' }, pod('other', { unschedulable: 'no' })],
    },
    ready: true,
    reason: 'PodsReady',
    message: '2 of 2 pods ready, 2 workers each.',
    alsoTrue: [],
  },
  'a readiness gate is not met': {
    given: { children: [starting], pods: [pod('a', { unmetGates: ['example.com/registered'] })] },
    ready: false,
    reason: 'ReadinessGateNotMet',
    message:
      '1 of 1 pod: all containers are ready, but readiness gate example.com/registered is not met; check the controller that sets this pod condition, or remove the gate from spec.podTemplate.spec.readinessGates.',
    alsoTrue: moving,
  },
  'an image has been corrected, and pods of the old revision still cannot pull theirs': {
    given: {
      children: [deployment({ replicas: 3, updatedReplicas: 1, readyReplicas: 0 })],
      pods: [
        { ...waiting('ImagePullBackOff', 'not found'), revision: 'old', createdAt: 1 },
        pod('old', { revision: 'old', createdAt: 1, unschedulable: '0/1 nodes are available: 1 Too many pods.' }),
        pod('new', { revision: 'new', createdAt: 2 }),
      ],
    },
    ready: false,
    reason: 'RollingOut',
    message: '1 of 2 pods updated, 0 ready.',
    alsoTrue: moving,
  },
  'an image has been corrected, and no pod of the new revision is there yet': {
    given: {
      children: [deployment({ replicas: 2, updatedReplicas: 0, readyReplicas: 0 })],
      pods: [{ ...waiting('ImagePullBackOff', 'not found'), revision: 'old', createdAt: 1 }],
    },
    ready: false,
    reason: 'RollingOut',
    message: '0 of 2 pods updated, 0 ready.',
    alsoTrue: moving,
  },
  'pods crash, and the rollout that would replace them is paused': {
    given: {
      app: appServer({ rollout: { paused: true } }),
      children: [deployment({ replicas: 2, updatedReplicas: 0, readyReplicas: 0 })],
      pods: [ended(4, 'Error', 'APP_NOT_FOUND: there is no module x. Correct spec.app.wsgi.')],
    },
    ready: false,
    reason: 'PodsCrashing',
    message: '1 of 1 pod: APP_NOT_FOUND: there is no module x. Correct spec.app.wsgi.',
    alsoTrue: struggling,
  },
  'a scheduling gate is not removed': {
    given: { children: [starting], pods: [pod('a', { schedulingGates: ['example.com/admitted'] })] },
    ready: false,
    reason: 'SchedulingGated',
    message:
      '1 of 1 pod: scheduling gate example.com/admitted keeps the pod from every node; check the controller that removes it, or what adds it to pods: spec.podTemplate.spec.schedulingGates or an admission webhook.',
    alsoTrue: moving,
  },
  'the rollout is stuck at a scheduler that does not exist': {
    given: {
      app: appServer({ podTemplate: { spec: { schedulerName: 'defualt-scheduler' } } }),
      children: [stuck],
      pods: [pod('a', { ignored: true })],
    },
    ready: false,
    reason: 'ProgressDeadlineExceeded',
    message:
      '1 of 1 pod: no scheduler has looked at the pod; correct spec.podTemplate.spec.schedulerName, which is defualt-scheduler, or start that scheduler.',
    alsoTrue: stalled,
  },
  'the rollout is stuck, as there is no scheduler': {
    given: { children: [stuck], pods: [pod('a', { ignored: true })] },
    ready: false,
    reason: 'ProgressDeadlineExceeded',
    message: "1 of 1 pod: no scheduler has looked at the pod; check the cluster's scheduler.",
    alsoTrue: stalled,
  },
  'the rollout is stuck': {
    given: { children: [stuck] },
    ready: false,
    reason: 'ProgressDeadlineExceeded',
    message: 'The rollout has made no progress within 600 s; the events and logs of the pods show why.',
    alsoTrue: stalled,
  },
  'the rollout is stuck at a readiness gate': {
    given: { children: [stuck], pods: [pod('a', { unmetGates: ['example.com/registered'] })] },
    ready: false,
    reason: 'ProgressDeadlineExceeded',
    message:
      '1 of 1 pod: all containers are ready, but readiness gate example.com/registered is not met; check the controller that sets this pod condition, or remove the gate from spec.podTemplate.spec.readinessGates.',
    alsoTrue: stalled,
  },
};

describe('conditions when', () => {
  testCases(cases);

  test('a ready pod lacks workers, it is degraded and ready', () => {
    const view: WorkerView = {
      desired: 2,
      ready: 1,
      restarts: { BOOT_TIMEOUT: 4 },
      lastFailure: 'BOOT_TIMEOUT',
      isOfReadyPod: true,
      shortSince: 3,
      lacking: true,
    };
    const given = facts({ children: [settled], pods: [pod('a', { ready: true }), pod('b', { ready: true })] });
    const { conditions = [] } = statusOf({ ...given, workers: new Map([['b', view]]) });
    assert.deepEqual(
      conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`),
      [
        'Ready True PodsReady',
        'Available True MinimumReplicasAvailable',
        'Progressing False PodsReady',
        'Degraded True WorkersFailing',
      ],
    );
    assert.equal(
      conditions[3]?.message,
      '1 of 2 pods: 1 of 2 workers ready in b, the last failure is BOOT_TIMEOUT; its log shows why.',
    );
    const moment = statusOf({ ...given, workers: new Map([['b', { ...view, lacking: false }]]) });
    assert.equal(moment.conditions?.[3]?.status, 'False', 'a worker that is being replaced');
  });

  test('nothing has changed, the time of the transition stays', () => {
    const given = facts({ children: [settled] });
    const first = statusOf(given);
    const later = statusOf({ ...given, app: appServer({}, { status: first }), now: new Date('2027-01-01') });
    assert.deepEqual(later, first);
    const worse = statusOf(
      facts({ app: appServer({}, { status: first }), children: [starting], now: new Date('2027-01-01') }),
    );
    assert.equal(worse.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime, '2027-01-01T00:00:00Z');
  });

  test('the stored resource cannot be read, and reporting it again changes nothing', () => {
    const object: KubeObject = { apiVersion: 'v1', kind: 'AppServer', metadata: { name: 'shop', generation: 7 } };
    const first = unreadableReport(object, 'spec.app: required', new Date('2026-01-01')).status;
    assert.match(
      first.conditions?.[0]?.message ?? '',
      /does not match this operator's schema: spec\.app: required; correct these fields/,
    );
    assert.deepEqual(
      unreadableReport({ ...object, status: first }, 'spec.app: required', new Date('2027-01-01')).status,
      first,
    );
  });

  test('the Service has a port of its own, the url names it', () => {
    assert.equal(statusOf(facts({ app: appServer({ service: { port: 8080 } }) })).url, 'http://shop.web.svc:8080');
    assert.equal(statusOf(facts()).url, 'http://shop.web.svc');
  });
});

describe('an AppServer that waits for a place to replace its pods', () => {
  const waitingFor = restartWaiting(['a/1', 'b/2']);

  test('has a condition that names who has the places, and is ready all the same', () => {
    const { conditions = [] } = statusOf(facts({ children: [settled] }), undefined, [waitingFor]);
    assert.deepEqual(
      conditions.flatMap(({ type, status, reason }) => (status === 'True' ? [`${type} ${reason}`] : [])),
      ['Ready PodsReady', 'Available MinimumReplicasAvailable', 'RestartWaiting RestartLimitReached'],
    );
    assert.match(conditions.at(-1)?.message ?? '', /: a\/1, b\/2 restart theirs now\./);
  });

  test('names five of them at most', () => {
    const all = Array.from({ length: 1_000 }, (_, i) => `${'n'.repeat(63)}/${String(i).padStart(253, '0')}`);
    const { message } = restartWaiting(all);
    assert.match(message, / and 995 more /);
    assert.ok(message.length < 3_000, `${message.length} characters`);
  });
});

test('no rejection is too long for the status, or for what is kept of its event', () => {
  const message = 'x'.repeat(1_000_000);
  const problem = { reason: 'ApplyRejected', cause: message, state: 'stalled' } as const;
  const conflict = { type: 'FieldConflict', reason: 'FieldConflict', message } as const;
  for (const { status, warnings } of [
    report(facts(), problem, [conflict]),
    unreadableReport(settled, message, new Date()),
  ]) {
    statusSchema.parse(status);
    for (const { note, key } of warnings) assert.ok(note.length <= 4_096 && key.length <= 4_096);
  }
});
