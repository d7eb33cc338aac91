import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { statusSchema } from '../../../src/api/index.ts';
import { restartWaiting } from '../../../src/operator/status/restart-waiting.ts';
import { statusOf, unreadableStatus } from '../../../src/operator/status/conditions.ts';
import type { KubeObject } from '../../../src/kube/index.ts';
import type { WorkerView } from '../../../src/operator/model/worker-status.ts';
import { appServer, container, facts, ownedBy, pod, type Given } from '../../builders.ts';

function deployment(status: object, spec: object = { replicas: 2 }): KubeObject {
  return ownedBy(appServer(), {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'shop', generation: 4 },
    spec,
    status: { observedGeneration: 4, ...status },
  });
}

const settled = deployment({ replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 });
const starting = deployment({ replicas: 2, updatedReplicas: 2, readyReplicas: 0 });
const refused = (message: string): KubeObject =>
  deployment({ conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message }] });
const waiting = (reason: string, message: string): ReturnType<typeof pod> =>
  pod('a', { containers: [container({ waiting: { reason, message } })] });
const ended = (exitCode: number, reason: string, message: string): ReturnType<typeof pod> =>
  pod('a', { containers: [container({ ended: { exitCode, reason, message } })] });

interface Case {
  readonly given: Given;
  readonly ready: boolean;
  readonly reason: string;
  readonly message: string;
  /** Condition types that are True besides. */
  readonly alsoTrue: readonly string[];
}

const stalled = ['Degraded', 'Stalled'];
const struggling = ['Progressing', 'Degraded', 'Reconciling'];
const moving = ['Progressing', 'Reconciling'];

