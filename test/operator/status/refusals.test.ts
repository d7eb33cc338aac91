import { describe } from 'node:test';
import { appServer } from '../../builders.ts';
import { refused, withSidecar, stalled, struggling, testCases, type Case } from './situations.ts';

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
  'pods cannot be created for an unknown reason': {
    given: { children: [refused('the moon is full')] },
    ready: false,
    reason: 'PodCreationFailed',
    message: 'Pods cannot be created: the moon is full.',
    alsoTrue: stalled,
  },
};

describe('conditions when pods are rejected', () => testCases(cases));
