import { describe } from 'node:test';
import type { KubeObject } from '../../../src/kube/index.ts';
import { deployment as deploymentOfApp } from '../../../src/operator/children/deployment.ts';
import { appServer, facts, podsIn } from '../../builders.ts';
import { deployment, refused, withSidecar, stalled, struggling, testCases, type Case } from './situations.ts';

const withoutReplicaSet = (why: string): KubeObject => {
  const message = `Failed to create new replica set "shop-6f": ${why}`;
  return deployment({
    observedGeneration: 3,
    conditions: [{ type: 'Progressing', status: 'False', reason: 'ReplicaSetCreateError', message }],
  });
};
const ofShop = (spec: object): KubeObject => {
  const app = appServer(spec);
  return deploymentOfApp({ app, pods: podsIn(facts({ app })), contents: undefined });
};

const cases: Record<string, Case> = {
  'the quota refuses pods': {
    given: {
      children: [
        refused('pods "shop-x" is forbidden: exceeded quota: small, requested: pods=1, used: pods=0, limited: pods=0'),
      ],
    },
    ready: false,
    reason: 'QuotaExceeded',
    message:
      "Pods are rejected by the namespace's quota: exceeded quota: small, requested: pods=1, used: pods=0, limited: pods=0; raise ResourceQuota small, or lower spec.replicas or spec.resources.",
    alsoTrue: stalled,
  },
  'the quota demands limits': {
    given: {
      app: appServer(withSidecar),
      children: [
        refused(
          'pods "shop-x" is forbidden: failed quota: limits: must specify limits.cpu for: app,log; limits.memory for: app',
        ),
      ],
    },
    ready: false,
    reason: 'ResourcesRequired',
    message:
      'ResourceQuota limits rejects pods that do not specify limits.cpu for: app,log; limits.memory for: app; set spec.resources.limits.cpu; set spec.podTemplate.spec.containers[log].resources.limits.cpu; set spec.resources.limits.memory.',
    alsoTrue: stalled,
  },
  'a LimitRange refuses pods': {
    given: {
      children: [refused('pods "shop-x" is forbidden: minimum cpu usage per Container is 50m, but request is 10m')],
    },
    ready: false,
    reason: 'LimitRangeViolated',
    message:
      'Pods are rejected by a LimitRange of the namespace: minimum cpu usage per Container is 50m, but request is 10m; set spec.resources (and those of other containers) within it, or change the LimitRange.',
    alsoTrue: stalled,
  },
  'the Pod Security level refuses pods': {
    given: {
      children: [refused('pods "shop-x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true')],
    },
    ready: false,
    reason: 'PodSecurityViolated',
    message:
      'Pods are rejected by the namespace\'s Pod Security level: violates PodSecurity "restricted:latest": runAsNonRoot != true; correct what it names in spec.podTemplate, or change the level of the namespace.',
    alsoTrue: stalled,
  },
  'an admission webhook refuses pods': {
    given: { children: [refused('admission webhook "images.example.com" denied the request: unsigned image')] },
    ready: false,
    reason: 'PolicyDenied',
    message:
      "Pods are rejected by admission webhook images.example.com: unsigned image; change the AppServer so that the policy allows it, or ask the cluster's administrators for an exception.",
    alsoTrue: stalled,
  },
  'a ValidatingAdmissionPolicy refuses pods': {
    given: {
      children: [
        refused(
          "pods \"shop-x\" is forbidden: ValidatingAdmissionPolicy 'team' with binding 'all' denied request: label team is missing",
        ),
      ],
    },
    ready: false,
    reason: 'PolicyDenied',
    message:
      "Pods are rejected by ValidatingAdmissionPolicy team: label team is missing; change the AppServer so that the policy allows it, or ask the cluster's administrators for an exception.",
    alsoTrue: stalled,
  },
  'an admission webhook for pods does not answer': {
    given: {
      children: [refused('Internal error occurred: failed calling webhook "a.b": connection refused')],
    },
    ready: false,
    reason: 'WebhookUnavailable',
    message:
      'Pods cannot be created, as admission webhook a.b does not answer: Internal error occurred: failed calling webhook "a.b": connection refused; it is retried until the webhook works again.',
    alsoTrue: struggling,
  },
  'the service account does not exist': {
    given: {
      app: appServer({ serviceAccountName: 'robot' }),
      children: [
        refused(
          'pods "shop-x" is forbidden: error looking up service account web/robot: serviceaccount "robot" not found',
        ),
      ],
    },
    ready: false,
    reason: 'ServiceAccountNotFound',
    message: 'ServiceAccount robot does not exist; create it, or correct spec.serviceAccountName.',
    alsoTrue: stalled,
  },
  'the priority class does not exist': {
    given: { children: [refused('pods "shop-x" is forbidden: no PriorityClass with name high was found')] },
    ready: false,
    reason: 'ClassNotFound',
    message: 'PriorityClass high does not exist; create it, or correct spec.podTemplate.spec.priorityClassName.',
    alsoTrue: stalled,
  },
  'the runtime class does not exist': {
    given: { children: [refused('pods "shop-x" is forbidden: pod rejected: RuntimeClass "gvisor" not found')] },
    ready: false,
    reason: 'ClassNotFound',
    message: 'RuntimeClass gvisor does not exist; create it, or correct spec.podTemplate.spec.runtimeClassName.',
    alsoTrue: stalled,
  },
  "the AppServer's own service account was deleted": {
    given: {
      children: [
        refused(
          'pods "shop-x" is forbidden: error looking up service account web/shop.appserver: serviceaccount "shop.appserver" not found',
        ),
      ],
    },
    ready: false,
    reason: 'ServiceAccountNotFound',
    message:
      'ServiceAccount shop.appserver was not there when pods were created; the operator creates it again, and pods are created then.',
    alsoTrue: struggling,
  },
  'no quota covers the priority class': {
    given: {
      children: [
        refused(
          'pods "shop-x" is forbidden: insufficient quota to match these scopes: [{PriorityClass In [system-node-critical system-cluster-critical]}]',
        ),
      ],
    },
    ready: false,
    reason: 'QuotaExceeded',
    message:
      'Pods are rejected, as no ResourceQuota of the namespace covers them: insufficient quota to match these scopes: [{PriorityClass In [system-node-critical system-cluster-critical]}]; create one that does, or change what it is about, such as spec.podTemplate.spec.priorityClassName.',
    alsoTrue: stalled,
  },
  'a quota is new': {
    given: { children: [refused('pods "shop-x" is forbidden: status unknown for quota: small, resources: pods')] },
    ready: false,
    reason: 'PodCreationFailed',
    message: 'Pods cannot be created: status unknown for quota: small, resources: pods; it is retried.',
    alsoTrue: struggling,
  },
  'a LimitRange gives a lower limit than the request': {
    given: {
      children: [
        refused(
          'Pod "shop-5d8f7c9d4-x2v8k" is invalid: spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 500m',
        ),
      ],
    },
    ready: false,
    reason: 'LimitRangeViolated',
    message:
      'Pods are rejected, as a LimitRange of the namespace gives a container a lower limit than it requests: spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 500m; set the limit of cpu beside the request, in spec.resources or where the container is from, or change the LimitRange.',
    alsoTrue: stalled,
  },
  'the Pod Security level names containers and volumes': {
    given: {
      app: appServer({
        ...withSidecar,
        initContainers: [{ name: 'wait', image: 'x' }],
        volumes: [{ name: 'data', hostPath: { path: '/data' } }],
      }),
      children: [
        refused(
          'pods "shop-x" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (containers "wait", "log" must set securityContext.allowPrivilegeEscalation=false), restricted volume types (volume "data" uses restricted volume type "hostPath"), runAsNonRoot != true (container "istio-init" must set securityContext.runAsNonRoot=true)',
        ),
      ],
    },
    ready: false,
    reason: 'PodSecurityViolated',
    message:
      'Pods are rejected by the namespace\'s Pod Security level: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (containers "wait", "log" must set securityContext.allowPrivilegeEscalation=false), restricted volume types (volume "data" uses restricted volume type "hostPath"), runAsNonRoot != true (container "istio-init" must set securityContext.runAsNonRoot=true); correct what it names in spec.initContainers[wait], spec.podTemplate.spec.containers[log], spec.volumes[data], container istio-init, which is not the AppServer\'s: an admission webhook has added it, or change the level of the namespace.',
    alsoTrue: stalled,
  },
  'another admission plugin refuses pods, by their own fields': {
    given: {
      app: appServer({ env: [{ name: 'A', value: '1' }] }),
      children: [
        {
          ...refused(
            'pods "shop-5d8f7c9d4-" is forbidden: unable to validate against any security context constraint: [provider restricted-v2: .spec.securityContext.runAsUser: Invalid value: 1000: must be in the ranges: [1000680000, 1000689999], spec.containers[0].env[0].name: Invalid value: "A"]',
          ),
          spec: ofShop({ env: [{ name: 'A', value: '1' }] })['spec'],
        },
      ],
    },
    ready: false,
    reason: 'PolicyDenied',
    message:
      'Pods cannot be created: unable to validate against any security context constraint: [provider restricted-v2: spec.security.runAsUser: Invalid value: 1000: must be in the ranges: [1000680000, 1000689999], spec.env[A].name: Invalid value: "A"]; change the AppServer so that it is allowed, or ask the cluster\'s administrators.',
    alsoTrue: stalled,
  },
  'pods cannot be deleted': {
    given: {
      children: [
        deployment({
          conditions: [
            {
              type: 'ReplicaFailure',
              status: 'True',
              reason: 'FailedDelete',
              message: 'admission webhook "keep.example.com" denied the request: no',
            },
          ],
        }),
      ],
    },
    ready: false,
    reason: 'ApplyFailed',
    message: 'Pods cannot be deleted: admission webhook "keep.example.com" denied the request: no; it is retried.',
    alsoTrue: struggling,
  },
  'the quota refuses a ReplicaSet': {
    given: {
      children: [
        withoutReplicaSet(
          'replicasets.apps "shop-6f" is forbidden: exceeded quota: small, requested: count/replicasets.apps=1, used: count/replicasets.apps=9, limited: count/replicasets.apps=9',
        ),
      ],
    },
    ready: false,
    reason: 'QuotaExceeded',
    message:
      "The ReplicaSet of Deployment shop is rejected by the namespace's quota: exceeded quota: small, requested: count/replicasets.apps=1, used: count/replicasets.apps=9, limited: count/replicasets.apps=9; raise ResourceQuota small.",
    alsoTrue: stalled,
  },
  'pods cannot be created for an unknown reason': {
    given: { children: [refused('the moon is full')] },
    ready: false,
    reason: 'PodCreationFailed',
    message: 'Pods cannot be created: the moon is full.',
    alsoTrue: stalled,
  },
};

describe('conditions when pods are rejected', () => testCases(cases));