const cases: Record<string, Case> = {
  'all pods are ready': {
    given: { children: [settled] },
    ready: true,
    reason: 'Available',
    message: '2 of 2 pods ready, 2 workers each.',
    alsoTrue: [],
  },
  'all pods are ready, as many as the autoscaler wants': {
    given: { app: appServer({ autoscaling: { maxReplicas: 9 } }), children: [settled] },
    ready: true,
    reason: 'Available',
    message:
      "2 of 2 pods ready, 2 workers each. Their number is the autoscaler's; spec.replicas is only the one to start with.",
    alsoTrue: [],
  },
  'the Gateway API is missing': {
    given: { app: appServer({ httpRoute: { parentRefs: [{ name: 'x' }] } }), children: [settled], served: new Set() },
    ready: false,
    reason: 'KindMissing',
    message:
      'spec.httpRoute needs the Gateway API, which this cluster does not know; install its CustomResourceDefinitions, which is noticed, or use spec.ingress.',
    alsoTrue: stalled,
  },
  'no pods are wanted': {
    given: { children: [deployment({}, { replicas: 0 })] },
    ready: true,
    reason: 'ScaledToZero',
    message: 'No pods are wanted.',
    alsoTrue: [],
  },
  'nothing exists yet': {
    given: {},
    ready: false,
    reason: 'RollingOut',
    message: '0 of 2 pods are of the present revision, 0 of 2 pods ready.',
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
    given: { children: [deployment({ replicas: 3, updatedReplicas: 1, readyReplicas: 2 })] },
    ready: false,
    reason: 'RollingOut',
    message: '1 of 2 pods are of the present revision, 2 of 2 pods ready.',
    alsoTrue: moving,
  },
  'the change has not been seen by the Deployment controller': {
    given: { children: [deployment({ observedGeneration: 3, replicas: 2, updatedReplicas: 2, readyReplicas: 2 })] },
    ready: false,
    reason: 'PodsNotReady',
    message: '2 of 2 pods ready.',
    alsoTrue: moving,
  },
  'an image cannot be pulled': {
    given: { children: [starting], pods: [waiting('ImagePullBackOff', 'not found'), pod('b', { ready: true })] },
    ready: false,
    reason: 'ImagePullFailed',
    message:
      '1 of 2 pods: ImagePullBackOff: registry.example.com/shop:1.4.2: not found; see spec.image: correct it, or add the pull secret to spec.imagePullSecrets.',
    alsoTrue: stalled,
  },
  'the runtime image cannot be pulled': {
    given: {
      children: [starting],
      pods: [
        pod('a', {
          containers: [
            container({
              name: 'install-runtime',
              image: 'runtime:9',
              waiting: { reason: 'ErrImagePull', message: 'no' },
            }),
          ],
        }),
      ],
    },
    ready: false,
    reason: 'ImagePullFailed',
    message:
      "1 of 1 pod: ErrImagePull: runtime:9: no; see the operator's --runtime-image: correct it, or make the image reachable from the nodes.",
    alsoTrue: stalled,
  },
  'a Secret is missing': {
    given: { children: [starting], pods: [waiting('CreateContainerConfigError', 'secret "db" not found')] },
    ready: false,
    reason: 'ContainerConfigInvalid',
    message:
      '1 of 1 pod: container app cannot be made: secret "db" not found; see spec.env, spec.envFrom and spec.security.',
    alsoTrue: stalled,
  },
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
    given: { children: [starting], pods: [ended(137, 'Error', '')] },
    ready: false,
    reason: 'PodsCrashing',
    message: '1 of 1 pod: container app ended with exit code 137 (Error); its log shows why.',
    alsoTrue: struggling,
  },
  'the memory limit was reached': {
    given: { children: [starting], pods: [ended(137, 'OOMKilled', '')] },
    ready: false,
    reason: 'OutOfMemory',
    message:
      '1 of 1 pod: container app was killed at its memory limit; raise spec.resources.limits.memory, or lower spec.workers.count.',
    alsoTrue: struggling,
  },
  'a pod that is ready again is no trouble': {
    given: { children: [settled], pods: [{ ...ended(3, 'Error', 'x'), ready: true }] },
    ready: true,
    reason: 'Available',
    message: '2 of 2 pods ready, 2 workers each.',
    alsoTrue: [],
  },
  'no node takes a pod': {
    given: {
      children: [starting],
      pods: [pod('a', { unschedulable: '0/2 nodes are available: 2 Insufficient memory.' })],
    },
    ready: false,
    reason: 'Unschedulable',
    message:
      '1 of 1 pod: no node takes the pod: 0/2 nodes are available: 2 Insufficient memory; lower spec.resources.requests or add nodes.',
    alsoTrue: stalled,
  },
  'the quota refuses pods': {
    given: {
      children: [
        refused('pods "shop-x" is forbidden: exceeded quota: small, requested: pods=1, used: pods=0, limited: pods=0'),
      ],
    },
    ready: false,
    reason: 'QuotaExceeded',
    message:
      'The namespace\'s quota refuses pods: pods "shop-x" is forbidden: exceeded quota: small, requested: pods=1, used: pods=0, limited: pods=0; raise the ResourceQuota, or lower spec.replicas or spec.resources.',
    alsoTrue: stalled,
  },
  'the Pod Security level refuses pods': {
    given: {
      children: [refused('pods "shop-x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true')],
    },
    ready: false,
    reason: 'PodSecurityViolated',
    message:
      'The namespace\'s Pod Security level refuses pods: pods "shop-x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true; change what it names in the spec, or the level of the namespace.',
    alsoTrue: stalled,
  },
  'a policy refuses pods': {
    given: { children: [refused('denied by policy')] },
    ready: false,
    reason: 'PodsRefused',
    message: 'Pods are refused: denied by policy.',
    alsoTrue: stalled,
  },
  'the rollout is stuck': {
    given: {
      children: [
        deployment({
          updatedReplicas: 2,
          replicas: 2,
          conditions: [
            { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: 'timed out' },
          ],
        }),
      ],
    },
    ready: false,
    reason: 'RolloutStuck',
    message: "The rollout made no progress within its deadline: timed out; the pods' events and logs show why.",
    alsoTrue: stalled,
  },
};

