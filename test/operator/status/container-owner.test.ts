import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { names } from '../../../src/api/index.ts';
import { fieldOf, isFields } from '../../../src/operator/model/unstructured.ts';
import { containerOf, fieldsOfOwnContainers } from '../../../src/operator/status/container-owner.ts';
import { containerFields } from '../../../src/operator/status/containers.ts';
import { fieldsOfPod } from '../../../src/operator/status/user-path.ts';
import { appServer, facts, podsIn } from '../../builders.ts';

/** With a value of its own in every field that pods have from the spec. */
const { spec, ...rest } = appServer({
  imagePullPolicy: 'Always',
  imagePullSecrets: [{ name: 'reg' }],
  serviceAccountName: 'robot',
  automountServiceAccountToken: true,
  env: [{ name: 'A', value: '1' }],
  envFrom: [{ secretRef: { name: 's' } }],
  resources: { limits: { memory: '1Gi' } },
  volumes: [{ name: 'data', emptyDir: {} }],
  volumeMounts: [{ name: 'data', mountPath: '/data' }],
  initContainers: [{ name: 'wait', image: 'x' }],
  security: {
    runAsUser: 1_234,
    runAsGroup: 5_678,
    readOnlyRootFilesystem: true,
    seccompProfile: { type: 'Localhost', localhostProfile: 'x' },
  },
  proxy: {
    image: 'nginx:1',
    resources: { limits: { memory: '2Gi' } },
    static: [{ path: '/static/', from: '/srv/static' }],
  },
  podTemplate: {
    spec: {
      containers: [{ name: 'log', image: 'x' }],
      initContainers: [{ name: 'migrate', image: 'x' }],
    },
  },
});
const { template } = podsIn(facts({ app: { ...rest, spec } }));

/** @param path `containers[app].securityContext.seccompProfile` */
function valueAt(object: unknown, path: string): unknown {
  return (path.match(/[^.[\]]+/g) ?? []).reduce((here: unknown, word) => {
    if (Array.isArray(here)) return here.find((one) => isFields(one) && one['name'] === word);
    return isFields(here) ? fieldOf(here, word) : undefined;
  }, object);
}

describe('a field of the pods is the field of the AppServer that is named for it:', () => {
  for (const [path, field] of [...fieldsOfOwnContainers, ...fieldsOfPod]) {
    test(`${path} is ${field}`, () => {
      const [inPod, given] = [valueAt(template['spec'], path), valueAt({ spec }, field)];
      assert.ok(given !== undefined);
      // The operator's own items are in the same list.
      const own = Array.isArray(inPod) ? inPod.filter((one) => Array.isArray(given) && given.includes(one)) : inPod;
      assert.deepEqual(own, given);
    });
  }
});

describe('the owner is known', () => {
  const owners: Record<string, readonly [name: string, owner: string]> = {
    "of the application's container": ['app', 'application'],
    'of the container that installs the runtime': ['install-runtime', 'runtime'],
    'of the container that copies static files': ['copy-static-files', 'files'],
    'of nginx': ['proxy', 'proxy'],
    'of an init container of the spec': ['wait', 'user'],
    'of a sidecar of podTemplate': ['log', 'user'],
    'of an init container of podTemplate': ['migrate', 'user'],
    'of a container that neither the spec nor the operator has': ['istio-proxy', 'webhook'],
  };
  for (const [name, [container, owner]] of Object.entries(owners)) {
    test(name, () => assert.equal(containerOf(spec, container).owner, owner));
  }

  test('of every container that the operator makes', () => {
    const known = new Set(Object.values(owners).map(([name]) => name));
    assert.deepEqual([...names.ownContainers.difference(known)], []);
  });
});

describe('what a user can do about a container:', () => {
  const remedies: Record<string, readonly [name: string, says: Record<string, string>]> = {
    'the application': [
      'app',
      {
        image: 'correct spec.image',
        pullPolicy: 'change spec.imagePullPolicy',
        memory: 'raise spec.resources.limits.memory, or lower spec.workers.count',
        resources: 'set spec.resources.limits.cpu',
        config: 'spec.env, spec.envFrom, spec.volumeMounts and spec.security',
        security: 'spec.security and spec.podTemplate.spec.containers[app]',
        hook: 'correct spec.podTemplate.spec.containers[app].lifecycle.postStart',
      },
    ],
    'the runtime': [
      'install-runtime',
      {
        image: "correct the operator's --runtime-image",
        pullPolicy: "change the operator's --runtime-image-pull-policy",
        memory: 'raise spec.resources.limits.memory',
        resources: 'set spec.resources.limits.cpu',
        config: 'spec.security',
        security: 'spec.podTemplate.spec.initContainers[install-runtime]',
        hook: 'correct spec.podTemplate.spec.initContainers[install-runtime].lifecycle.postStart',
      },
    ],
    'static files': [
      'copy-static-files',
      {
        image: 'correct spec.image',
        pullPolicy: 'change spec.imagePullPolicy',
        memory: 'serve fewer files by spec.proxy.static',
        resources: 'set spec.resources.limits.cpu',
        config: 'spec.proxy.static',
        security: 'spec.podTemplate.spec.initContainers[copy-static-files]',
        hook: 'correct spec.podTemplate.spec.initContainers[copy-static-files].lifecycle.postStart',
      },
    ],
    'the proxy': [
      'proxy',
      {
        image: 'correct spec.proxy.image',
        pullPolicy: 'change spec.podTemplate.spec.initContainers[proxy].imagePullPolicy',
        memory: 'raise spec.proxy.resources.limits.memory',
        resources: 'set spec.proxy.resources.limits.cpu',
        config: 'spec.proxy',
        security: 'spec.podTemplate.spec.initContainers[proxy]',
        hook: 'correct spec.podTemplate.spec.initContainers[proxy].lifecycle.postStart',
      },
    ],
    'an init container of the spec': [
      'wait',
      {
        image: 'correct spec.initContainers[wait].image',
        pullPolicy: 'change spec.initContainers[wait].imagePullPolicy',
        memory: 'raise spec.initContainers[wait].resources.limits.memory',
        resources: 'set spec.initContainers[wait].resources.limits.cpu',
        config: 'spec.initContainers[wait]',
        security: 'spec.initContainers[wait]',
        hook: 'correct spec.initContainers[wait].lifecycle.postStart',
      },
    ],
    'what a webhook has added': [
      'istio-proxy',
      {
        image:
          "see container istio-proxy, which is not the AppServer's: an admission webhook has added it; correct that webhook's settings",
        pullPolicy:
          "see container istio-proxy, which is not the AppServer's: an admission webhook has added it; correct that webhook's settings",
        memory:
          "see container istio-proxy, which is not the AppServer's: an admission webhook has added it; correct that webhook's settings",
        resources: 'set limits.cpu in the settings of the webhook that adds container istio-proxy',
        config: "container istio-proxy, which is not the AppServer's: an admission webhook has added it",
        security: "container istio-proxy, which is not the AppServer's: an admission webhook has added it",
        hook: "see container istio-proxy, which is not the AppServer's: an admission webhook has added it; correct that webhook's settings",
      },
    ],
  };
  for (const [name, [container, says]] of Object.entries(remedies)) {
    test(name, () => {
      const { resources, ...fields } = containerFields(spec, container);
      assert.deepEqual({ ...fields, resources: resources('limits.cpu') }, says);
    });
  }
});
