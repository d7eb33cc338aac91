import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { specSchema } from '../../../src/api/appserver.ts';
import { podsOf } from '../../../src/operator/children/pinned-release.ts';
import { conflictProblem } from '../../../src/operator/status/template-conflict.ts';
import { isFields } from '../../../src/operator/model/unstructured.ts';
import { appServer, facts } from '../../builders.ts';

const inApp = (fields: object): object => ({ spec: { containers: [{ name: 'app', ...fields }] } });

const inInit = (name: string, fields: object): object => ({ spec: { initContainers: [{ name, ...fields }] } });

/** Everything is set that podTemplate may then conflict with. */
const app = appServer({
  resources: { limits: { memory: '1Gi' } },
  imagePullPolicy: 'Always',
  initContainers: [{ name: 'wait', image: 'wait:1' }],
  proxy: { static: [{ path: '/static/', from: '/srv/static' }] },
});

const conflicts: Record<string, readonly [theirs: object, field: string | undefined]> = {
  'the image': [inApp({ image: 'x' }), 'spec.image'],
  'the command': [inApp({ command: ['x'] }), 'spec.app'],
  'a probe': [inApp({ readinessProbe: { httpGet: { path: '/' } } }), 'spec.probes'],
  'the security context': [inApp({ securityContext: { readOnlyRootFilesystem: true } }), 'spec.security'],
  'the grace period': [
    { spec: { terminationGracePeriodSeconds: 5 } },
    'spec.drain.maximum and spec.workers.gracefulTimeout',
  ],
  'the service account': [{ spec: { serviceAccountName: 'x' } }, 'spec.serviceAccountName'],
  'its old name': [{ spec: { serviceAccount: 'x' } }, 'spec.serviceAccountName'],
  'a spread': [
    { spec: { topologySpreadConstraints: [{ topologyKey: 'kubernetes.io/hostname', maxSkew: 5 }] } },
    'spec.topology',
  ],
  "the operator's init container": [inInit('install-runtime', { image: 'x' }), 'spec.runtime'],
  'its resources, which are those of the application': [
    inInit('install-runtime', { resources: { limits: { memory: '64Mi' } } }),
    'spec.resources',
  ],
  'the image of the proxy': [inInit('proxy', { image: 'x' }), 'spec.proxy'],
  'the arguments of the container that copies static files': [
    inInit('copy-static-files', { args: ['x'] }),
    'spec.proxy.static',
  ],
  'its image, which is that of the application': [inInit('copy-static-files', { image: 'x' }), 'spec.image'],
  'and when that is pulled': [inInit('copy-static-files', { imagePullPolicy: 'Never' }), 'spec.imagePullPolicy'],
  'an init container that the spec has too': [inInit('wait', { image: 'x' }), 'spec.initContainers'],
  'when a container counts as hung': [inApp({ livenessProbe: { periodSeconds: 5 } }), 'spec.probes.liveness'],
  'how long a container may start': [inApp({ startupProbe: { failureThreshold: 9 } }), 'spec.probes.startup'],
  'the variables of services': [{ spec: { enableServiceLinks: true } }, 'spec.enableServiceLinks'],
  'what has no field': [{ metadata: { annotations: { 'kubectl.kubernetes.io/default-container': 'log' } } }, undefined],
};

describe('what spec.podTemplate and the operator both set names the field to use:', () => {
  for (const [name, [theirs, field]] of Object.entries(conflicts)) {
    test(name, () => {
      const merged = podsOf(facts({ app: { ...app, spec: { ...app.spec, podTemplate: { ...theirs } } } }));
      assert.ok(merged.kind === 'conflict');
      const { cause } = conflictProblem(merged.path);
      const instead = field === undefined ? '' : `, and use ${field} instead`;
      assert.equal(cause, `spec.podTemplate.${merged.path} is set by the operator itself; remove it${instead}.`);
    });
  }

  test('and each such field exists', () => {
    const fields = Object.values(conflicts).flatMap(([, field]) => field?.split(' and ') ?? []);
    for (const field of fields) {
      let here: unknown = specSchema;
      for (const part of field.split('.').slice(1)) {
        while (isFields(here) && !isFields(here['shape']) && isFields(here['def'])) here = here['def']['innerType'];
        here = isFields(here) && isFields(here['shape']) ? here['shape'][part] : undefined;
      }
      assert.ok(here !== undefined, field);
    }
  });
});