describe('conditions when', () => {
  for (const [name, { given, ready, reason, message, alsoTrue }] of Object.entries(cases)) {
    test(name, () => {
      const { conditions = [] } = statusOf(facts(given));
      const found = conditions.find(({ type }) => type === 'Ready');
      assert.deepEqual([found?.status, found?.reason, found?.message], [ready ? 'True' : 'False', reason, message]);
      const others = conditions
        .filter(({ type, status }) => type !== 'Ready' && status === 'True')
        .map(({ type }) => type);
      assert.deepEqual(others, alsoTrue);
      for (const one of conditions) assert.equal(one.observedGeneration, 3);
    });
  }

  test('a ready pod lacks workers, it is degraded and ready', () => {
    const view: WorkerView = {
      desired: 2,
      ready: 1,
      restarts: { BOOT_TIMEOUT: 4 },
      lastFailure: 'BOOT_TIMEOUT',
      short: true,
      lacking: true,
    };
    const given = facts({ children: [settled], pods: [pod('a', { ready: true }), pod('b', { ready: true })] });
    const { conditions = [] } = statusOf({ ...given, workers: new Map([['b', view]]) });
    assert.deepEqual(
      conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`),
      ['Ready True Available', 'Progressing False Available', 'Degraded True WorkersFailing'],
    );
    assert.equal(
      conditions[2]?.message,
      '1 of 2 pods: 1 of 2 workers ready in b, the last failure is BOOT_TIMEOUT; its log shows why.',
    );
    const moment = statusOf({ ...given, workers: new Map([['b', { ...view, lacking: false }]]) });
    assert.equal(moment.conditions?.[2]?.status, 'False', 'a worker that is being replaced');
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

  test('the stored resource cannot be read, and telling so again changes nothing', () => {
    const object: KubeObject = { apiVersion: 'v1', kind: 'AppServer', metadata: { name: 'shop', generation: 7 } };
    const first = unreadableStatus(object, 'spec.app: required', new Date('2026-01-01'));
    assert.match(
      first.conditions?.[0]?.message ?? '',
      /does not match this operator's schema: spec\.app: required; correct these fields/,
    );
    assert.deepEqual(
      unreadableStatus({ ...object, status: first }, 'spec.app: required', new Date('2027-01-01')),
      first,
    );
  });

  test('the Service has a port of its own, the url names it', () => {
    assert.equal(statusOf(facts({ app: appServer({ service: { port: 8080 } }) })).url, 'http://shop.web.svc:8080');
    assert.equal(statusOf(facts()).url, 'http://shop.web.svc');
  });
});

describe('workers of the status', () => {
  const view = (changes: object = {}): WorkerView => ({
    desired: 2,
    ready: 2,
    restarts: {},
    lastFailure: undefined,
    short: false,
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

describe('an AppServer that waits for a place to replace its pods', () => {
  const waitingFor = restartWaiting(['a/1', 'b/2']);

  test('has a condition that names who has the places, and is ready all the same', () => {
    const { conditions = [] } = statusOf(facts({ children: [settled] }), undefined, [waitingFor]);
    assert.deepEqual(
      conditions.flatMap(({ type, status, reason }) => (status === 'True' ? [`${type} ${reason}`] : [])),
      ['Ready Available', 'RestartWaiting RestartPlacesTaken'],
    );
    assert.match(conditions.at(-1)?.message ?? '', /: a\/1, b\/2 replace theirs now\./);
  });

  test('is told five of them at most', () => {
    const all = Array.from({ length: 1_000 }, (_, i) => `${'n'.repeat(63)}/${String(i).padStart(253, '0')}`);
    const { message } = restartWaiting(all);
    assert.match(message, / and 995 more /);
    assert.ok(message.length < 3_000, `${message.length} characters`);
  });
});

test('no refusal is too long for the status that tells of it', () => {
  const endless = { reason: 'ChildInvalid', message: 'x'.repeat(1_000_000), stalled: true } as const;
  statusSchema.parse(statusOf(facts(), endless, [{ type: 'Contended', ...endless }]));
  statusSchema.parse(unreadableStatus(settled, endless.message, new Date()));
});
