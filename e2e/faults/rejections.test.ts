// What the API server has against children and pods, in its own words: each rejection has a reason and a
// message, and following the message removes it.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { resourceType } from '../../src/kube/index.ts';
import { podType } from '../../src/operator/model/kinds.ts';
import { eventually } from '../harness/api.ts';
import { OperatorProcess } from '../harness/operator-process.ts';
import { denyingWebhook } from '../harness/webhook.ts';
import {
  nothing,
  untilReason,
  tryPod,
  quota,
  raiseQuota,
  clusterWide,
  policy,
  internal,
  internalPod,
  probe,
  untilGuarded,
  isForeign,
  allowedImage,
  states,
} from './obstacles.ts';
import { World } from './world.ts';

const limitRangeType = resourceType('v1', 'LimitRange');
const accountType = resourceType('v1', 'ServiceAccount');
const priorityType = resourceType('scheduling.k8s.io/v1', 'PriorityClass', 'priorityclasses');
const runtimeClassType = resourceType('node.k8s.io/v1', 'RuntimeClass', 'runtimeclasses');

interface Rejection {
  /** Set up before the AppServer is there. */
  readonly obstacle?: (world: World) => Promise<AsyncDisposable>;
  readonly spec?: object;
  readonly reason: string;
  readonly says: RegExp;
  /** Default: Stalled, Degraded */
  readonly state?: readonly string[];
  /** Does what the sentence says. */
  readonly remedy: (world: World) => Promise<void>;
}

const inContainer = (fields: object): object => ({
  podTemplate: { spec: { containers: [{ name: 'app', ...fields }] } },
});
const withoutTemplate = (world: World): Promise<void> => world.change('shop', { podTemplate: null });
const useAllowedImage = (world: World): Promise<void> => world.change('shop', allowedImage);

