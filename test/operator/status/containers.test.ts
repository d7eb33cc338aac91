import { describe } from 'node:test';
import { appServer, pod } from '../../builders.ts';
import {
  starting,
  surging,
  waitingIn,
  waiting,
  ended,
  withSidecar,
  moving,
  stalled,
  struggling,
  testCases,
  type Case,
  oldPods,
} from './situations.ts';

const cases: Record<string, Case> = {
  'an image cannot be pulled': {
    given: { children: [starting], pods: [waiting('ImagePullBackOff', 'not found'), pod('b', { ready: true })] },
    ready: false,
    reason: 'ImagePullFailed',
    message:
      '1 of 2 pods: image registry.example.com/shop:1.4.2 of container app cannot be pulled: not found; correct spec.image, or push the image.',
    alsoTrue: stalled,
  },
  'an image of a new revision cannot be pulled, and the old pods serve': {
    given: {
      children: [surging],
      pods: [{ ...waiting('ErrImagePull', 'not found'), revision: 'new', createdAt: 2 }, ...oldPods],
    },
    ready: false,
    reason: 'ImagePullFailed',
    message:
      '1 of 3 pods: image registry.example.com/shop:1.4.2 of container app cannot be pulled: not found; correct spec.image, or push the image. 2 pods of the previous revision still serve.',
    alsoTrue: stalled,
  },
  'an image cannot be pulled, and the pull secret does not exist': {
    given: {
      children: [starting],
      pods: [waiting('ErrImagePull', 'unauthorized')],
      missing: { references: [], pullSecrets: ['regcred'] },
    },
    ready: false,
    reason: 'ImagePullFailed',
    message:
      '1 of 1 pod: image registry.example.com/shop:1.4.2 of container app cannot be pulled: unauthorized; Secret regcred, which spec.imagePullSecrets names, does not exist: create it; correct spec.image, or add the pull secret to spec.imagePullSecrets.',
    alsoTrue: stalled,
  },
  'the runtime image cannot be pulled': {
    given: { children: [starting], pods: [waitingIn('install-runtime', 'ErrImagePull', 'no', 'runtime:9')] },
    ready: false,
    reason: 'ImagePullFailed',
    message:
      "1 of 1 pod: image runtime:9 of container install-runtime cannot be pulled: no; correct the operator's --runtime-image, or add the pull secret to spec.imagePullSecrets.",
    alsoTrue: stalled,
  },
  "the proxy's image cannot be pulled": {
    given: {
      app: appServer({ proxy: { image: 'nginx:none' } }),
      children: [starting],
      pods: [waitingIn('proxy', 'ErrImagePull', 'no', 'nginx:none')],
    },
    ready: false,
    reason: 'ImagePullFailed',
    message:
      '1 of 1 pod: image nginx:none of container proxy cannot be pulled: no; correct spec.proxy.image, or add the pull secret to spec.imagePullSecrets.',
    alsoTrue: stalled,
  },
  "a sidecar's image cannot be pulled": {
    given: {
      app: appServer(withSidecar),
      children: [starting],
      pods: [waitingIn('log', 'ErrImagePull', 'no', 'shipper:3')],
    },
    ready: false,
    reason: 'ImagePullFailed',
    message:
      '1 of 1 pod: image shipper:3 of container log cannot be pulled: no; correct spec.podTemplate.spec.containers[log].image, or add the pull secret to spec.imagePullSecrets.',
    alsoTrue: stalled,
  },
  'an image of a container that a webhook has added cannot be pulled': {
    given: { children: [starting], pods: [waitingIn('istio-proxy', 'ErrImagePull', 'no', 'istio:1')] },
    ready: false,
    reason: 'ImagePullFailed',
    message:
      "1 of 1 pod: image istio:1 of container istio-proxy cannot be pulled: no; see container istio-proxy, which is not the AppServer's: an admission webhook has added it; correct that webhook's settings, or add the pull secret to spec.imagePullSecrets.",
    alsoTrue: stalled,
  },
  'a Secret of a variable is missing': {
    given: {
      app: appServer({ env: [{ name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } }] }),
      children: [starting],
      pods: [waiting('CreateContainerConfigError', 'secret "db" not found')],
    },
    ready: false,
    reason: 'SecretNotFound',
    message:
      '1 of 1 pod: Secret db, which spec.env[PASSWORD].valueFrom needs, does not exist; create it in namespace web, or correct spec.env[PASSWORD].valueFrom.',
    alsoTrue: stalled,
  },
  'a Secret of a volume is missing': {
    given: {
      app: appServer({ volumes: [{ name: 'tls', secret: { secretName: 'cert' } }] }),
      children: [starting],
      pods: [waiting('ContainerCreating', '')],
      missing: { references: [{ kind: 'Secret', name: 'cert', optional: false }], pullSecrets: [] },
    },
    ready: false,
    reason: 'SecretNotFound',
    message:
      'Secret cert, which spec.volumes[tls] needs, does not exist; create it in namespace web, or correct spec.volumes[tls].',
    alsoTrue: stalled,
  },
  'a Secret of an init container is missing': {
    given: {
      app: appServer({ initContainers: [{ name: 'wait', image: 'x', envFrom: [{ secretRef: { name: 'db' } }] }] }),
      children: [starting],
      pods: [waiting('CreateContainerConfigError', 'secret "db" not found')],
    },
    ready: false,
    reason: 'SecretNotFound',
    message:
      '1 of 1 pod: Secret db, which spec.initContainers[wait].envFrom[0] needs, does not exist; create it in namespace web, or correct spec.initContainers[wait].envFrom[0].',
    alsoTrue: stalled,
  },
  "a ConfigMap of a sidecar's is missing": {
    given: {
      app: appServer({
        podTemplate: {
          spec: { containers: [{ name: 'log', image: 'x', envFrom: [{ configMapRef: { name: 'settings' } }] }] },
        },
      }),
      children: [starting],
      pods: [waitingIn('log', 'CreateContainerConfigError', 'configmap "settings" not found')],
    },
    ready: false,
    reason: 'ConfigMapNotFound',
    message:
      '1 of 1 pod: ConfigMap settings, which spec.podTemplate.spec.containers[log].envFrom[0] needs, does not exist; create it in namespace web, or correct spec.podTemplate.spec.containers[log].envFrom[0].',
    alsoTrue: stalled,
  },
  'a key of a Secret is missing': {
    given: {
      app: appServer({
        env: [
          { name: 'USER', valueFrom: { secretKeyRef: { name: 'db', key: 'user' } } },
          { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'db', key: 'pasword' } } },
        ],
      }),
      children: [starting],
      pods: [waiting('CreateContainerConfigError', "couldn't find key pasword in Secret web/db")],
    },
    ready: false,
    reason: 'KeyNotFound',
    message: '1 of 1 pod: Secret db has no key pasword; add it, or correct spec.env[PASSWORD].valueFrom.',
    alsoTrue: stalled,
  },
  'a container cannot be created': {
    given: { children: [starting], pods: [waiting('CreateContainerError', 'no such user')] },
    ready: false,
    reason: 'ContainerConfigInvalid',
    message:
      '1 of 1 pod: container app cannot be created: no such user; see spec.env, spec.envFrom, spec.volumeMounts and spec.security.',
    alsoTrue: stalled,
  },
  'an image is never pulled, and not on the node': {
    given: {
      app: appServer({ imagePullPolicy: 'Never' }),
      children: [starting],
      pods: [waiting('ErrImageNeverPull', 'Container image "x" is not present with pull policy of Never')],
    },
    ready: false,
    reason: 'ImagePullFailed',
    message:
      '1 of 1 pod: image registry.example.com/shop:1.4.2 of container app is not on the node and is never pulled; load it there, or change spec.imagePullPolicy.',
    alsoTrue: stalled,
  },
  'an image that is a volume cannot be pulled': {
    given: {
      app: appServer({ volumes: [{ name: 'files', image: { reference: 'registry.example.com/files:1' } }] }),
      children: [starting],
      pods: [
        waiting(
          'ImagePullBackOff',
          'Back-off pulling image "registry.example.com/files:1": ErrImagePull: rpc error: not found',
        ),
      ],
    },
    ready: false,
    reason: 'ImagePullFailed',
    message:
      '1 of 1 pod: image registry.example.com/files:1 of volume files cannot be pulled: rpc error: not found; correct spec.volumes[files].image.reference, or push the image.',
    alsoTrue: stalled,
  },
  'an image has no valid signature': {
    given: { children: [starting], pods: [waiting('SignatureValidationFailed', 'no signature')] },
    ready: false,
    reason: 'ImagePullFailed',
    message:
      '1 of 1 pod: image registry.example.com/shop:1.4.2 of container app cannot be pulled: SignatureValidationFailed: no signature; sign the image, change the signature policy of the nodes, or correct spec.image.',
    alsoTrue: stalled,
  },
  'a container is mounted onto a file': {
    given: {
      children: [starting],
      pods: [
        ended(
          128,
          'StartError',
          'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error mounting "/x" to rootfs at "/etc/hosts": not a directory: unknown\n',
        ),
      ],
    },
    ready: false,
    reason: 'ContainerConfigInvalid',
    message:
      '1 of 1 pod: container app cannot be started: failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error mounting "/x" to rootfs at "/etc/hosts": not a directory: unknown; see spec.env, spec.envFrom, spec.volumeMounts and spec.security.',
    alsoTrue: stalled,
  },
  'a command of a sidecar does not exist': {
    given: {
      app: appServer(withSidecar),
      children: [starting],
      pods: [waitingIn('log', 'RunContainerError', 'exec: "/ship": stat /ship: no such file or directory: unknown')],
    },
    ready: false,
    reason: 'ContainerConfigInvalid',
    message:
      '1 of 1 pod: container log cannot be started: exec: "/ship": stat /ship: no such file or directory: unknown; see spec.podTemplate.spec.containers[log].',
    alsoTrue: stalled,
  },
  'the memory limit does not even let a container start': {
    given: {
      children: [starting],
      pods: [
        ended(
          128,
          'StartError',
          'failed to create containerd task: runc create failed: unable to start container process: container init was OOM-killed (memory limit too low?): unknown',
        ),
      ],
    },
    ready: false,
    reason: 'OOMKilled',
    message:
      '1 of 1 pod: container app was killed at its memory limit before its program ran; raise spec.resources.limits.memory, or lower spec.workers.count.',
    alsoTrue: struggling,
  },
  'kubelet has been restarted and knows no Service yet': {
    given: {
      children: [starting],
      pods: [
        waiting(
          'CreateContainerConfigError',
          'services have not yet been read at least once, cannot construct envvars',
        ),
      ],
    },
    ready: false,
    reason: 'ContainerConfigInvalid',
    message:
      '1 of 1 pod: container app cannot be created: services have not yet been read at least once, cannot construct envvars; it is retried.',
    alsoTrue: struggling,
  },
  "a sidecar's postStart hook fails": {
    given: {
      app: appServer(withSidecar),
      children: [starting],
      pods: [waitingIn('log', 'PostStartHookError', 'command \'/bin/false\' exited with 1: , message: ""')],
    },
    ready: false,
    reason: 'PodsCrashing',
    message:
      '1 of 1 pod: container log is ended again and again, as its postStart hook fails: command \'/bin/false\' exited with 1: , message: ""; correct spec.podTemplate.spec.containers[log].lifecycle.postStart.',
    alsoTrue: struggling,
  },
  'a missing Secret that no pod waits for is no problem': {
    given: {
      children: [starting],
      pods: [pod('a')],
      missing: { references: [{ kind: 'Secret', name: 'x', optional: false }], pullSecrets: [] },
    },
    ready: false,
    reason: 'PodsNotReady',
    message: '0 of 2 pods ready.',
    alsoTrue: moving,
  },
};

describe('conditions when a container', () => testCases(cases));
