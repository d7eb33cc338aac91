import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deployment } from '../../../src/operator/children/deployment.ts';
import { service } from '../../../src/operator/children/service.ts';
import { withUserPaths } from '../../../src/operator/status/user-path.ts';
import { appServer, facts, podsIn } from '../../builders.ts';

const app = appServer({
  env: [
    { name: 'A', value: '1' },
    { name: 'B', value: '2' },
  ],
  envFrom: [{ secretRef: { name: 's' } }],
  resources: { limits: { memory: '1Gi' } },
  volumes: [{ name: 'data', emptyDir: {} }],
  volumeMounts: [{ name: 'data', mountPath: '/data' }],
  imagePullSecrets: [{ name: 'reg' }],
  initContainers: [{ name: 'wait', image: 'x' }],
  proxy: {},
  security: { seccompProfile: { type: 'Localhost', localhostProfile: '../x' } },
  podTemplate: {
    spec: {
      containers: [
        { name: 'app', env: [{ name: 'C', value: '3' }], tty: true, securityContext: { runAsUser: -1 } },
        { name: 'log', image: 'x' },
      ],
      initContainers: [{ name: 'migrate', image: 'x' }],
      volumes: [{ name: 'more', emptyDir: {} }],
    },
  },
});
const child = deployment({ app, pods: podsIn(facts({ app })), contents: undefined });
const template = (path: string): string => `spec.template.${path}`;

const paths: Record<string, readonly [deployment: string, appServer: string]> = {
  'a variable by its place': [template('spec.containers[0].env[1].name'), 'spec.env[B].name'],
  'a variable by its key': [template('spec.containers[name="app"].env[name="A"].value'), 'spec.env[A].value'],
  'a variable that podTemplate has added': [
    template('spec.containers[0].env[2].name'),
    'spec.podTemplate.spec.containers[app].env[C].name',
  ],
  'a source of variables, which has no name': [
    template('spec.containers[0].envFrom[0].secretRef'),
    'spec.envFrom[0].secretRef',
  ],
  'the image': [template('spec.containers[0].image'), 'spec.image'],
  'the resources': [template('spec.containers[0].resources.limits[memory]'), 'spec.resources.limits[memory]'],
  'a mount behind those of the operator': [
    template('spec.containers[0].volumeMounts[5].name'),
    'spec.volumeMounts[data].name',
  ],
  'a volume behind those of the operator': [
    template('spec.volumes[name="data"].emptyDir'),
    'spec.volumes[data].emptyDir',
  ],
  'a volume that podTemplate has added': [template('spec.volumes[name="more"]'), 'spec.podTemplate.spec.volumes[more]'],
  'a pull secret': [template('spec.imagePullSecrets[0].name'), 'spec.imagePullSecrets[reg].name'],
  'a field of the application that only podTemplate has': [
    template('spec.containers[0].tty'),
    'spec.podTemplate.spec.containers[app].tty',
  ],
  'the resources of an init container of the operator, which are those of the application': [
    template('spec.initContainers[name="install-runtime"].resources.limits[memory]'),
    'spec.resources.limits[memory]',
  ],
  'the image of nginx, which the spec does not name': [
    template('spec.initContainers[name="nginx"].image'),
    'spec.podTemplate.spec.initContainers[nginx].image',
  ],
  'a sidecar': [template('spec.containers[1].image'), 'spec.podTemplate.spec.containers[log].image'],
  'an init container': [
    template('spec.initContainers[name="migrate"].image'),
    'spec.podTemplate.spec.initContainers[migrate].image',
  ],
  'a field of the pod': [template('spec.restartPolicy'), 'spec.podTemplate.spec.restartPolicy'],
  'a path that begins with a dot': [`.${template('spec.nonsense')}`, 'spec.podTemplate.spec.nonsense'],
  'a label': [template('metadata.labels'), 'spec.podTemplate.metadata.labels'],
  'a label, as the API server checks it': [template('labels'), 'spec.podTemplate.metadata.labels'],
  'an annotation, as the API server checks it': [template('annotations'), 'spec.podTemplate.metadata.annotations'],
  'the user of the pod': [template('spec.securityContext.runAsUser'), 'spec.security.runAsUser'],
  'the system calls of the application': [
    template('spec.containers[0].securityContext.seccompProfile.localhostProfile'),
    'spec.security.seccompProfile.localhostProfile',
  ],
  'the user of the application alone, which only podTemplate can name': [
    template('spec.containers[0].securityContext.runAsUser'),
    'spec.podTemplate.spec.containers[app].securityContext.runAsUser',
  ],
  'the security context of the application as a whole, which is wrong by what podTemplate adds': [
    template('spec.containers[0].securityContext'),
    'spec.podTemplate.spec.containers[app].securityContext',
  ],
  'the resources of nginx': [
    template('spec.initContainers[name="proxy"].resources.limits[memory]'),
    'spec.proxy.resources.limits[memory]',
  ],
  'an init container of the spec': [
    template('spec.initContainers[name="wait"].image'),
    'spec.initContainers[wait].image',
  ],
  'a group of the pod that only podTemplate has': [
    template('spec.securityContext.fsGroup'),
    'spec.podTemplate.spec.securityContext.fsGroup',
  ],
  'how pods are replaced': ['spec.strategy.rollingUpdate.maxSurge', 'spec.rollout.maxSurge'],
  'a deadline': ['spec.progressDeadlineSeconds', 'spec.rollout.progressDeadlineSeconds'],
  'the number of pods': ['spec.replicas', 'spec.replicas'],
};

describe('the field of an AppServer for a path of its Deployment:', () => {
  for (const [name, [path, expected]] of Object.entries(paths)) {
    test(name, () => {
      assert.equal(withUserPaths(`${path}: Invalid value`, app.spec, child), `${expected}: Invalid value`);
    });
  }

  test('several in one sentence', () => {
    const text = '[spec.template.spec.containers[0].env[0].name: no, spec.template.spec.hostname: no]';
    assert.equal(withUserPaths(text, app.spec, child), '[spec.env[A].name: no, spec.podTemplate.spec.hostname: no]');
  });

  test('none for other children, whose fields are not those of the AppServer', () => {
    assert.equal(withUserPaths('spec.ports[0].port: no', app.spec, service(app)), 'spec.ports[0].port: no');
  });
});