const ofChildren: Record<string, Rejection> = {
  'a ValidatingAdmissionPolicy rejects the Deployment, with 422': {
    obstacle: async (world) => {
      const held = await policy(world, { group: 'apps', resource: 'deployments', expression: internal });
      await untilGuarded(world);
      return held;
    },
    reason: 'PolicyDenied',
    says: /^Deployment shop is rejected by ValidatingAdmissionPolicy \S+: images come from registry\.internal; change the AppServer/,
    remedy: useAllowedImage,
  },
  'a ValidatingAdmissionPolicy rejects the Deployment, with 403': {
    obstacle: async (world) => {
      const guarded = { group: 'apps', resource: 'deployments', expression: internal, reason: 'Forbidden' };
      const held = await policy(world, guarded);
      await untilGuarded(world);
      return held;
    },
    reason: 'PolicyDenied',
    says: /^Deployment shop is rejected by ValidatingAdmissionPolicy \S+: images come from registry\.internal; change the AppServer/,
    remedy: useAllowedImage,
  },
  'a webhook rejects the Deployment, with 403': {
    obstacle: (world) =>
      denyingWebhook('denies-403', world.namespace, { code: 403, message: 'unsigned image' }, isForeign),
    reason: 'PolicyDenied',
    says: /^Deployment shop is rejected by admission webhook denies-403\.example\.com: unsigned image; change the AppServer/,
    remedy: useAllowedImage,
  },
  'a webhook rejects the Deployment, with 400': {
    obstacle: (world) =>
      denyingWebhook('denies-400', world.namespace, { code: 400, message: 'unsigned image' }, isForeign),
    reason: 'PolicyDenied',
    says: /^Deployment shop is rejected by admission webhook denies-400\.example\.com: unsigned image; change the AppServer/,
    remedy: useAllowedImage,
  },
  'a webhook rejects the Deployment without a word': {
    obstacle: (world) => denyingWebhook('denies-silently', world.namespace, { code: 403, message: '' }, isForeign),
    reason: 'PolicyDenied',
    says: /^Deployment shop is rejected by admission webhook denies-silently\.example\.com: .*; change the AppServer/,
    remedy: useAllowedImage,
  },
  'a webhook does not work': {
    obstacle: (world) => denyingWebhook('breaks', world.namespace, { code: 500, message: 'broken' }, isForeign),
    reason: 'WebhookUnavailable',
    says: /^Deployment shop cannot be written, as admission webhook breaks\.example\.com does not answer: .*; it is retried/,
    state: ['Progressing', 'Degraded', 'Reconciling'],
    remedy: useAllowedImage,
  },
  'a quota of Deployments is used up': {
    obstacle: async (world) => {
      await quota(world, { 'count/deployments.apps': '0' });
      await untilGuarded(world);
      return nothing;
    },
    reason: 'QuotaExceeded',
    says: /^Deployment shop is rejected by the namespace's quota: exceeded quota: small, .*; raise ResourceQuota small\.$/,
    remedy: (world) => raiseQuota(world, { 'count/deployments.apps': '9' }),
  },
  'a variable is named twice': {
    spec: inContainer({
      env: [
        { name: 'A', value: '1' },
        { name: 'A', value: '2' },
      ],
    }),
    reason: 'ApplyRejected',
    says: /^Deployment shop is rejected: .*spec\.podTemplate\.spec\.containers\[app\]\.env: duplicate entries for key .*; correct that field\.$/,
    remedy: withoutTemplate,
  },
  'a field of the pod is misspelt': {
    spec: { podTemplate: { spec: { resourcez: {} } } },
    reason: 'ApplyRejected',
    says: /^Deployment shop is rejected: .*spec\.podTemplate\.spec\.resourcez.*; correct that field\.$/,
    remedy: withoutTemplate,
  },
  'a field of a container is misspelt': {
    spec: inContainer({ imagePullPolicyy: 'Always' }),
    reason: 'ApplyRejected',
    says: /^Deployment shop is rejected: .*spec\.podTemplate\.spec\.containers\[app\]\.imagePullPolicyy.*; correct that field\.$/,
    remedy: withoutTemplate,
  },
  'a variable has a name that no variable can have': {
    spec: {
      env: [
        { name: 'OK', value: 'x' },
        { name: 'A B=', value: 'x' },
      ],
    },
    reason: 'ApplyRejected',
    says: /^Deployment shop is rejected: spec\.env\[A B=\]\.name: Invalid value: .*; correct that field\.$/,
    remedy: (world) => world.change('shop', { env: [{ name: 'A_B', value: 'x' }] }),
  },
  'a mount has no volume': {
    spec: { volumeMounts: [{ name: 'data', mountPath: '/data' }] },
    reason: 'ApplyRejected',
    says: /^Deployment shop is rejected: spec\.volumeMounts\[data\]\.name: Not found: "data"; correct that field\.$/,
    remedy: (world) => world.change('shop', { volumes: [{ name: 'data', emptyDir: {} }] }),
  },
  'a sidecar has no image': {
    spec: { podTemplate: { spec: { containers: [{ name: 'log' }] } } },
    reason: 'ApplyRejected',
    says: /^Deployment shop is rejected: spec\.podTemplate\.spec\.containers\[log\]\.image: Required value; correct that field\.$/,
    remedy: withoutTemplate,
  },
  'a limit is below its request': {
    spec: { resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } },
    reason: 'ApplyRejected',
    says: /^Deployment shop is rejected: spec\.resources\.requests: Invalid value: .*; correct that field\.$/,
    remedy: (world) => world.change('shop', { resources: { requests: { cpu: '1' } } }),
  },
};

const ofPods: Record<string, Rejection> = {
  'a quota of pods is used up': {
    obstacle: async (world) => {
      await quota(world, { pods: '0' });
      await untilGuarded(world, podType, probe.spec.template);
      return nothing;
    },
    reason: 'QuotaExceeded',
    says: /^Pods are rejected by the namespace's quota: exceeded quota: small, .*; raise ResourceQuota small, or lower/,
    remedy: (world) => raiseQuota(world, { pods: '9' }),
  },
  'a quota of memory is too small': {
    obstacle: async (world) => {
      await quota(world, { 'requests.memory': '64Mi' });
      return nothing;
    },
    spec: { resources: { requests: { memory: '1Gi' } } },
    reason: 'QuotaExceeded',
    says: /^Pods are rejected by the namespace's quota: exceeded quota: small, requested: requests\.memory=.*; raise ResourceQuota small, or lower spec\.replicas or spec\.resources\.$/,
    remedy: (world) => world.change('shop', { resources: { requests: { memory: '32Mi' } } }),
  },
  'a quota demands limits that the application does not have': {
    obstacle: async (world) => {
      await quota(world, { 'limits.memory': '9Gi' });
      return nothing;
    },
    reason: 'ResourcesRequired',
    says: /^ResourceQuota small rejects pods that do not specify limits\.memory for: app,install-runtime; set spec\.resources\.limits\.memory\.$/,
    remedy: (world) => world.change('shop', { resources: { limits: { memory: '256Mi' } } }),
  },
  'a quota demands limits that a sidecar does not have': {
    obstacle: async (world) => {
      await quota(world, { 'limits.memory': '9Gi' });
      return nothing;
    },
    spec: {
      resources: { limits: { memory: '256Mi' } },
      podTemplate: { spec: { containers: [{ name: 'log', image: 'x' }] } },
    },
    reason: 'ResourcesRequired',
    says: /; set spec\.podTemplate\.spec\.containers\[log\]\.resources\.limits\.memory\.$/,
    remedy: (world) =>
      world.change('shop', {
        podTemplate: {
          spec: { containers: [{ name: 'log', image: 'x', resources: { limits: { memory: '64Mi' } } }] },
        },
      }),
  },
  'a LimitRange allows less than the application has': {
    obstacle: async (world) => {
      const limits = [{ type: 'Container', max: { memory: '512Mi' } }];
      await world.put(limitRangeType, 'small', { spec: { limits } });
      return nothing;
    },
    spec: { resources: { limits: { memory: '2Gi' } } },
    reason: 'LimitRangeViolated',
    says: /^Pods are rejected by a LimitRange of the namespace: maximum memory usage per Container is 512Mi, but limit is 2Gi; set spec\.resources/,
    remedy: (world) => world.change('shop', { resources: { limits: { memory: '256Mi' } } }),
  },
  'a ValidatingAdmissionPolicy rejects them': {
    obstacle: async (world) => {
      const held = await policy(world, { group: '', resource: 'pods', expression: internalPod });
      await untilGuarded(world, podType, probe.spec.template);
      return held;
    },
    reason: 'PolicyDenied',
    says: /^Pods are rejected by ValidatingAdmissionPolicy \S+: images come from registry\.internal; change the AppServer/,
    remedy: useAllowedImage,
  },
  'their service account does not exist': {
    spec: { serviceAccountName: 'robot' },
    reason: 'ServiceAccountNotFound',
    says: /^ServiceAccount robot does not exist; create it, or correct spec\.serviceAccountName\.$/,
    remedy: (world) => world.put(accountType, 'robot', {}),
  },
  'their priority class does not exist': {
    spec: { podTemplate: { spec: { priorityClassName: 'rejections-high' } } },
    reason: 'ClassNotFound',
    says: /^PriorityClass rejections-high does not exist; create it, or correct spec\.podTemplate\.spec\.priorityClassName\.$/,
    remedy: () => clusterWide(priorityType, 'rejections-high', { value: 10 }),
  },
  'their runtime class does not exist': {
    spec: { podTemplate: { spec: { runtimeClassName: 'rejections-gvisor' } } },
    reason: 'ClassNotFound',
    says: /^RuntimeClass rejections-gvisor does not exist; create it, or correct spec\.podTemplate\.spec\.runtimeClassName\.$/,
    remedy: () => clusterWide(runtimeClassType, 'rejections-gvisor', { handler: 'runsc' }),
  },
};

let worlds = 0;
const newWorld = (): Promise<World> => World.create(`rejections-${++worlds}`);

describe('what the API server rejects', () => {
  let operator: OperatorProcess;
  before(async () => {
    operator = new OperatorProcess({ adminPort: 8090, flags: ['--no-leader-elect'] });
    await operator.says('leading');
  });
  after(() => operator.end('SIGTERM'));

  describe('is reported until its remedy is followed:', { concurrency: 4 }, () => {
    for (const [name, { obstacle, spec, reason, says, state, remedy }] of Object.entries(ofChildren)) {
      test(name, async () => {
        await using world = await newWorld();
        await using _ = (await obstacle?.(world)) ?? nothing;
        await world.add('shop', spec);
        const { message } = await untilReason(world, reason);
        assert.match(message, says);
        assert.deepEqual(await states(world), state ?? ['Degraded', 'Stalled']);
        await remedy(world);
        await untilReason(world, 'RollingOut');
        await world.becomesRight(30_000);
      });
    }
  });

  describe('of pods is reported until its remedy is followed:', { concurrency: 4 }, () => {
    for (const [name, { obstacle, spec, reason, says, remedy }] of Object.entries(ofPods)) {
      test(name, async () => {
        await using world = await newWorld();
        await using _ = (await obstacle?.(world)) ?? nothing;
        await world.add('shop', spec);
        await eventually('the rejection of a pod', () => tryPod(world));
        const { message } = await untilReason(world, reason);
        assert.match(message, says);
        assert.deepEqual(await states(world), ['Degraded', 'Stalled']);
        await remedy(world);
        await eventually('a pod', async () => ((await tryPod(world)) === undefined ? true : undefined));
        await untilReason(world, 'RollingOut');
      });
    }
  });
});
